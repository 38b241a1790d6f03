package salesforce

import (
	"context"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Adding or removing a contact role does not move the stamp of its opportunity, and neither does a change of one. So the
// rows of the roles are polled, and for each that changed its opportunity is read again. Its stamp stays; Seen decides.

var roles = object{name: rolesStream, sobject: rolesStream}

const (
	// rolesPage is how many roles a page takes; its opportunities need a query for each few hundred.
	rolesPage = 500
	// rolesBack is how far the first pass goes back. The scan of the opportunities reads all roles, and their sweep does so
	// every day, so what is older was read by one of them.
	rolesBack = sweepEvery
)

// readRoles reads a page of changed roles.
func (a *account) readRoles(ctx context.Context, c cursor) (connectors.Page, error) {
	o, _ := a.object(opportunity)
	l, err := a.layoutFor(ctx, roles, c.Window == nil)
	if err != nil {
		return connectors.Page{}, err
	}
	if l.stamp == "" || l.index["OpportunityId"] == 0 {
		return connectors.Page{}, &connectors.Error{Kind: connectors.Denied, Op: "poll " + rolesStream,
			Reason: "the user cannot read OpportunityId or SystemModstamp of contact roles; give it read access, or take the stream out of `streams`"}
	}
	if c.Phase == "" {
		c = cursor{Phase: polling, Live: l.date.Add(-rolesBack).UnixMilli()}
		c.Newest = c.Live
	}
	if c.Window == nil {
		c = c.turnedBack(l.date)
		c.Window = a.opened(c.Live, l.date)
	}
	w := *c.Window
	f, parents, err := a.changedRoles(ctx, l, w)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.byID(ctx, "poll "+rolesStream, o, parents)
	if err != nil {
		return connectors.Page{}, err
	}
	c.Newest = max(c.Newest, f.at)
	page := connectors.Page{Records: records, More: f.more}
	if f.more {
		w.At, w.ID = f.at, f.id
		c.Window = &w
	} else {
		c.Live, c.Window = max(c.Live, w.To), nil
		page.Complete = a.completeTo(c.Live)
	}
	page.Next = c.String()
	return page, nil
}

// changedRoles returns the opportunities of the next roles in a window.
func (a *account) changedRoles(ctx context.Context, l *layout, w window) (found, []string, error) {
	op := "poll " + rolesStream
	q := soql{fields: []string{"Id", "OpportunityId", l.stamp}, from: rolesStream, where: l.within(w), order: l.stamp + ",Id", limit: rolesPage}
	n, err := a.queryAll(ctx, op, q)
	if err != nil {
		return found{}, nil, err
	}
	rows := n.body.Get("records")
	if !rows.IsArray() {
		return found{}, nil, broken(op, "answer has no records")
	}
	list := rows.Array()
	f := found{date: n.date, more: !n.body.Get("done").Bool() || len(list) >= rolesPage}
	if f.more && len(list) == 0 {
		return found{}, nil, broken(op, "answer has more rows and shows none")
	}
	err = f.ordered(op, l, byStamp, list)
	return f, parentsOf(list), err
}

func parentsOf(rows []gjson.Result) []string {
	var ids []string
	for _, r := range rows {
		if id := r.Get("OpportunityId").String(); isID(id) {
			ids = append(ids, long(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
