package salesforcetest

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// cell is one field's value: a string, a bool or a float64. A row has a sorted slice of cells, not a map: at 200,000
// rows of 40 fields a map would cost several times the memory. Dates and times are texts in the one form that JSON
// shows, which compare as the times do.
type cell struct {
	slot  int
	value any
}

// version is one state of a row. It is never changed after it was stored, so that it can be encoded without a lock and
// so that queries may still see an older one. Times are in whole seconds, as SystemModstamp is: ties are normal.
type version struct {
	cells                    []cell
	created, modified, stamp int64
	deleted                  bool
	master                   uint64 // of a merge, 0 is none
	gone                     uint64 // the transaction that deleted it
	seq                      uint64
}

func (v *version) get(slot int) any {
	i, ok := slices.BinarySearchFunc(v.cells, slot, func(c cell, s int) int { return cmp.Compare(c.slot, s) })
	if !ok {
		return nil
	}
	return v.cells[i].value
}

// with returns a copy of v with the values set; nil empties a field.
func (v *version) with(values []cell) *version {
	out := *v
	out.cells = make([]cell, 0, len(v.cells)+len(values))
	out.cells = append(out.cells, v.cells...)
	for _, c := range values {
		i, found := slices.BinarySearchFunc(out.cells, c.slot, func(x cell, s int) int { return cmp.Compare(x.slot, s) })
		switch {
		case found && c.value == nil:
			out.cells = slices.Delete(out.cells, i, i+1)
		case found:
			out.cells[i] = c
		case c.value != nil:
			out.cells = slices.Insert(out.cells, i, c)
		}
	}
	return &out
}

// row is one row: its present state and what is committed of it and thus seen by queries (nil when nothing yet).
type row struct {
	serial uint64
	cur    *version
	seen   *version
	due    time.Time // when its last late transaction is committed
}

// table holds the rows of one object.
type table struct {
	name, prefix, label, plural string
	head                        string // what ids begin with: the prefix and the pod
	mergeable, system, keep     bool

	fields []*Field // by slot
	byName map[string]*Field
	rows   map[uint64]*row

	ids    ordered.Set                     // of the seen rows, deleted ones included
	stamps ordered.Set                     // the same by SystemModstamp
	by     map[int]map[string]*ordered.Set // by slot of an indexed field: value to seen rows
	unique map[int]map[string]uint64       // by slot: value to the row that has it now
	last   uint64
	count  int // rows that are not deleted
}

func newTable(name, prefix, label, plural string) *table {
	return &table{name: name, prefix: prefix, head: prefix + pod, label: label, plural: plural, byName: map[string]*Field{}, rows: map[uint64]*row{},
		by: map[int]map[string]*ordered.Set{}, unique: map[int]map[string]uint64{}, last: firstSerial}
}

// define adds a field, or replaces the declaration of one whose values stay.
func (t *table) define(f Field) {
	f.defaults()
	if f.Name == "MasterRecordId" {
		f.system = sysMaster
	}
	f.slot = len(t.fields)
	if old := t.byName[strings.ToLower(f.Name)]; old != nil {
		f.slot = old.slot
		t.fields[f.slot] = &f
	} else {
		t.fields = append(t.fields, &f)
	}
	t.byName[strings.ToLower(f.Name)] = &f
	if f.indexed() && t.by[f.slot] == nil {
		t.by[f.slot] = map[string]*ordered.Set{}
	}
	if f.Unique && t.unique[f.slot] == nil {
		t.unique[f.slot] = map[string]uint64{}
	}
}

// field returns a visible field by name in any case, or nil.
func (t *table) field(name string) *Field {
	if f := t.byName[strings.ToLower(name)]; f != nil && !f.hidden {
		return f
	}
	return nil
}

// slot is the slot of a field that every organization has.
func (t *table) slot(name string) int { return t.byName[strings.ToLower(name)].slot }

func (t *table) id(serial uint64) string { return newID(t.head, serial) }

