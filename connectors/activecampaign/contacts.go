package activecampaign

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// listPage is the most objects that a list returns at once (https://developers.activecampaign.com/reference/pagination).
const listPage = 100

// overlap is how far each pass goes back behind the beginning of the one before. The filter takes a day, and the document does
// not say whether that day is part of it: a day more makes both harmless, and an hour the change to summer time. Nor
// does it say whose day it is, so the earlier one of the account's and UTC's is taken; without a stamp of the account its zone
// is not known, and the day is one that has begun everywhere.
const (
	overlap        = 25 * time.Hour
	overlapUnknown = overlap + 12*time.Hour
)

// contacts reads the page of contacts behind the cursor, in the order of their ids: an offset would get slow, and
// would lose contacts while others are deleted. id_greater works together with a filter.
func (a *account) contacts(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "read contacts"
	q := a.contactsQuery()
	q.Set("orders[id]", "ASC")
	q.Set("id_greater", strconv.FormatInt(c.After, 10))
	if c.Phase == changing {
		q.Set("filters[updated_after]", c.from())
	}
	n, err := a.get(ctx, op, contactsStream, q)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, contactsStream)
	if err != nil {
		return connectors.Page{}, err
	}
	asked := len(rows)
	rows = fitting(rows, n.members[memberships])
	records, err := a.contactRecords(op, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	next := c.begun(n.date)
	if next.After, err = ascending(op, rows, c.After); err != nil {
		return connectors.Page{}, err
	}
	next.zoneOf(rows)
	// What two sweeps do not list is taken for deleted, so a sweep believes nothing but an empty page.
	if asked == 0 || !c.Sweep && asked < listPage && len(rows) == asked {
		s, _ := findStream(contactsStream)
		return ended(s, next, records), nil
	}
	return connectors.Page{Records: records, Next: next.String(), More: true}, nil
}

// contactsQuery asks for contacts of every status, with what belongs to them.
func (a *account) contactsQuery() url.Values {
	q := query("limit", strconv.Itoa(listPage), "status", "-1")
	if len(a.beside) > 0 {
		q.Set("include", strings.Join(a.beside, ","))
	}
	return q
}

// contactRecords makes records of contacts and of the memberships that came with them.
func (a *account) contactRecords(op string, n answer, rows []gjson.Result) ([]connectors.Record, error) {
	b, err := a.sideLoaded(op, n, rows)
	if err != nil {
		return nil, err
	}
	out := make([]connectors.Record, 0, 2*len(rows))
	for _, row := range rows {
		r, err := a.record(op, contactsStream, row, n.date)
		if err != nil {
			return nil, err
		}
		if len(r.Data) > 0 {
			r.Data = b.add(r.Data, row)
		}
		out = append(out, r)
	}
	for _, row := range rows {
		for _, membership := range b.lists[row.Get("id").String()] {
			r, err := a.record(op, memberships, membership, n.date)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// mostRecords bounds the records of a page: contacts on a hundred lists each would bring more than the ledger takes at once.
const mostRecords = 5000

// fitting returns the first contacts of an answer whose memberships fit into a page with them, at least one. The others
// are asked for again, behind the last one.
func fitting(rows []gjson.Result, lists gjson.Result) []gjson.Result {
	along := grouped(lists.Array())
	n := 0
	for i, row := range rows {
		if n += 1 + len(along[row.Get("id").String()]); n > mostRecords && i > 0 {
			return rows[:i]
		}
	}
	return rows
}

// ascending returns the id of the last row, and an error when the rows are not what was asked for: a vendor, or a proxy,
// that does not know id_greater would send the first page for ever.
func ascending(op string, rows []gjson.Result, last int64) (int64, error) {
	for _, row := range rows {
		id := row.Get("id").Int()
		if id <= last {
			return 0, broken(op, "the contacts in the answer are not in the order of their ids")
		}
		last = id
	}
	return last, nil
}

// from is the day of the filter.
func (c cursor) from() string {
	if c.Zone == nil {
		return time.Unix(c.Since, 0).Add(-overlapUnknown).UTC().Format(time.DateOnly)
	}
	at := time.Unix(c.Since, 0).Add(-overlap)
	return min(at.UTC().Format(time.DateOnly), at.In(time.FixedZone("", *c.Zone)).Format(time.DateOnly))
}

// zoneOf learns the account's zone from the stamp of the last row that has one.
func (c *cursor) zoneOf(rows []gjson.Result) {
	for _, row := range slices.Backward(rows) {
		for _, name := range []string{"udate", "mdate", "cdate"} {
			if at, err := time.Parse(time.RFC3339, row.Get(name).String()); err == nil {
				_, offset := at.Zone()
				c.Zone = &offset
				return
			}
		}
	}
}
