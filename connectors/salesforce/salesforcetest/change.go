package salesforcetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// The types of a Change, as change data capture names them.
const (
	Created   = "CREATE"
	Updated   = "UPDATE"
	Deleted   = "DELETE"
	Undeleted = "UNDELETE"
)

// Change is what change data capture tells of one or, when a transaction changed several rows in the same way, of many.
type Change struct {
	Object string
	Type   string // Created, Updated, Deleted or Undeleted
	IDs    []string
	// Changed names the fields an update changed, in the order of the schema; Fields has their new values, nil for those
	// that were emptied. A creation has every field that is set; a deletion none.
	Changed []string
	Fields  map[string]any
	// At is the commit, in whole seconds as the rows' SystemModstamp.
	At time.Time
	// Transaction is the same for all changes of a transaction and Sequence counts them from 1.
	Transaction string
	Sequence    int
	User        string
	// API says that the change was made through the API and not by a person in the organization.
	API bool
}

// OnChange calls f for every change once it is committed, one after the other in that order, outside of the
// organization's locks: f may read the organization but must not change it. Rows of setup and history objects and changes
// of formulas are not told, as in the vendor's change events.
func (s *Server) OnChange(f func(Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

// flush tells the hooks what was committed; the caller does not hold mu.
func (s *Server) flush() {
	s.emitting.Lock()
	defer s.emitting.Unlock()
	for {
		s.mu.Lock()
		changes, hooks := s.changes, s.hooks
		s.changes = nil
		s.mu.Unlock()
		if len(changes) == 0 {
			return
		}
		for _, c := range changes {
			for _, f := range hooks {
				f(c)
			}
		}
	}
}

// tell notes a change for the hooks, as a part of the one before when they differ only in the row.
func (x *tx) tell(kind string, t *table, o *row, from *version) {
	if len(x.s.hooks) == 0 || t.system {
		return
	}
	c := Change{Object: t.name, Type: kind, IDs: []string{t.id(o.serial)}, At: time.Unix(x.sec, 0).UTC(), User: x.user, API: !x.late,
		Transaction: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(x.sec), x.seq)}
	switch kind {
	case Created, Undeleted:
		c.Fields = t.present(o)
	case Updated:
		c.Changed, c.Fields = t.difference(o, from)
	}
	if n := len(x.notify); n > 0 && x.notify[n-1].joins(c) {
		x.notify[n-1].IDs = append(x.notify[n-1].IDs, c.IDs[0])
		return
	}
	c.Sequence = len(x.notify) + 1
	x.notify = append(x.notify, c)
}

// joins reports whether d says the same of another row. Creations are told one by one: their rows are different.
func (c Change) joins(d Change) bool {
	return c.Type == d.Type && c.Type != Created && c.Object == d.Object && slices.Equal(c.Changed, d.Changed) && reflect.DeepEqual(c.Fields, d.Fields)
}

// present returns every field of the row that has a value.
func (t *table) present(o *row) map[string]any {
	out := map[string]any{}
	for _, f := range t.fields {
		if v := t.value(o, o.cur, f); v != nil && f.system != sysID && f.system != sysDeleted && f.system != sysStamp {
			out[f.Name] = v
		}
	}
	return out
}

// difference returns the fields in which the row's present state differs from an earlier one.
func (t *table) difference(o *row, from *version) ([]string, map[string]any) {
	fields := map[string]any{}
	var names []string
	for _, f := range t.fields {
		if f.system == sysID || f.system == sysStamp {
			continue
		}
		if before, now := t.value(o, from, f), t.value(o, o.cur, f); before != now {
			names = append(names, f.Name)
			fields[f.Name] = now
		}
	}
	return names, maps.Clone(fields)
}
