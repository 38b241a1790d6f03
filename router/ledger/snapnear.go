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
		s.near = near{entity: id, ids: map[canonical.Kind]map[string]bool{}}
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
// number of records.
func (s *Snap) pointers(key recKey, kind canonical.Kind, hops int) error {
	looked := 0
	for from := range s.l.pointing(s.r, key, "", []canonical.Kind{kind}) {
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
	return s.r.Err()
}

// note adds the entity of a record.
func (n *near) note(m *meta) {
	if n.ids[m.kind] == nil {
		n.ids[m.kind] = map[string]bool{}
	}
	n.ids[m.kind][entityID(m.kind, m.entity)] = true
}
