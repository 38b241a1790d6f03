package hubspottest

import "slices"

// pair is a direction between two types, by type id.
type pair struct{ from, to string }

// linkType is one kind of association in one direction. Type ids are from
// https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide.
type linkType struct {
	pair
	id, inverse int
	// label is what the v4 API shows, null when empty; name is the v3 API's word.
	label, name string
}

// primaries maps the type id of a primary association to the unlabelled one it always comes with.
var primaries = map[int]int{1: 279, 2: 280, 5: 341, 6: 342, 26: 339, 25: 340}

var linkTypes = []linkType{
	{pair{"0-1", "0-2"}, 279, 280, "", "contact_to_company_unlabeled"}, {pair{"0-1", "0-2"}, 1, 2, "Primary", "contact_to_company"},
	{pair{"0-2", "0-1"}, 280, 279, "", "company_to_contact_unlabeled"}, {pair{"0-2", "0-1"}, 2, 1, "Primary", "company_to_contact"},
	{pair{"0-3", "0-2"}, 341, 342, "", "deal_to_company_unlabeled"}, {pair{"0-3", "0-2"}, 5, 6, "Primary", "deal_to_company"},
	{pair{"0-2", "0-3"}, 342, 341, "", "company_to_deal_unlabeled"}, {pair{"0-2", "0-3"}, 6, 5, "Primary", "company_to_deal"},
	{pair{"0-5", "0-2"}, 339, 340, "", "ticket_to_company_unlabeled"}, {pair{"0-5", "0-2"}, 26, 25, "Primary", "ticket_to_company"},
	{pair{"0-2", "0-5"}, 340, 339, "", "company_to_ticket_unlabeled"}, {pair{"0-2", "0-5"}, 25, 26, "Primary", "company_to_ticket"},
	{pair{"0-1", "0-3"}, 4, 3, "", "contact_to_deal"}, {pair{"0-3", "0-1"}, 3, 4, "", "deal_to_contact"},
	{pair{"0-1", "0-5"}, 15, 16, "", "contact_to_ticket"}, {pair{"0-5", "0-1"}, 16, 15, "", "ticket_to_contact"},
	{pair{"0-3", "0-5"}, 27, 28, "", "deal_to_ticket"}, {pair{"0-5", "0-3"}, 28, 27, "", "ticket_to_deal"},
	{pair{"0-1", "0-1"}, 449, 449, "", "contact_to_contact"}, {pair{"0-2", "0-2"}, 450, 450, "", "company_to_company"},
	{pair{"0-2", "0-2"}, 13, 14, "Child Company", "parent_to_child_company"}, {pair{"0-2", "0-2"}, 14, 13, "Parent Company", "child_to_parent_company"},
	{pair{"0-46", "0-1"}, 202, 201, "", "note_to_contact"}, {pair{"0-1", "0-46"}, 201, 202, "", "contact_to_note"},
	{pair{"0-46", "0-2"}, 190, 189, "", "note_to_company"}, {pair{"0-2", "0-46"}, 189, 190, "", "company_to_note"},
	{pair{"0-46", "0-3"}, 214, 213, "", "note_to_deal"}, {pair{"0-3", "0-46"}, 213, 214, "", "deal_to_note"},
	{pair{"0-46", "0-5"}, 228, 227, "", "note_to_ticket"}, {pair{"0-5", "0-46"}, 227, 228, "", "ticket_to_note"},
	{pair{"0-27", "0-1"}, 204, 203, "", "task_to_contact"}, {pair{"0-1", "0-27"}, 203, 204, "", "contact_to_task"},
	{pair{"0-27", "0-2"}, 192, 191, "", "task_to_company"}, {pair{"0-2", "0-27"}, 191, 192, "", "company_to_task"},
	{pair{"0-27", "0-3"}, 216, 215, "", "task_to_deal"}, {pair{"0-3", "0-27"}, 215, 216, "", "deal_to_task"},
	{pair{"0-27", "0-5"}, 230, 229, "", "task_to_ticket"}, {pair{"0-5", "0-27"}, 229, 230, "", "ticket_to_task"},
}

// linkTypeOf returns the type by direction and id, nil when HubSpot has none.
func linkTypeOf(p pair, id int) *linkType {
	i := slices.IndexFunc(linkTypes, func(l linkType) bool { return l.pair == p && l.id == id })
	if i < 0 {
		return nil
	}
	return &linkTypes[i]
}

// defaultLink returns the unlabelled type of a direction, nil when the two cannot be associated.
func defaultLink(p pair) *linkType {
	i := slices.IndexFunc(linkTypes, func(l linkType) bool { return l.pair == p && l.label == "" })
	if i < 0 {
		return nil
	}
	return &linkTypes[i]
}
