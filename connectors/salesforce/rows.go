package salesforce

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// order is in which order rows are asked for, and how a place in it is compared.
type order string

const (
	byID    order = "Id"
	byStamp order = "stamp"
)

// wanted is what is asked of an object's rows.
type wanted struct {
	where func(l *layout) []string
	order order
	limit int // 0 = pageRows
}

// found is one page of rows as records.
type found struct {
	records []connectors.Record
	layout  *layout // by which they were read
	at      int64   // stamp of the last row, with byStamp
	id      string  // its id
	more    bool    // there are rows behind it
	date    time.Time
}

// rows reads a page. Salesforce may return fewer rows than asked for; its own cursor for the rest is not used, because
// it expires, and seeking behind the last row brings the same. A field that has gone, or was hidden, since describe was
// asked is left out and the query made again; so is one that takes too long, with fewer rows.
func (a *account) rows(ctx context.Context, op string, o object, l *layout, w wanted) (found, error) {
	if w.limit == 0 {
		w.limit = pageRows
	}
	for range maxRepairs {
		f, err := a.once(ctx, op, o, l, w)
		switch {
		case codeOf(err) == "INVALID_FIELD":
			if l, err = a.relearn(ctx, o, err); err == nil {
				continue
			}
		case tooMuch(err) && w.limit > slowRows:
			w.limit = slowRows
			continue
		}
		return f, err
	}
	return found{}, &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: "INVALID_FIELD: one field after the other is refused, although describe lists them"}
}

const (
	maxRepairs = 8   // fields that one page may lose
	slowRows   = 200 // the rows of a page that took too long
)

// tooMuch reports whether fewer rows may help: the query took too long, or its answer is too large to be held.
func tooMuch(err error) bool {
	return codeOf(err) == "QUERY_TIMEOUT" || err != nil && strings.HasPrefix(reasonOf(err), "answer is too large")
}

// once makes the query and records of its answer.
func (a *account) once(ctx context.Context, op string, o object, l *layout, w wanted) (found, error) {
	n, err := a.queryAll(ctx, op, w.query(o, l))
	if err != nil {
		return found{}, err
	}
	return a.page(ctx, op, o, l, w, n)
}

func (w wanted) query(o object, l *layout) soql {
	q := soql{fields: l.columns(o), from: o.sobject, where: append([]string{o.where}, w.where(l)...), order: "Id", limit: w.limit}
	if l.wide {
		q.fields = append(l.narrow(), l.columns(o)[len(l.fields):]...)
	}
	if w.order == byStamp {
		q.order = l.stamp + ",Id"
	}
	return q
}

// queryAll asks for rows, deleted and archived ones included: `query` leaves out both.
func (a *account) queryAll(ctx context.Context, op string, q soql) (answer, error) {
	return a.get(ctx, op, a.path("queryAll"), query("q", q.String()))
}

// relearn describes an object anew after a query found a field missing. A field that describe lists all the same is left
// out from now on, and so is one of the parent or of the children, whose fields no describe of this object lists.
func (a *account) relearn(ctx context.Context, o object, refused error) (*layout, error) {
	column, sobject := columnIn(refused)
	a.layouts.forget(o.sobject)
	if sobject != "" && sobject != o.sobject {
		a.layouts.leaveOut(o.sobject, sobject+"."+column)
	}
	l, err := a.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if _, listed := l.index[column]; !listed || column == "Id" || column == l.stamp {
		return l, nil
	}
	a.layouts.leaveOut(o.sobject, column)
	return a.describe(ctx, o)
}

// page makes records of an answer.
func (a *account) page(ctx context.Context, op string, o object, l *layout, w wanted, n answer) (found, error) {
	list := n.body.Get("records")
	if !list.IsArray() {
		return found{}, broken(op, "answer has no records")
	}
	rows := list.Array()
	f := found{layout: l, date: n.date, more: !n.body.Get("done").Bool() || len(rows) >= w.limit}
	if f.more && len(rows) == 0 {
		return found{}, broken(op, "answer has more rows and shows none")
	}
	if err := f.ordered(op, l, w.order, rows); err != nil {
		return found{}, err
	}
	rest, err := a.overflow(ctx, op, rows, l.children(o))
	if err != nil {
		return found{}, err
	}
	if l.wide {
		f.records, err = a.widened(ctx, op, o, l, rows, rest, n.date)
	} else {
		f.records, err = a.records(op, o, l, rows, rest, n.date)
	}
	return f, err
}

