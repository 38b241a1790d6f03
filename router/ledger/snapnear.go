package ledger

import (
	"slices"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// near is what refers to the entity that was last asked about: whoever asks for its deals asks for its tickets next.
type near struct {
	entity  string
	members []recKey
	looked  []canonical.Kind // for entities of these kinds
	ids     map[canonical.Kind]map[string]bool
	objects map[recKey][]herd // by the record that they point at
}

// herd is an object of which records point at one, and the kind they are of.
type herd struct {
	object recKey // the part of a record's key that all of them have
	kind   canonical.Kind
}

// Now returns the moment of the snapshot.
func (s *Snap) Now() time.Time { return s.now }

// Referrers returns the entities of a kind that refer to e, ascending by id, at most work.MaxReferrers.
func (s *Snap) Referrers(e *work.Entity, kind canonical.Kind) ([]*work.Entity, error) {
	return s.Select(e, kind, func(*work.Entity) bool { return true })
}

// Select returns those of the entities of a kind that refer to e which keep says yes to, ascending by id, at most
// work.MaxReferrers. What is looked at and not kept is not remembered.
func (s *Snap) Select(e *work.Entity, kind canonical.Kind, keep func(*work.Entity) bool) ([]*work.Entity, error) {
	if err := s.approach(e.ID, kind); err != nil {
		return nil, err
	}
	ids := s.near.ids[kind]
	list := make([]*work.Entity, 0, min(len(ids), work.MaxReferrers))
	for _, id := range sortedKeys(ids) {
		_, known := s.ents[id]
		other, err := s.Subject(id)
		if err != nil {
			return nil, err
		}
		switch {
		case other != nil && keep(other):
			list = append(list, other)
		case !known:
			delete(s.ents, id)
		}
		if len(list) == work.MaxReferrers {
			break
		}
	}
	return list, nil
}

// approach looks up which entities of a kind refer to one.
func (s *Snap) approach(id string, kind canonical.Kind) error {
	if s.near.entity != id {
		n, err := readEntity(s.r, s.l, id)
		if err != nil {
			return err
		}
		s.near = near{entity: id, ids: map[canonical.Kind]map[string]bool{},
			objects: map[recKey][]herd{}}
		if n != nil {
			s.near.members = n.members
		}
	}
	if slices.Contains(s.near.looked, kind) {
		return nil
	}
	s.near.looked = append(s.near.looked, kind)
	for _, member := range s.near.members {
		if err := s.pointers(member, kind, 0); err != nil {
			return err
		}
	}
	return nil
}

// pointers notes the entities of a kind that refer to one record, or to one that was merged into it, looking at a bounded
// number of records of each object.
func (s *Snap) pointers(key recKey, kind canonical.Kind, hops int) error {
	own := s.l.kindOf(key.object())
	for _, h := range s.herds(key) {
		if h.kind != kind && h.kind != own && h.kind != "" {
			continue
		}
		if err := s.pointersOf(key, h, kind, hops); err != nil {
			return err
		}
	}
	return s.r.Err()
}

func (s *Snap) pointersOf(key recKey, h herd, kind canonical.Kind, hops int) error {
	looked, prefix := 0, s.l.under(string(key))
	for full := range s.r.Scan(bRev, append(slices.Clip(prefix), h.object...), nil) {
		from := recKey(full[len(prefix):])
		m, err := readMeta(s.r, s.l, from)
		if err != nil {
			return err
		}
		switch {
		case m == nil:
		case m.kind != "" && !m.entity.isZero():
			s.near.note(m)
		case m.entity.isZero() && m.into == key && hops < maxHops:
			if err := s.pointers(from, kind, hops+1); err != nil {
				return err
			}
		}
		if looked++; looked >= lookMost {
			break
		}
	}
	return nil
}

// herds lists the objects of which records point at one, looked up once.
func (s *Snap) herds(key recKey) []herd {
	if list, known := s.near.objects[key]; known {
		return list
	}
	var list []herd
	prefix := s.l.under(string(key))
	for at := prefix; at != nil; {
		next := []byte(nil)
		for full := range s.r.Scan(bRev, prefix, at) {
			object := recKey(objectOf(full[len(prefix):]))
			list = append(list, herd{object, s.l.kindOf(object.object())})
			next = behind(prefix, object)
			break
		}
		at = next
	}
	s.near.objects[key] = list
	return list
}

// note adds the entity of a record.
func (n *near) note(m *meta) {
	if n.ids[m.kind] == nil {
		n.ids[m.kind] = map[string]bool{}
	}
	n.ids[m.kind][entityID(m.kind, m.entity)] = true
}
