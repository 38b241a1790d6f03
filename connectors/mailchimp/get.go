package mailchimp

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// maxGet is the most references of one Get: there is no request for several members, so each costs one or two.
const maxGet = 10

// MaxGet implements connectors.Getter.
func (a *account) MaxGet() int { return maxGet }

// Webhooks name a member by the id of its address, or, when it was cleaned, by nothing but the address. A hint therefore
// has one of two ids that no record has: `list:email:8a25ff1d98`, and `list:cleaned:1238104860` for whoever was cleaned
// since then. Neither is personal; an address, or Mailchimp's hash of it, in a log would be.
const (
	byEmail   = "email"
	byCleaned = "cleaned"
)

// Get implements connectors.Getter. Segments, interests and activity cannot be fetched by their ids alone and are left to
// polling. A member that is hinted at otherwise than by its id comes back under its own.
func (a *account) Get(ctx context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	if len(refs) > maxGet {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "get records", Reason: digits(len(refs)) + " references, the most is " + digits(maxGet)}
	}
	g := getting{account: a, lists: map[string]named{}}
	var all []connectors.Record
	for i, ref := range refs {
		if slices.Contains(refs[:i], ref) {
			continue
		}
		records, err := g.get(ctx, ref)
		switch {
		case connectors.KindOf(err) == connectors.NotFound:
		case err != nil:
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

// getting is one Get; it asks for the name of each audience once.
type getting struct {
	*account
	lists map[string]named
}

func (g getting) get(ctx context.Context, ref connectors.Ref) ([]connectors.Record, error) {
	switch ref.Object {
	case campaignsStream:
		if isID(ref.ID) {
			return g.campaign(ctx, ref.ID)
		}
	case listsStream:
		if isID(ref.ID) {
			return g.audience(ctx, ref.ID)
		}
	case membersStream, memberships:
		parts := strings.Split(ref.ID, ":")
		if len(parts) < 2 || len(parts) > 3 || !isID(parts[0]) || !isID(parts[len(parts)-1]) {
			return nil, nil
		}
		list, err := g.list(ctx, parts[0])
		switch {
		case err != nil:
			return nil, err
		case len(parts) == 2:
			return g.member(ctx, list, parts[1])
		case parts[1] == byEmail:
			return g.memberByEmail(ctx, list, parts[2])
		case parts[1] == byCleaned:
			return g.cleanedSince(ctx, list, parts[2])
		}
	}
	return nil, nil
}

func (g getting) audience(ctx context.Context, id string) ([]connectors.Record, error) {
	const op = "get audience"
	n, row, err := g.one(ctx, op, "/lists/"+id)
	if err != nil {
		return nil, err
	}
	return g.listed(op, listsStream, "", n, []gjson.Result{row}, listStamps, nil)
}

// list returns an audience's name.
func (g getting) list(ctx context.Context, id string) (named, error) {
	if known, ok := g.lists[id]; ok {
		return known, nil
	}
	_, row, err := g.object(ctx, "get audience", "/lists/"+id, query("fields", "id,name"))
	if err != nil {
		return named{}, err
	}
	g.lists[id] = named{ID: id, Name: row.Get("name").String()}
	return g.lists[id], nil
}

// member reads a member by its contact id, which Mailchimp takes in the place of the hash of the address.
func (g getting) member(ctx context.Context, list named, contact string) ([]connectors.Record, error) {
	const op = "get member"
	n, row, err := g.one(ctx, op, "/lists/"+list.ID+"/members/"+contact)
	if err != nil {
		return nil, err
	}
	return g.membersIn(op, list, n, []gjson.Result{row})
}

// memberByEmail reads a member by the id of its address, of which the bare list has those that are not archived.
func (g getting) memberByEmail(ctx context.Context, list named, email string) ([]connectors.Record, error) {
	for _, status := range []string{"", "archived"} {
		q := query("unique_email_id", email)
		if status != "" {
			q.Set("status", status)
		}
		if records, err := g.found(ctx, list, q); err != nil || len(records) > 0 {
			return records, err
		}
	}
	return nil, nil
}

// cleanedSince reads the members that were cleaned since a webhook was fired.
func (g getting) cleanedSince(ctx context.Context, list named, at string) ([]connectors.Record, error) {
	since, err := strconv.ParseInt(at, 10, 64)
	if err != nil || since < overlap {
		return nil, nil
	}
	return g.found(ctx, list, query("status", "cleaned", "since_last_changed", stamp(since-overlap), "sort_field", "last_changed", "sort_dir", "ASC"))
}

// found reads the first page of the members that a filter lets through; polling brings what is behind it.
func (g getting) found(ctx context.Context, list named, q map[string][]string) ([]connectors.Record, error) {
	const op = "find members"
	filter := query("count", digits(pageSize), "exclude_fields", "_links,members._links")
	for name, values := range q {
		filter[name] = values
	}
	n, err := g.account.get(ctx, op, "/lists/"+list.ID+"/members", filter)
	if err != nil {
		return nil, err
	}
	rows, _, err := n.list(op, "members")
	if err != nil {
		return nil, err
	}
	return g.membersIn(op, list, n, rows)
}

func (g getting) membersIn(op string, list named, n answer, rows []gjson.Result) (all []connectors.Record, err error) {
	for _, row := range rows {
		h, err := headOf(op, row)
		if err != nil {
			return nil, err
		}
		all = append(all, g.memberRecords(list, h, row, n.date)...)
	}
	return all, nil
}
