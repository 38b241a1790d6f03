package zendesk

import (
	"context"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Of organizations and of ticket events the time-based export is the only one there is. A page begins with all rows of the
// second `start_time` and ends with the second `end_time`, which begins the next: rows of that second come twice, and are
// returned once. When a whole page is of one second, the next is the same page again, for ever. Then another endpoint tells
// the rest of that second, see organizations.go and events.go, and the export goes on behind it.

// mostHave bounds the ids that a cursor keeps. Beyond it rows come twice, which changes nothing but work.
const mostHave = 500

// timed reads the page behind the cursor; tied is the phase that gets past a second that does not end.
func (a *account) timed(ctx context.Context, object string, tied phase, c cursor) (connectors.Page, error) {
	op := "export " + object
	start := max(c.Start, beginning)
	n, err := a.get(ctx, op, "/incremental/"+object, query("start_time", strconv.FormatInt(start, 10), "per_page", strconv.Itoa(exportPage)))
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, object)
	if err != nil {
		return connectors.Page{}, err
	}
	end, err := endOfTime(op, n, start, len(rows))
	if err != nil {
		return connectors.Page{}, err
	}
	rows = fresh(object, rows, c)
	if err := a.nameGroups(ctx, object, n, rows); err != nil {
		return connectors.Page{}, err
	}
	records, err := a.records(op, object, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	c = c.begun(n.date)
	next := cursor{Phase: timing, Start: end.at, Have: ofSecond(object, rows, end.at, c), Sweep: c.Sweep, Begun: c.Begun, Asked: c.Asked}
	switch {
	case end.last:
		return ended(connectors.Page{Records: records}, next, n.date), nil
	case end.at == start: // a full page of one second
		next = cursor{Phase: tied, Start: start, Sweep: c.Sweep, Begun: c.Begun, Asked: c.Asked}
		if tied == auditing {
			next.Begun = n.date.Unix()
		}
	}
	return connectors.Page{Records: records, Next: next.String(), More: true}, nil
}

// ending is what a time-based answer says of its end.
type ending struct {
	at   int64 // the newest second in it, where the next page begins
	last bool
}

// endOfTime reads end_time and end_of_stream. Answers of before 2018 have no end_of_stream; then a page that is not full
// is the last.
func endOfTime(op string, n answer, start int64, rows int) (ending, error) {
	e := ending{at: n.members["end_time"].Int(), last: rows < exportPage}
	if said := n.members["end_of_stream"]; said.IsBool() {
		e.last = said.Bool()
	}
	switch {
	case rows == 0 && e.last:
		e.at = start // nothing newer: end_time is null
	case e.at < start:
		return ending{}, broken(op, "answer ends before it begins")
	case e.at > n.date.Unix():
		return ending{}, broken(op, "answer ends after Zendesk's own clock")
	}
	return e, nil
}

// fresh returns the rows that were not returned with the page before: of the second Start those whose id the cursor has.
// A row of that second with the same stamp is the same row, for a second is shown only when it is long over.
func fresh(object string, rows []gjson.Result, c cursor) []gjson.Result {
	if len(c.Have) == 0 {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row gjson.Result) bool {
		return secondOf(object, row) == c.Start && slices.Contains(c.Have, row.Get("id").String())
	})
}

// ofSecond returns the ids of the rows of a second, with those that the cursor has of it already.
func ofSecond(object string, rows []gjson.Result, second int64, c cursor) []string {
	var ids []string
	if second == c.Start {
		ids = append(ids, c.Have...)
	}
	for _, row := range rows {
		if id := row.Get("id").String(); isID(id) && secondOf(object, row) == second && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids[:min(len(ids), mostHave)]
}

// secondOf returns the second by which the export orders a row.
func secondOf(object string, row gjson.Result) int64 { return headOf(row).version(object).Unix() }
