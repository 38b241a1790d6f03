package mailchimp

import (
	"context"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

const (
	// held is how far before Mailchimp's clock a pass ends: a second that is not over may still get rows.
	held = 2
	// overlap is how far a pass goes back behind the end of the one before, for rows that show up late.
	overlap = 60
)

// members reads a page of members. The first of a pass finds out which audiences there are.
func (a *account) members(ctx context.Context, c cursor) (connectors.Page, error) {
	if c.Phase == "" || c.Phase == waiting || len(c.Lists) == 0 {
		n, err := a.nextLists(ctx, &c)
		if err != nil {
			return connectors.Page{}, err
		}
		if c.Phase != present {
			c.begin(n.date)
		}
		if len(c.Lists) == 0 {
			return a.passed(c), nil
		}
	}
	page, end, err := a.membersOf(ctx, &c)
	switch {
	case connectors.KindOf(err) == connectors.NotFound: // the audience was deleted meanwhile
		end, c.Phase = true, archived
	case err != nil:
		return connectors.Page{}, err
	}
	if end {
		c.advance()
	}
	if len(c.Lists) == 0 && !c.More {
		last := a.passed(c)
		last.Records = page.Records
		return last, nil
	}
	page.Next, page.More = c.String(), true
	return page, nil
}

// begin sets the span of a pass by Mailchimp's clock.
func (c *cursor) begin(date time.Time) {
	now := date.Unix() - held
	if !c.Sweep {
		c.Until, c.Next = now, now-overlap
		c.From = min(c.From, c.Next) // a clock that was set back
	}
	c.Phase, c.window = present, window{Since: c.From}
}

// advance goes from the members of the bare list to the archived ones, and from those to the next audience.
func (c *cursor) advance() {
	if c.Phase == archived {
		c.Lists = c.Lists[1:]
		c.Phase = present
	} else {
		c.Phase = archived
	}
	c.window = window{Since: c.From}
}

// passed is the end of a pass.
func (a *account) passed(c cursor) connectors.Page {
	if c.Sweep {
		return connectors.Page{}
	}
	return connectors.Page{Next: cursor{Phase: waiting, From: c.Next}.String(), Complete: unix(c.Until)}
}

// membersOf reads the next page of the first audience and moves the cursor's window.
func (a *account) membersOf(ctx context.Context, c *cursor) (page connectors.Page, end bool, err error) {
	const op = "read members"
	q := query("count", digits(pageSize), "offset", digits(c.window.offset()), "sort_field", "last_changed", "sort_dir", "ASC", "exclude_fields", "_links,members._links")
	if c.Phase == archived {
		q.Set("status", "archived")
	}
	if c.Since > 0 {
		q.Set("since_last_changed", stamp(c.Since))
	}
	if c.Until > 0 {
		q.Set("before_last_changed", stamp(c.Until))
	}
	list := c.Lists[0]
	n, err := a.get(ctx, op, "/lists/"+list.ID+"/members", q)
	if err != nil {
		return page, false, err
	}
	rows, total, err := n.list(op, "members")
	if err != nil {
		return page, false, err
	}
	heads := make([]head, len(rows))
	marks := make([]mark, len(rows))
	for i, row := range rows {
		if heads[i], err = headOf(op, row); err != nil {
			return page, false, err
		}
		marks[i] = mark{heads[i].contact, seconds(heads[i].changed)}
	}
	next, fresh, end, reason := c.step(marks, total)
	if reason != "" {
		return page, false, broken(op, reason)
	}
	c.window = next
	page.Records = make([]connectors.Record, 0, 2*len(fresh))
	for _, i := range fresh {
		page.Records = append(page.Records, a.memberRecords(list, heads[i], rows[i], n.date)...)
	}
	return page, end, nil
}

// nextLists reads the audiences behind those that the cursor has been through.
func (a *account) nextLists(ctx context.Context, c *cursor) (answer, error) {
	const op = "list audiences"
	n, err := a.get(ctx, op, "/lists", query("count", digits(pageSize), "offset", digits(c.Done), "fields", "lists.id,lists.name,total_items",
		"sort_field", "date_created", "sort_dir", "ASC"))
	if err != nil {
		return n, err
	}
	rows, total, err := n.list(op, "lists")
	if err != nil {
		return n, err
	}
	if c.Lists, err = namedRows(op, rows, "name"); err != nil {
		return n, err
	}
	c.Done += len(rows)
	if c.More = c.Done < total; c.More && len(rows) == 0 {
		return n, broken(op, "answer is empty, but says that there are more audiences")
	}
	return n, nil
}

// namedRows returns the ids of rows and how they are called.
func namedRows(op string, rows []gjson.Result, name string) ([]named, error) {
	var list []named
	for _, row := range rows {
		one := named{ID: row.Get("id").String(), Name: row.Get(name).String()}
		if !isID(one.ID) {
			return nil, broken(op, "an object in the answer has no id")
		}
		list = append(list, one)
	}
	return list, nil
}
