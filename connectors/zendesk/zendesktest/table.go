package zendesktest

import (
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// table holds the objects of one type.
type table struct {
	plural   string // "users": the word in paths and around lists
	singular string // "user": the word around one
	columns  []column
	bySlot   map[string]int
	indexed  []int // slots by whose value rows are found

	rows    map[uint64]*row
	live    ordered.Set // by id: what lists show
	gone    ordered.Set // by id: deleted, not purged
	stream  ordered.Set // by stamp and id: what the incremental export shows, deleted ones too
	index   map[int]map[string]*ordered.Set
	defined []definition // of a table of fields
	// unlisted says that lists leave out a live row, though it is there for whoever knows its id.
	unlisted func(*row) bool
}

func newTable(plural, singular string, columns []column, indexed ...string) *table {
	t := &table{plural: plural, singular: singular, columns: columns, bySlot: map[string]int{}, rows: map[uint64]*row{}, index: map[int]map[string]*ordered.Set{}}
	for i := range columns {
		columns[i].slot, columns[i].key = i, quote(columns[i].name)+":"
		t.bySlot[columns[i].name] = i
	}
	for _, name := range indexed {
		slot := t.slot(name)
		t.indexed = append(t.indexed, slot)
		t.index[slot] = map[string]*ordered.Set{}
	}
	return t
}

// slot returns the place of a column; a name that does not exist is this package's mistake.
func (t *table) slot(name string) int {
	i, ok := t.bySlot[name]
	if !ok {
		panic("zendesktest: " + t.plural + " has no column " + name)
	}
	return i
}

// by returns the live rows whose column has the JSON value.
func (t *table) by(name, json string) *ordered.Set {
	set := t.index[t.slot(name)][normal(json)]
	if set == nil {
		return &ordered.Set{}
	}
	return set
}

// first returns the oldest live row whose column has the JSON value, or nil.
func (t *table) first(name, json string) *row {
	for k := range t.by(name, json).Between(0, 1, false) {
		return t.rows[k.ID]
	}
	return nil
}

// normal is the form in which values are compared: external ids and addresses in any case are the same.
func normal(s string) string { return strings.ToLower(s) }

// place puts a row's version into the sets and takes the one before out; before may be nil.
func (t *table) place(o *row, before *version) {
	k := ordered.Key{ID: o.id}
	if before != nil {
		t.unplace(o.id, before)
	}
	t.stream.Insert(ordered.Key{At: o.cur.stamp, ID: o.id})
	switch o.cur.state {
	case deleted:
		t.gone.Insert(k)
	case live:
		t.live.Insert(k)
		for _, slot := range t.indexed {
			t.indexValue(slot, o.cur.get(slot), k)
		}
	}
}

// unplace takes a version out of the sets.
func (t *table) unplace(id uint64, v *version) {
	k := ordered.Key{ID: id}
	t.stream.Remove(ordered.Key{At: v.stamp, ID: id})
	t.live.Remove(k)
	t.gone.Remove(k)
	for _, slot := range t.indexed {
		if set := t.index[slot][normal(v.get(slot))]; set != nil {
			set.Remove(k)
		}
	}
}

// drop removes a row without a trace.
func (t *table) drop(o *row) {
	t.unplace(o.id, o.cur)
	delete(t.rows, o.id)
}

func (t *table) indexValue(slot int, json string, k ordered.Key) {
	if json == "" {
		return
	}
	at := normal(json)
	if t.index[slot][at] == nil {
		t.index[slot][at] = &ordered.Set{}
	}
	t.index[slot][at].Insert(k)
}

// table returns the objects of a type by the word in its paths.
func (s *Server) table(name string) *table {
	t := s.tables[name]
	if t == nil {
		panic("zendesktest: there is no table " + name)
	}
	return t
}

// alive returns a row that is not deleted, or nil.
func (t *table) alive(id uint64) *row {
	if o := t.rows[id]; o != nil && o.cur.state == live {
		return o
	}
	return nil
}
