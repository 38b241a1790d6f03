package zendesk

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// An event is one update of a ticket: an audit, with a child for each field that changed. It is no record of its own; by the
// rule `past` it tells what its ticket became, and when. Its children say what the field is now as a member of the field's
// name; audits of a ticket, which are asked for when a second has more events than a page, say it as field_name and value.
// https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export

// tracked are the fields whose history is read.
var tracked = []string{"status", "assignee_id", "group_id", "priority"}

// auditRequests is the most requests for audits that one page makes.
const auditRequests = 10

func (a *account) events(ctx context.Context, c cursor) (connectors.Page, error) {
	if c.Phase == auditing {
		return a.tiedEvents(ctx, c)
	}
	return a.timed(ctx, eventsStream, auditing, c)
}

// eventAddition adds what changed, each field once: of several changes in one update the last counts.
func eventAddition(n answer) adding {
	names := named(n.members["groups"], "name")
	return func(data json.RawMessage, row gjson.Result) json.RawMessage {
		values := changedBy(row)
		out := []byte{'{'}
		for _, name := range tracked {
			if value, ok := values[name]; ok {
				if len(out) > 1 {
					out = append(out, ',')
				}
				out = append(append(append(append(out, '"'), name...), `":`...), value.Raw...)
			}
		}
		if len(out) > 1 {
			data = verbatim.With(data, row, "changed", string(append(out, '}')))
		}
		return verbatim.With(data, row, "group_name", names[values["group_id"].String()])
	}
}

// changedBy returns the fields that an event, or an audit, changed or began with.
func changedBy(row gjson.Result) map[string]gjson.Result {
	values := map[string]gjson.Result{}
	set := func(kind, name string, value gjson.Result) {
		if (kind == "Change" || kind == "Create") && value.Exists() && slices.Contains(tracked, name) {
			values[name] = value
		}
	}
	for _, child := range row.Get("child_events").Array() {
		for _, name := range tracked {
			set(child.Get("event_type").Str, name, child.Get(name))
		}
	}
	for _, e := range row.Get("events").Array() {
		set(e.Get("type").Str, e.Get("field_name").Str, e.Get("value"))
	}
	return values
}

// mostGroups is the most pages of groups that are listed for one page of events; the groups of further ones keep their ids.
const mostGroups = 10

// nameGroups lists the groups, deleted ones too, beside events that name one: events can be loaded with nothing beside them.
func (a *account) nameGroups(ctx context.Context, object string, n answer, rows []gjson.Result) error {
	if object != eventsStream || !slices.ContainsFunc(rows, func(row gjson.Result) bool { return isID(changedBy(row)["group_id"].String()) }) {
		return nil
	}
	const op = "list groups"
	raw := []byte{'['}
	after := ""
	for range mostGroups {
		page, next, err := a.list(ctx, op, "/groups", query("exclude_deleted", "false"), after)
		if err != nil {
			return err
		}
		groups, err := page.list(op, "groups")
		if err != nil {
			return err
		}
		for _, g := range groups {
			if len(raw) > 1 {
				raw = append(raw, ',')
			}
			raw = append(raw, g.Raw...)
		}
		if after = next; after == "" {
			break
		}
	}
	n.members["groups"] = gjson.ParseBytes(append(raw, ']'))
	return nil
}

// tiedEvents tells the events of the second that the export cannot get past, as the audits of the tickets that changed then.
// Those have changed since that second, so they are in the tickets' export from there. The export withholds tickets of the
// last minute, so it is read until it has shown those of before; a ticket that does not rest for a minute may be missed.
func (a *account) tiedEvents(ctx context.Context, c cursor) (connectors.Page, error) {
	if len(c.Tickets) == 0 {
		next, err := a.changedTickets(ctx, c)
		if err != nil {
			return connectors.Page{}, err
		}
		c.After, c.Tickets, c.Until = next.After, next.Tickets, next.Until
	}
	page := connectors.Page{More: true}
	var err error
	if page.Records, c.Tickets, c.Page, err = a.audits(ctx, c); err != nil {
		return connectors.Page{}, err
	}
	if c.Until > 0 && len(c.Tickets) == 0 {
		if c.Until > c.Begun {
			page.Next = cursor{Phase: timing, Start: c.Start + 1}.String()
			return page, nil
		}
		page.Wait, c.Until, c.Asked = unix(c.Begun+1).Sub(unix(c.Until)), 0, c.Asked+1
	}
	page.Next = c.String()
	return page, nil
}

// audits reads those of the second Start of the cursor's first tickets, and returns what is left to be read.
func (a *account) audits(ctx context.Context, c cursor) (records []connectors.Record, left []string, at string, err error) {
	const op = "list audits"
	var n answer
	var rows []gjson.Result
	for range auditRequests {
		if len(c.Tickets) == 0 {
			break
		}
		q := query("page[size]", strconv.Itoa(listPage))
		if c.Page != "" {
			q.Set("page[after]", c.Page)
		}
		one, err := a.get(ctx, op, "/tickets/"+c.Tickets[0]+"/audits", q)
		if connectors.KindOf(err) == connectors.NotFound { // gone since
			c.Tickets, c.Page = c.Tickets[1:], ""
			continue
		}
		if err != nil {
			return nil, nil, "", err
		}
		list, err := one.list(op, "audits")
		if err != nil {
			return nil, nil, "", err
		}
		for _, row := range list {
			if secondOf(eventsStream, row) == c.Start {
				rows = append(rows, row)
			}
		}
		if c.Page, err = one.further(op, c.Page); err != nil {
			return nil, nil, "", err
		}
		if n = one; c.Page == "" {
			c.Tickets = c.Tickets[1:]
		}
	}
	if len(rows) == 0 {
		return nil, c.Tickets, c.Page, nil
	}
	if err := a.nameGroups(ctx, eventsStream, n, rows); err != nil {
		return nil, nil, "", err
	}
	records, err = a.records(op, eventsStream, n, rows)
	return records, c.Tickets, c.Page, err
}

// further returns the cursor of a list's next page. Audits of an archived ticket are not paged and come all at once
// (https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/#list-audits-for-a-ticket).
func (n answer) further(op, after string) (string, error) {
	if !n.members["meta"].Exists() && n.members["next_page"].Type == gjson.Null {
		return "", nil
	}
	return n.next(op, after)
}