// find returns the row with the id, deleted or not; nil when there is none or the text is no id.
func (t *table) find(id string) *row {
	id, ok := canonicalID(id)
	if !ok {
		return nil
	}
	serial, exact := t.serialOf(id)
	if !exact {
		return nil
	}
	return t.rows[serial]
}

// value returns a field of a row's version: nil, string, bool or float64. Compound fields have none.
func (t *table) value(o *row, v *version, f *Field) any {
	switch f.system {
	case sysID:
		return t.id(o.serial)
	case sysDeleted:
		return v.deleted
	case sysCreated:
		return stamp(v.created)
	case sysModified:
		return stamp(v.modified)
	case sysStamp:
		return stamp(v.stamp)
	case sysMaster:
		if v.master == 0 {
			return nil
		}
		return t.id(v.master)
	}
	value := v.get(f.slot)
	if value == nil && f.Type == "boolean" {
		return false
	}
	return value
}

// timeLayout is how JSON shows times (recorded); CSV and SOQL have Z in place of the offset.
const timeLayout = "2006-01-02T15:04:05.000+0000"

// stamp writes seconds as Salesforce does.
func stamp(sec int64) string { return time.Unix(sec, 0).UTC().Format(timeLayout) }

// folded is the form in which values are found: text in any case, ids in 18 characters.
func folded(f *Field, value any) string {
	s, _ := value.(string)
	if f.Type == "reference" {
		if id, ok := canonicalID(s); ok {
			return id
		}
	}
	return strings.ToLower(s)
}

// lowest and highest are a range of keys without bounds.
var lowest, highest = ordered.Key{At: math.MinInt64}, ordered.Key{At: math.MaxInt64, ID: math.MaxUint64}

// show makes v what queries see of the row, unless they see a newer version; nil takes the row away.
func (t *table) show(o *row, v *version) {
	if v != nil && o.seen != nil && o.seen.seq > v.seq {
		return
	}
	if o.seen != nil {
		t.ids.Remove(ordered.Key{ID: o.serial})
		t.stamps.Remove(ordered.Key{At: o.seen.stamp, ID: o.serial})
		t.index(o, o.seen, (*ordered.Set).Remove)
		if !o.seen.deleted {
			t.count--
		}
	}
	o.seen = v
	if v == nil {
		return
	}
	t.ids.Insert(ordered.Key{ID: o.serial})
	t.stamps.Insert(ordered.Key{At: v.stamp, ID: o.serial})
	t.index(o, v, (*ordered.Set).Insert)
	if !v.deleted {
		t.count++
	}
}

// index applies do to the row's place in the index of each indexed field.
func (t *table) index(o *row, v *version, do func(*ordered.Set, ordered.Key)) {
	for slot, values := range t.by {
		value := v.get(slot)
		if value == nil {
			continue
		}
		k := folded(t.fields[slot], value)
		if values[k] == nil {
			values[k] = &ordered.Set{}
		}
		do(values[k], ordered.Key{ID: o.serial})
		if values[k].Len() == 0 {
			delete(values, k)
		}
	}
}

// claim keeps the unique values in step with the row's move from o.cur to v; nil gives all of them up.
func (t *table) claim(o *row, v *version) {
	for slot, owners := range t.unique {
		if o.cur != nil {
			if k := folded(t.fields[slot], o.cur.get(slot)); owners[k] == o.serial {
				delete(owners, k)
			}
		}
		if v == nil || v.deleted {
			continue
		}
		if k := folded(t.fields[slot], v.get(slot)); k != "" {
			owners[k] = o.serial
		}
	}
}

// between yields the keys from lo to hi (exclusive) ascending, or descending when reverse is set. The set must not change
// meanwhile.
func between(keys *ordered.Set, lo, hi ordered.Key, reverse bool) iter.Seq[ordered.Key] {
	return keys.Between(keys.Rank(lo), keys.Rank(hi), reverse)
}
