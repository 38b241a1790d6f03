package hubspottest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Object is a copy of one record for tests to look at. Properties hold every value, computed ones included.
type Object struct {
	Type       string // the plural name
	ID         string
	Properties map[string]string
	Created    time.Time
	Updated    time.Time
	Archived   time.Time // zero when it is not
}

// Objects returns the records of a type that are not archived, by ascending id. An unknown type panics, here and
// below, because it is the test's mistake.
func (s *Server) Objects(objectType string) []Object {
	t := s.mustTable(objectType)
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Object, 0, t.live.Len())
	for k := range t.live.Between(0, t.live.Len(), false) {
		out = append(out, t.export(t.objects[k.ID]))
	}
	return out
}

// Object returns one record, archived or not, following merges; ok is false when there is none.
func (s *Server) Object(objectType, id string) (Object, bool) {
	t := s.mustTable(objectType)
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := t.find(id)
	if o == nil {
		return Object{}, false
	}
	return t.export(o), true
}

// Count returns how many records of a type are live and how many are archived.
func (s *Server) Count(objectType string) (live, archived int) {
	t := s.mustTable(objectType)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return t.live.Len(), t.gone.Len()
}

func (t *table) export(o *object) Object {
	x := Object{Type: t.plural, ID: o.ID(), Properties: map[string]string{}, Created: time.UnixMilli(o.cur.created).UTC(), Updated: time.UnixMilli(o.cur.modified).UTC()}
	if o.cur.archived != 0 {
		x.Archived = time.UnixMilli(o.cur.archived).UTC()
	}
	for _, p := range t.props {
		if v := t.value(o, o.cur, p); v != "" {
			x.Properties[p.Name] = v
		}
	}
	return x
}

// Linked returns the ids of the records of type to that are associated with the record, ascending, each with the
// association's type ids.
func (s *Server) Linked(objectType, id, to string) map[string][]int {
	t, other := s.mustTable(objectType), s.mustTable(to)
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string][]int{}
	if o := t.find(id); o != nil {
		for _, l := range s.links[pair{t.id, other.id}][o.id] {
			out[other.objects[l.to].ID()] = slices.Clone(l.types)
		}
	}
	return out
}

// Create makes a record as a person in HubSpot would and returns its id, or an error for a value HubSpot refuses.
func (s *Server) Create(objectType string, properties map[string]string) (string, error) {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	values, bad := t.clean(texts(properties), true)
	if len(bad) > 0 {
		return "", fmt.Errorf("create %s: %w", t.singular, invalidProperties(bad))
	}
	if id := t.conflict(0, values); id != 0 {
		return "", fmt.Errorf("create %s: %w", t.singular, s.exists(t, id))
	}
	return s.insert(t, values, 0, s.now(), byHand).ID(), nil
}

// Set changes properties of the records, all in one millisecond, as a bulk edit does; "" clears one.
func (s *Server) Set(objectType string, properties map[string]string, ids ...string) error {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	values, bad := t.clean(texts(properties), true)
	if len(bad) > 0 {
		return fmt.Errorf("set %s: %w", t.singular, invalidProperties(bad))
	}
	now := s.now()
	return s.each(t, ids, func(o *object) error {
		if id := t.conflict(o.id, values); id != 0 {
			return s.exists(t, id)
		}
		s.change(t, o, values, now, byHand)
		return nil
	})
}

// Touch moves the modification time of the records to one and the same present millisecond and changes nothing else.
func (s *Server) Touch(objectType string, ids ...string) error {
	return s.Set(objectType, nil, ids...)
}

// Archive deletes records the usual way, restorable.
func (s *Server) Archive(objectType string, ids ...string) error {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	return s.each(t, ids, func(o *object) error { s.remove(t, o, now, byHand); return nil })
}

// Restore brings archived records back.
func (s *Server) Restore(objectType string, ids ...string) error {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	return s.each(t, ids, func(o *object) error {
		if o.cur.archived != 0 {
			s.restore(t, o, now, byHand)
		}
		return nil
	})
}

// Purge removes records without a trace, as a privacy deletion does.
func (s *Server) Purge(objectType string, ids ...string) error {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, ids, func(o *object) error {
		s.emit(t, o, "privacyDeletion", byHand, nil)
		s.forget(t, o)
		return nil
	})
}

// Merge joins the second record into the first and returns the new id both have from then on.
func (s *Server) Merge(objectType, primary, other string) (string, error) {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.find(primary), t.find(other)
	if a == nil || b == nil || a == b || a.cur.archived != 0 || b.cur.archived != 0 {
		return "", fmt.Errorf("merge %s %s and %s: want two existing records", t.singular, primary, other)
	}
	return s.join(t, a, b, s.now(), byHand).ID(), nil
}

// Associate connects two records with a type id, 0 for the unlabelled one.
func (s *Server) Associate(objectType, id, to, toID string, typeID int) error {
	t, other := s.mustTable(objectType), s.mustTable(to)
	p := pair{t.id, other.id}
	lt := defaultLink(p)
	if typeID != 0 {
		lt = linkTypeOf(p, typeID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.find(id), other.find(toID)
	if a == nil || b == nil || lt == nil {
		return fmt.Errorf("associate %s %s with %s %s: no such record or association type %d", t.singular, id, other.singular, toID, typeID)
	}
	s.connect(lt, a.id, b.id, s.now(), byHand)
	return nil
}

// Dissociate removes every association between two records.
func (s *Server) Dissociate(objectType, id, to, toID string) error {
	t, other := s.mustTable(objectType), s.mustTable(to)
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.find(id), other.find(toID)
	if a == nil || b == nil {
		return fmt.Errorf("dissociate %s %s from %s %s: no such record", t.singular, id, other.singular, toID)
	}
	s.disconnect(pair{t.id, other.id}, a.id, b.id, s.now(), byHand)
	return nil
}

// each calls do with every record, or with none when one is missing.
func (s *Server) each(t *table, ids []string, do func(*object) error) error {
	found := make([]*object, len(ids))
	for i, id := range ids {
		if found[i] = t.find(id); found[i] == nil {
			return fmt.Errorf("find %s %s: no such record", t.singular, id)
		}
	}
	for _, o := range found {
		if err := do(o); err != nil {
			return err
		}
	}
	return nil
}

func texts(in map[string]string) map[string]text {
	out := make(map[string]text, len(in))
	for _, k := range slices.Collect(maps.Keys(in)) {
		out[k] = text(in[k])
	}
	return out
}
