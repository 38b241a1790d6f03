package salesforcetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Row is a copy of one row for tests to look at, in its present state, committed or not.
type Row struct {
	ID       string
	Fields   map[string]any // every field that has a value: a string, a bool or a float64
	Modified time.Time      // SystemModstamp
	Deleted  bool
	Master   string // the row it was merged into, or ""
}

func (t *table) export(o *row) Row {
	r := Row{ID: t.id(o.serial), Fields: map[string]any{}, Modified: time.Unix(o.cur.stamp, 0).UTC(), Deleted: o.cur.deleted}
	if o.cur.master != 0 {
		r.Master = t.id(o.cur.master)
	}
	for _, f := range t.fields {
		if v := t.value(o, o.cur, f); v != nil {
			r.Fields[f.Name] = v
		}
	}
	return r
}

// Row returns one row, deleted or not; ok is false when there is none. An unknown object panics, here and below, because
// it is the test's mistake.
func (s *Server) Row(object, id string) (Row, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.mustTable(object)
	o := t.find(id)
	if o == nil {
		return Row{}, false
	}
	return t.export(o), true
}

// Rows returns the rows of an object that are not deleted, by ascending id.
func (s *Server) Rows(object string) []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.mustTable(object)
	out := make([]Row, 0, len(t.rows))
	for _, serial := range slices.Sorted(maps.Keys(t.rows)) {
		if o := t.rows[serial]; !o.cur.deleted {
			out = append(out, t.export(o))
		}
	}
	return out
}

// Create makes a row as a person in the organization would and returns its id, or an error for what Salesforce refuses.
// Read-only fields may be set; CreatedDate makes the row as old as it says.
func (s *Server) Create(object string, fields map[string]any) (string, error) {
	var id string
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		values, created, err := x.forced(t, nil, fields)
		if err != nil {
			return err
		}
		id = t.id(x.insert(t, values, created).serial)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("create %s: %w", object, err)
	}
	return id, nil
}

// forced checks what a test writes and returns the time of creation it asks for, or 0.
func (x *tx) forced(t *table, o *row, fields map[string]any) ([]cell, int64, error) {
	values, err := x.clean(t, o, fields, manner{force: true})
	if err != nil {
		return nil, 0, err
	}
	switch at := fields["CreatedDate"].(type) {
	case time.Time:
		return values, min(at.Unix(), x.sec), nil
	case string:
		if parsed, ok := parseTime(at); ok {
			return values, min(parsed.Unix(), x.sec), nil
		}
	}
	return values, 0, nil
}

// edit runs f as the administrator, with the organization's commit lag.
func (s *Server) edit(f func(*tx) error) error { return s.write(s.admin, true, f) }

// Set changes fields of rows, all in one transaction and thus with one SystemModstamp, as a mass update does; nil or ""
// empties a field.
func (s *Server) Set(object string, fields map[string]any, ids ...string) error {
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		return x.each(t, ids, func(o *row) error {
			values, _, err := x.forced(t, o, fields)
			if err == nil {
				x.change(t, o, values)
			}
			return err
		})
	})
	return wrap("set", object, err)
}

// Touch moves the SystemModstamp of rows and nothing else, as processes of the vendor's own do.
func (s *Server) Touch(object string, ids ...string) error {
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		return x.each(t, ids, func(o *row) error { x.touch(t, o, nil); return nil })
	})
	return wrap("touch", object, err)
}

// SetCalculated changes a formula's value: neither SystemModstamp nor a change event tells of it.
func (s *Server) SetCalculated(object, field, id string, value any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	t := s.mustTable(object)
	o, f := t.find(id), t.field(field)
	if o == nil || f == nil || !f.Calculated {
		return fmt.Errorf("set %s.%s of %s: no such row or no formula", object, field, id)
	}
	x := &tx{s: s, now: s.now()}
	v, err := x.convert(f, value, manner{force: true})
	if err != nil {
		return fmt.Errorf("set %s.%s of %s: %w", object, field, id, err)
	}
	seen := o.seen == o.cur
	o.cur = o.cur.with([]cell{{f.slot, v}})
	if seen {
		o.seen = o.cur
	}
	return nil
}

// Delete puts a row into the recycle bin, with the rows that depend on it.
func (s *Server) Delete(object, id string) error {
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		return x.each(t, []string{id}, func(o *row) error { x.remove(t, o); return nil })
	})
	return wrap("delete", object, err)
}

// Undelete brings a row back from the recycle bin, with what was deleted with it.
func (s *Server) Undelete(object, id string) error {
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		o := t.find(id)
		if o == nil || !o.cur.deleted {
			return errors.New("it is not in the recycle bin")
		}
		x.restore(t, o)
		return nil
	})
	return wrap("undelete", object, err)
}

// Purge removes a row at once and without a trace, deleted or not, as a hard delete or an emptied recycle bin does.
func (s *Server) Purge(object, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.mustTable(object)
	o := t.find(id)
	if o == nil {
		return fmt.Errorf("purge %s: no row %s", object, id)
	}
	t.forget(o)
	return nil
}

// EmptyRecycleBin removes every deleted row without a trace.
func (s *Server) EmptyRecycleBin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bin {
		if b.o.cur.deleted && b.o.cur.gone == b.gone {
			b.t.forget(b.o)
		}
	}
	s.bin = nil
}

// each calls do with every row, or with none when one is missing or deleted.
func (x *tx) each(t *table, ids []string, do func(*row) error) error {
	found := make([]*row, len(ids))
	for i, id := range ids {
		if found[i] = t.find(id); found[i] == nil || found[i].cur.deleted {
			return fmt.Errorf("there is no row %s", id)
		}
	}
	for _, o := range found {
		if err := do(o); err != nil {
			return err
		}
	}
	return nil
}

func wrap(what, object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, object, err)
}
