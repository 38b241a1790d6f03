package ledger

import (
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// near is what refers to the entity that was last asked about: whoever asks for its deals asks for its tickets next.
type near struct {
	entity string
	ids    map[canonical.Kind]map[string]bool
}

// Now returns the moment of the snapshot.
func (s *Snap) Now() time.Time { return s.now }

// Referrers returns the entities of a kind that refer to e, ascending by id, at most work.MaxReferrers.
func (s *Snap) Referrers(e *work.Entity, kind canonical.Kind) ([]*work.Entity, error) {
	if err := s.approach(e.ID); err != nil {
		return nil, err
	}
	ids := s.near.ids[kind]
	list := make([]*work.Entity, 0, len(ids))
	for _, id := range sortedKeys(ids) {
		other, err := s.Subject(id)
		if err != nil {
			return nil, err
		}
		if other != nil {
			list = append(list, other)
		}
		if len(list) == work.MaxReferrers {
			break
		}
	}
	return list, nil
}

// approach looks up what refers to an entity, of all kinds.
func (s *Snap) approach(id string) error {
	if s.near.entity == id {
		return nil
	}
	n, err := readEntity(s.r, s.l, id)
	if err != nil {
		return err
	}
	found := map[canonical.Kind]map[string]bool{}
	if n != nil {
		for _, member := range n.members {
			if err := s.pointers(member, found, 0); err != nil {
				return err
			}
		}
	}
	s.near = near{entity: id, ids: found}
	return nil
}

// pointers adds the entities that refer to one record, or to one that was merged into it, looking at a bounded number.
func (s *Snap) pointers(key recKey, found map[canonical.Kind]map[string]bool, hops int) error {
	looked := 0
	for from := range below(s.r, bRev, s.l.under(string(key))) {
		m, err := readMeta(s.r, s.l, from)
		if err != nil {
			return err
		}
		switch {
		case m == nil:
		case m.kind != "" && !m.entity.isZero():
			if found[m.kind] == nil {
				found[m.kind] = map[string]bool{}
			}
			found[m.kind][entityID(m.kind, m.entity)] = true
		case m.entity.isZero() && m.into == key && hops < maxHops:
			if err := s.pointers(from, found, hops+1); err != nil {
				return err
			}
		}
		if looked++; looked >= lookMost {
			break
		}
	}
	return s.r.Err()
}
