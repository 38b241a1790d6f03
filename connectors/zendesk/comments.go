package zendesk

import (
	"context"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Comments have no export of their own that is complete, so they are read ticket by ticket: of every ticket that the
// tickets' export shows as changed. The cursor holds the export's place and the tickets of its page that are still to be
// done, so that a kill repeats at most a few of them and skips none (airbyte#8519).

const (
	// commentTickets is how many tickets a page of the export has when comments are read: each costs a request, so that
	// small pages cost next to nothing and keep the cursor small.
	commentTickets = 200
	// commentRequests is the most requests for comments that one page makes.
	commentRequests = 10
)

func (a *account) comments(ctx context.Context, c cursor) (connectors.Page, error) {
	page := connectors.Page{More: true}
	if len(c.Tickets) == 0 {
		var err error
		if c, err = a.changedTickets(ctx, c); err != nil {
			return connectors.Page{}, err
		}
		c.Phase = commenting
	}
	for range commentRequests {
		if len(c.Tickets) == 0 {
			break
		}
		records, next, err := a.commentsOf(ctx, c.Tickets[0], c.Page)
		if err != nil {
			return connectors.Page{}, err
		}
		page.Records = append(page.Records, records...)
		if c.Page = next; next == "" {
			c.Tickets = c.Tickets[1:]
		}
	}
	if c.Until > 0 && len(c.Tickets) == 0 {
		page.More, page.Complete, c.Until = false, unix(c.Until), 0
	}
	page.Next = c.String()
	return page, nil
}

// changedTickets returns the cursor behind the next page of the export, with its tickets; Until is set when it was the last
// page for now. Deleted tickets are left out: they show neither comments nor audits.
func (a *account) changedTickets(ctx context.Context, c cursor) (cursor, error) {
	const op = "export changed tickets"
	n, rows, err := a.exportRows(ctx, op, exported{object: ticketsStream}, c, commentTickets)
	if err != nil {
		return cursor{}, err
	}
	next, end, err := c.behind(op, n, len(rows))
	if err != nil {
		return cursor{}, err
	}
	if end {
		next.Until = max(1, shown(n.date).Unix())
	}
	for _, row := range rows {
		id := row.Get("id").String()
		if !isID(id) {
			return cursor{}, broken(op, "a ticket in the answer has no id")
		}
		if row.Get("status").String() != "deleted" {
			next.Tickets = append(next.Tickets, id)
		}
	}
	return next, nil
}

// commentsOf reads a page of a ticket's comments; one that is gone has none.
func (a *account) commentsOf(ctx context.Context, ticket, after string) (records []connectors.Record, next string, err error) {
	const op = "list comments"
	n, next, err := a.list(ctx, op, "/tickets/"+ticket+"/comments", query("include", "users"), after)
	if connectors.KindOf(err) == connectors.NotFound {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	rows, err := n.list(op, "comments")
	if err != nil {
		return nil, "", err
	}
	n.members["ticket"] = gjson.Result{Type: gjson.Number, Raw: ticket}
	records, err = a.records(op, commentsStream, n, rows)
	return records, next, err
}
