package salesforcetest

import "strings"

// isPerson reports whether a version of an account is a person account: it has a last name of its own.
func (t *table) isPerson(v *version) bool {
	last := t.byName["lastname"]
	return t.name == "Account" && last != nil && v.get(last.slot) != nil
}

// alter writes a person account's other half: every person account has a contact of its own, with the same values under
// the names without "Person", see
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_guidelines_personaccounts.htm.
// It returns what the account must say of it.
func (x *tx) alter(t *table, o *row, v *version) []cell {
	if !t.isPerson(v) {
		return nil
	}
	contacts := x.s.mustTable("Contact")
	link := t.slot("PersonContactId")
	cells := contacts.half(t, v)
	cells = append(cells, cell{contacts.slot("AccountId"), t.id(o.serial)}, cell{contacts.slot("IsPersonAccount"), true})
	if id, ok := v.get(link).(string); ok {
		if c := contacts.find(id); c != nil {
			x.change(contacts, c, cells)
		}
		return nil
	}
	c := x.insert(contacts, cells, v.created)
	return []cell{{link, contacts.id(c.serial)}}
}

// half returns a contact's share of a person account's values.
func (t *table) half(accounts *table, v *version) []cell {
	var out []cell
	for _, f := range t.fields {
		if f.system != stored || (f.ReadOnly && f.Name != "Name") || f.Name == "AccountId" {
			continue
		}
		from := accounts.byName["person"+strings.ToLower(f.Name)]
		switch f.Name {
		case "FirstName", "LastName", "Salutation", "Phone", "OwnerId":
			from = accounts.byName[strings.ToLower(f.Name)]
		}
		if from != nil {
			out = append(out, cell{f.slot, v.get(from.slot)})
		}
	}
	return out
}