// ordered notes the last row's place. Another order than was asked for would lose rows, for reading goes on behind it.
func (f *found) ordered(op string, l *layout, by order, rows []gjson.Result) error {
	for i, r := range rows {
		id := long(r.Get("Id").String())
		if !isID(id) {
			return broken(op, "a row in the answer has no id")
		}
		at := int64(0)
		if by == byStamp {
			stamp, err := parseTime(r.Get(l.stamp).String())
			if err != nil {
				return broken(op, "row "+id+" in the answer has no "+l.stamp+" that can be read")
			}
			at = stamp.UnixMilli()
		}
		if i > 0 && (at < f.at || at == f.at && id <= f.id) {
			return broken(op, "answer is not in the order that was asked for")
		}
		f.at, f.id = at, id
	}
	return nil
}

func (a *account) records(op string, o object, l *layout, rows []gjson.Result, rest overflow, seen time.Time) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(rows))
	for _, raw := range rows {
		rec, err := a.record(op, o, l, l.fromJSON(o, raw, rest), seen)
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}

// widened reads the fields of rows that have too many for an address, by id, all in one instant. A row that is gone
// since keeps what the query said when that was a deletion; otherwise its deletion has a later stamp, and is read then.
func (a *account) widened(ctx context.Context, op string, o object, l *layout, rows []gjson.Result, rest overflow, seen time.Time) ([]connectors.Record, error) {
	var live []string
	var out []connectors.Record
	related := map[string][]byte{}
	for _, raw := range rows {
		r := l.fromJSON(o, raw, rest)
		if id := l.value(r, "Id"); !raw.Get("IsDeleted").Bool() {
			live, related[long(id)] = append(live, long(id)), r.extra
			continue
		}
		rec, err := a.record(op, o, l, r, seen)
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	whole, err := a.retrieve(ctx, op, o, l, live, related)
	return append(out, whole...), err
}

// retrieve reads records by id with a POST, which takes any number of fields and 2,000 ids; related is what is appended
// to them. What does not exist, is deleted or cannot be seen is left out.
// https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-retrieve-post.html
func (a *account) retrieve(ctx context.Context, op string, o object, l *layout, ids []string, related map[string][]byte) ([]connectors.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in := map[string][]string{"ids": ids, "fields": l.names()}
	n, err := a.ask(ctx, op, http.MethodPost, a.path("composite/sobjects/"+o.sobject), nil, in)
	if err != nil {
		return nil, err
	}
	if !n.body.IsArray() {
		return nil, broken(op, "answer is no list of records")
	}
	var out []connectors.Record
	for _, raw := range n.body.Array() {
		if !raw.IsObject() || raw.Get("IsDeleted").Bool() {
			continue
		}
		r := l.fromJSON(o, raw, nil)
		if extra, ok := related[long(l.value(r, "Id"))]; ok {
			r.extra = extra
		}
		rec, err := a.record(op, o, l, r, n.date)
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}

// overflow holds the children that did not fit into the answer with their parents: by parent and relationship.
type overflow map[string]map[string][]gjson.Result

// childPages bounds the pages of children of one page of parents.
const childPages = 200

// overflow reads long lists of children to their end: a missing child would look like a removed one.
func (a *account) overflow(ctx context.Context, op string, rows []gjson.Result, children []relation) (overflow, error) {
	var rest overflow
	pages := childPages
	for _, c := range children {
		for _, r := range rows {
			more, err := a.restOf(ctx, op, r, c.relationship, &pages)
			if err != nil {
				return nil, err
			}
			if len(more) > 0 {
				rest = rest.add(r.Get("Id").String(), c.relationship, more)
			}
		}
	}
	return rest, nil
}

// restOf follows one list of children.
func (a *account) restOf(ctx context.Context, op string, parent gjson.Result, relationship string, pages *int) ([]gjson.Result, error) {
	var all []gjson.Result
	for next := nextOf(parent.Get(relationship)); next != ""; {
		if *pages--; *pages < 0 {
			return nil, &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: "row " + parent.Get("Id").String() + " has too many " + relationship}
		}
		n, err := a.get(ctx, op, next, nil)
		if err != nil {
			return nil, err
		}
		list := n.body.Get("records")
		if !list.IsArray() {
			return nil, broken(op, "answer has no records")
		}
		all, next = append(all, list.Array()...), nextOf(n.body)
	}
	return all, nil
}

func (m overflow) add(id, relationship string, rows []gjson.Result) overflow {
	if m == nil {
		m = overflow{}
	}
	if m[long(id)] == nil {
		m[long(id)] = map[string][]gjson.Result{}
	}
	m[long(id)][relationship] = append(m[long(id)][relationship], rows...)
	return m
}

// nextOf returns where a list goes on, "" at its end.
func nextOf(list gjson.Result) string {
	next := list.Get("nextRecordsUrl").String()
	if list.Get("done").Bool() || !strings.HasPrefix(next, "/services/data/") {
		return ""
	}
	return next
}
