package mailchimp

import (
	"context"

	"github.com/millrace/millrace/connectors"
)

// lists lists the audiences.
func (a *account) lists(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list audiences"
	q := query("exclude_fields", "_links,lists._links", "sort_field", "date_created", "sort_dir", "ASC")
	n, rows, more, err := a.page(ctx, op, "/lists", listsStream, q, pageSize, &c.place)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.listed(op, listsStream, "", n, rows, listStamps, nil)
	if err != nil {
		return connectors.Page{}, err
	}
	return snapshot(records, n, cursor{Phase: listing, place: c.place}, more), nil
}

var (
	listStamps    = []string{"date_created"}
	segmentStamps = []string{"created_at", "updated_at"}
)

// snapshot is a page of a stream that is listed anew each time.
func snapshot(records []connectors.Record, n answer, next cursor, more bool) connectors.Page {
	page := connectors.Page{Records: records, More: more}
	if more {
		page.Next = next.String()
	} else {
		page.Complete = n.date.UTC()
	}
	return page
}

// segments lists the segments of every audience. Tags are static segments, and members name them.
func (a *account) segments(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list segments"
	return a.eachList(ctx, c, func(list named, c *cursor) (part, error) {
		q := query("exclude_fields", "_links,segments._links")
		n, rows, more, err := a.page(ctx, op, "/lists/"+list.ID+"/segments", segmentsStream, q, pageSize, &c.place)
		if err != nil {
			return part{}, err
		}
		records, err := a.listed(op, segmentsStream, list.ID, n, rows, segmentStamps, map[string]string{"list_name": list.Name})
		return part{n, records, more}, err
	})
}

// interests lists the interests of every audience, which are below categories.
func (a *account) interests(ctx context.Context, c cursor) (connectors.Page, error) {
	return a.eachList(ctx, c, func(list named, c *cursor) (part, error) {
		if c.Phase == perCategory {
			return a.interestsOf(ctx, list, c)
		}
		const op = "list interest categories"
		q := query("fields", "categories.id,categories.title,total_items")
		n, rows, more, err := a.page(ctx, op, "/lists/"+list.ID+"/interest-categories", "categories", q, pageSize, &c.place)
		if err != nil {
			return part{}, err
		}
		items, err := namedRows(op, rows, "title")
		if c.Items = append(c.Items, items...); !more && len(c.Items) > 0 {
			c.Phase, more = perCategory, true
		}
		return part{n, nil, more}, err
	})
}

// interestsOf reads a page of the interests of the first category.
func (a *account) interestsOf(ctx context.Context, list named, c *cursor) (part, error) {
	const op = "list interests"
	category := c.Items[0]
	path := "/lists/" + list.ID + "/interest-categories/" + category.ID + "/interests"
	n, rows, more, err := a.page(ctx, op, path, interestsStream, query("exclude_fields", "_links,interests._links"), pageSize, &c.place)
	if err != nil {
		return part{}, err
	}
	if !more {
		c.Items = c.Items[1:]
	}
	records, err := a.listed(op, interestsStream, list.ID, n, rows, nil, map[string]string{"list_name": list.Name, "category": category.Name})
	return part{n, records, more || len(c.Items) > 0}, err
}

// part is a page of what is below one audience, and whether there is more below it.
type part struct {
	answer  answer
	records []connectors.Record
	more    bool
}

// eachList reads one page of what is below audiences; what belongs to an audience that was deleted meanwhile is gone
// with it.
func (a *account) eachList(ctx context.Context, c cursor, next func(named, *cursor) (part, error)) (connectors.Page, error) {
	if len(c.Lists) == 0 {
		n, err := a.nextLists(ctx, &c)
		if err != nil {
			return connectors.Page{}, err
		}
		if c.Phase = perList; len(c.Lists) == 0 {
			return connectors.Page{Complete: n.date.UTC()}, nil
		}
	}
	p, err := next(c.Lists[0], &c)
	if err != nil && connectors.KindOf(err) != connectors.NotFound {
		return connectors.Page{}, err
	}
	if err != nil || !p.more {
		c.Lists, c.Items, c.Phase, c.place = c.Lists[1:], nil, perList, place{}
	}
	return snapshot(p.records, p.answer, c, len(c.Lists) > 0 || c.More), nil
}
