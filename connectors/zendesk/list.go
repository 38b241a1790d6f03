package zendesk

import (
	"context"
	"net/url"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// listPage is the most objects a list returns at once.
const listPage = 100

// list reads a page of a list by its paging cursor, which knows no limit; paging by number ends at 10,000 objects
// (https://developer.zendesk.com/api-reference/introduction/pagination/). next is "" at the end.
func (a *account) list(ctx context.Context, op, path string, q url.Values, after string) (n answer, next string, err error) {
	q.Set("page[size]", strconv.Itoa(listPage))
	if after != "" {
		q.Set("page[after]", after)
	}
	if n, err = a.get(ctx, op, path, q); err != nil {
		return answer{}, "", err
	}
	if next, err = n.next(op, after); err != nil {
		return answer{}, "", err
	}
	return n, next, nil
}

// next returns the paging cursor behind an answer, "" at the end of the list.
func (n answer) next(op, after string) (string, error) {
	meta := n.members["meta"]
	if !meta.Get("has_more").IsBool() {
		return "", broken(op, "answer does not say whether there is more")
	}
	if !meta.Get("has_more").Bool() {
		return "", nil
	}
	next := meta.Get("after_cursor").String()
	if next == "" || next == after {
		return "", broken(op, "answer leads back to the same page")
	}
	return next, nil
}

// agents lists the agents and administrators, then those among the deleted users. A deleted agent is no deleted record:
// tickets still name it. Zendesk says `active`, and the mapping makes of it that the owner is not active.
func (a *account) agents(ctx context.Context, c cursor) (connectors.Page, error) {
	op, path, name := "list agents", "/users", usersStream
	q := query("role[]", "agent", "role[]", "admin", "include", "groups")
	if c.Deleted {
		op, path, name, q = "list deleted agents", "/deleted_users", "deleted_users", query()
	}
	n, next, err := a.list(ctx, op, path, q, c.After)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, name)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{More: true}
	if page.Records, err = a.records(op, agentsStream, n, colleagues(rows)); err != nil {
		return connectors.Page{}, err
	}
	switch {
	case next != "":
		page.Next = cursor{Phase: listing, After: next, Deleted: c.Deleted}.String()
	case !c.Deleted && a.deleted:
		page.Next = cursor{Phase: listing, Deleted: true}.String()
	default:
		page.More, page.Complete = false, n.date.UTC()
	}
	return page, nil
}

// colleagues returns the users who are not customers.
func colleagues(rows []gjson.Result) (list []gjson.Result) {
	for _, row := range rows {
		if role := row.Get("role").String(); role == "agent" || role == "admin" {
			list = append(list, row)
		}
	}
	return list
}

// memberships lists which users are in which organizations.
func (a *account) memberships(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list organization memberships"
	n, next, err := a.list(ctx, op, "/organization_memberships", query("include", "users"), c.After)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, membershipsStream)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{More: next != ""}
	if page.Records, err = a.records(op, membershipsStream, n, rows); err != nil {
		return connectors.Page{}, err
	}
	if next != "" {
		page.Next = cursor{Phase: listing, After: next}.String()
	} else {
		page.Complete = n.date.UTC()
	}
	return page, nil
}

// ratingsOverlap is how far each listing of ratings goes back behind the beginning of the one before. Zendesk does not say
// whether start_time is compared with the time when a rating was offered or when it was given, which may be days later;
// the weekly sweep reads all again.
const ratingsOverlap = 14 * 24 * 3600

// ratings lists the satisfaction ratings that customers gave since a time; most of those offered are never given. It
// promises no time up to which it is complete.
func (a *account) ratings(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list satisfaction ratings"
	q := query("score", "received")
	if c.Start > 0 {
		q.Set("start_time", strconv.FormatInt(c.Start, 10))
	}
	n, next, err := a.list(ctx, op, "/satisfaction_ratings", q, c.After)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, ratingsStream)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.records(op, ratingsStream, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	if c.Next == 0 { // the first page of this listing
		c.Next = max(1, n.date.Unix()-ratingsOverlap)
	}
	if next != "" {
		to := cursor{Phase: listing, After: next, Start: c.Start, Next: c.Next, Sweep: c.Sweep}
		return connectors.Page{Records: records, Next: to.String(), More: true}, nil
	}
	to := cursor{Phase: listing, Start: c.Next, Sweep: c.Sweep}
	return connectors.Page{Records: records, Next: to.String()}, nil
}
