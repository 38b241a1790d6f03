package mailchimp

import (
	"context"
	"net/url"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// place is how far a list is read that is paged by number. Each page begins with the row that the last one ended with: when
// another one is there, rows have gone, and the list is read from its beginning again, which returns some twice and none
// never (airbyte#14673).
type place struct {
	Offset int    `json:"offset,omitempty"` // rows behind us
	Anchor string `json:"anchor,omitempty"` // id of the last of them
	Again  int    `json:"again,omitempty"`  // how often it was not there
	Inner  int    `json:"inner,omitempty"`  // email_activity: events of the row after Offset that were returned
}

// mostAgain is how often a list is begun anew. One that changes all the time is read on without looking after that; what
// it loses, the next listing has.
const mostAgain = 3

func (p place) sound() bool {
	return p.Offset >= 0 && p.Again >= 0 && p.Again <= mostAgain && p.Inner >= 0 && (p.Anchor == "" || isID(p.Anchor))
}

// page reads a page of a list and moves the place. more is false at the end of the list.
func (a *account) page(ctx context.Context, op, path, name string, q url.Values, size int, at *place) (n answer, rows []gjson.Result, more bool, err error) {
	offset := at.Offset
	if at.Anchor != "" && at.Again < mostAgain {
		offset--
	}
	q.Set("count", digits(size))
	q.Set("offset", digits(offset))
	if n, err = a.get(ctx, op, path, q); err != nil {
		return n, nil, false, err
	}
	rows, total, err := n.list(op, name)
	if err != nil {
		return n, nil, false, err
	}
	end := offset + len(rows)
	if offset < at.Offset {
		if len(rows) == 0 || rows[0].Get("id").String() != at.Anchor {
			*at = place{Again: at.Again + 1}
			return n, nil, true, nil
		}
		rows = rows[1:]
	}
	if end >= total {
		*at = place{}
		return n, rows, false, nil
	}
	if len(rows) == 0 {
		return n, nil, false, broken(op, "answer is empty, but says that there are more rows")
	}
	*at = place{Offset: end, Anchor: rows[len(rows)-1].Get("id").String(), Again: at.Again}
	if !isID(at.Anchor) {
		return n, nil, false, broken(op, "an object in the answer has no id")
	}
	return n, rows, true, nil
}

// listed makes records of the rows of a list whose ids may be unique within an audience only.
func (a *account) listed(op, object, under string, n answer, rows []gjson.Result, stamps []string, add map[string]string) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(rows))
	for _, row := range rows {
		id := row.Get("id").String()
		if !isID(id) {
			return nil, broken(op, "an object in the answer has no id")
		}
		if under != "" {
			id = under + ":" + id
		}
		r := connectors.Record{Ref: a.ref(object, id), Version: newest(row, stamps), Seen: n.date.UTC(), Data: raw(row)}
		for _, name := range []string{"list_name", "category"} {
			r.Data = verbatim.With(r.Data, row, name, quoted(add[name]))
		}
		out = append(out, r)
	}
	return out, nil
}

// newest returns the latest of the times that a row has. Most objects of Mailchimp's say when they were made and not when
// they changed: of two answers with one version the later one counts (Record.Seen).
func newest(row gjson.Result, names []string) time.Time {
	latest := int64(1)
	for _, name := range names {
		latest = max(latest, seconds(row.Get(name).String()))
	}
	return unix(latest)
}
