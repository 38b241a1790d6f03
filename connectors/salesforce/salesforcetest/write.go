package salesforcetest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// input is what somebody wants to write: values by field name in any case.
type input map[string]any

// manner is how a write is checked.
type manner struct {
	force bool // a test may set what only the system sets
	csv   bool // every value is a text
}

// clean checks values for a row (nil for a new one) and returns them by slot, or why they are refused.
func (x *tx) clean(t *table, o *row, in input, how manner) ([]cell, error) {
	var out []cell
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f := t.byName[strings.ToLower(name)]
		if f == nil || (f.hidden && !how.force) {
			return nil, noColumn(name, t.name)
		}
		if f.system == sysID && o != nil {
			continue
		}
		if !how.force && (f.ReadOnly || f.Type == "address" || (f.CreateOnly && o != nil) || (f.updateOnly && o == nil)) {
			refused = append(refused, f.Name)
			continue
		}
		value, err := x.convert(f, in[name], how)
		if err != nil {
			return nil, err
		}
		if f.system == stored {
			out = append(out, cell{f.slot, value})
		}
	}
	if len(refused) > 0 {
		return nil, readOnly(refused)
	}
	if err := t.required(o, out); err != nil {
		return nil, err
	}
	return out, x.conflict(t, o, out)
}

// required refuses a row that lacks a field it must have.
func (t *table) required(o *row, values []cell) error {
	given := map[int]any{}
	for _, c := range values {
		given[c.slot] = c.value
	}
	var missing []string
	for _, f := range t.fields {
		if !f.Required || f.hidden {
			continue
		}
		value, set := given[f.slot]
		if (set && value == nil) || (!set && o == nil) {
			missing = append(missing, f.Name)
		}
	}
	// A person account has a last name in place of a name.
	if last := t.byName["lastname"]; t.name == "Account" && last != nil && given[last.slot] != nil {
		missing = slices.DeleteFunc(missing, func(n string) bool { return n == "Name" })
	}
	if len(missing) == 0 {
		return nil
	}
	return fail(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [%s]", strings.Join(missing, ", ")).on(missing...)
}

// conflict refuses a unique value that another row has.
func (x *tx) conflict(t *table, o *row, values []cell) error {
	for _, c := range values {
		owners := t.unique[c.slot]
		if owners == nil || c.value == nil {
			continue
		}
		f := t.fields[c.slot]
		owner, taken := owners[folded(f, c.value)]
		if taken && (o == nil || owner != o.serial) {
			return fail(400, "DUPLICATE_VALUE", "duplicate value found: %s duplicates value on record with id: %s", f.Name, t.id(owner)[:15])
		}
	}
	return nil
}

// insert adds a row; created is when it was made, 0 for now.
func (x *tx) insert(t *table, values []cell, created int64) *row {
	t.last++
	o := &row{serial: t.last}
	t.rows[o.serial] = o
	at := cmp.Or(created, x.sec)
	v := (&version{created: at, modified: at, stamp: at}).with(x.born(t, o, values))
	v = v.with(x.derived(t, o, v, values))
	v = v.with(x.alter(t, o, v))
	x.move(t, o, v)
	x.tell(Created, t, o, nil)
	x.history(t, o, nil)
	return o
}

// change sets values of a row. Its times move even when nothing differs, as Salesforce's do.
func (x *tx) change(t *table, o *row, values []cell) {
	from := o.cur
	v := from.with(values)
	v = v.with(append(x.derived(t, o, v, values), cell{t.slot("LastModifiedById"), x.user}))
	v.modified, v.stamp = max(x.sec, v.created), max(x.sec, v.created)
	x.alter(t, o, v)
	x.move(t, o, v)
	x.tell(Updated, t, o, from)
	x.history(t, o, from)
}

// touch is a change by the system: SystemModstamp moves and LastModifiedDate does not.
func (x *tx) touch(t *table, o *row, values []cell) {
	from := o.cur
	v := from.with(values)
	v.stamp = max(x.sec, v.created)
	x.move(t, o, v)
	if len(values) > 0 {
		x.tell(Updated, t, o, from)
	}
}

// remove puts a row and what depends on it into the recycle bin.
func (x *tx) remove(t *table, o *row) {
	if o.cur.deleted {
		return
	}
	from := o.cur
	v := *from
	v.deleted, v.gone = true, x.seq
	v.modified, v.stamp = max(x.sec, v.created), max(x.sec, v.created)
	x.move(t, o, &v)
	x.tell(Deleted, t, o, from)
	x.children(t, o, func(child *table, f *Field, c *row) {
		if f.Cascade && !c.cur.deleted {
			x.remove(child, c)
		}
	})
}

// restore brings a row back from the recycle bin with what was deleted with it.
func (x *tx) restore(t *table, o *row) {
	gone := o.cur.gone
	v := *o.cur
	v.deleted, v.master, v.gone = false, 0, 0
	v.modified, v.stamp = max(x.sec, v.created), max(x.sec, v.created)
	x.move(t, o, &v)
	x.tell(Undeleted, t, o, nil)
	x.children(t, o, func(child *table, f *Field, c *row) {
		if f.Cascade && c.cur.deleted && c.cur.gone == gone {
			x.restore(child, c)
		}
	})
}

// children calls do with every committed row that refers to o.
func (x *tx) children(t *table, o *row, do func(*table, *Field, *row)) {
	id := t.id(o.serial)
	for _, name := range slices.Sorted(maps.Keys(x.s.tables)) {
		child := x.s.tables[name]
		for _, f := range child.fields {
			if f.Type != "reference" || !f.indexed() || !slices.Contains(f.ReferenceTo, t.name) {
				continue
			}
			rows := child.by[f.slot][id]
			if rows == nil {
				continue
			}
			for k := range between(rows, lowest, highest, false) {
				do(child, f, child.rows[k.ID])
			}
		}
	}
}
