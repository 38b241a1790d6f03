package activecampaign

import (
	"context"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// Of everything but contacts there are only lists that are paged by offset. When a row before the offset is deleted between
// two requests, every later row moves forward, and one slips through. So each request begins with the last row of the
// page before, its anchor: when that is not there any more, the list is read again from further back.

// paged reads the page of a list behind the cursor.
func (a *account) paged(ctx context.Context, s stream, c cursor) (connectors.Page, error) {
	op := "list " + s.name
	q := query("limit", strconv.Itoa(listPage))
	if s.order != "" {
		q.Set(s.order, "ASC")
	}
	if c.Phase == changing {
		q.Set("filters[updated_after]", c.from())
	}
	start := c.Offset
	if c.Anchor != "" {
		start--
	}
	q.Set("offset", strconv.Itoa(start))
	n, err := a.get(ctx, op, s.name, q)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, s.name)
	if err != nil {
		return connectors.Page{}, err
	}
	if len(rows) > listPage {
		return connectors.Page{}, broken(op, "answer has more rows than were asked for")
	}
	next := c.begun(n.date)
	if c.Anchor != "" && !slices.ContainsFunc(rows, func(row gjson.Result) bool { return row.Get("id").String() == c.Anchor }) {
		return connectors.Page{Next: next.back(n.total()).String(), More: true}, nil
	}
	end := len(rows) < listPage
	next.Offset, next.Total = start+len(rows), n.total()
	if len(rows) > 0 {
		next.Anchor = rows[len(rows)-1].Get("id").String()
		next.zoneOf(rows)
	}
	if c.Anchor != "" && rows[0].Get("id").String() == c.Anchor {
		rows = rows[1:]
	}
	records, err := a.records(op, s, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	if end {
		return ended(s, next, records), nil
	}
	return connectors.Page{Records: records, Next: next.String(), More: true}, nil
}

// back returns the cursor from which nothing that moved forward is missed: a page before, and as many rows more as the
// list has lost; without a count, or if that is too far, the beginning. It has no anchor, so it leads on.
func (c cursor) back(total int64) cursor {
	lost := c.Total - total
	if c.Total < 0 || total < 0 || lost < 0 {
		lost = int64(c.Offset)
	}
	c.Offset, c.Anchor = max(0, c.Offset-listPage-int(min(lost, int64(c.Offset)))), ""
	return c
}

// records makes records of the rows of a list.
func (a *account) records(op string, s stream, n answer, rows []gjson.Result) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(rows))
	for _, row := range rows {
		r, err := a.record(op, s.name, row, n.date)
		if err != nil {
			return nil, err
		}
		for _, name := range s.drop {
			r.Data = verbatim.Without(r.Data, name)
		}
		if s.name == dealGroupsStream {
			r.Data = verbatim.With(r.Data, row, "deal_stages", stagesOf(n.members["dealStages"], row.Get("id").String()))
		}
		out = append(out, r)
	}
	return out, nil
}
