package ledger

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Recent returns what happened to an entity, newest first; see work.Graph. It follows the trails of its records and
// addresses side by side, so it reads about as many rows as it returns and trails there are.
func (s *Snap) Recent(e *work.Entity, most int, keep func(*work.Entity) bool) ([]*work.Entity, error) {
	trails, err := s.trails(e)
	if err != nil {
		return nil, err
	}
	most = min(most, work.MaxReferrers)
	var list []*work.Entity
	told, seen := map[string]bool{}, map[string]bool{}
	for looked := 0; looked < work.MaxRecent && len(list) < most; looked++ {
		key, err := trails.next(s.r)
		if err != nil || key == "" {
			return list, err
		}
		id, err := s.owner(key)
		if err != nil {
			return nil, err
		}
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		_, known := s.ents[id]
		one, err := s.Subject(id)
		if err != nil {
			return nil, err
		}
		if one != nil && untold(one, told) && keep(one) {
			told[messageOf(one)] = true
			list = append(list, one)
		} else if !known {
			delete(s.ents, id)
		}
	}
	return list, nil
}

// untold reports whether no other record of the same mail was told of.
func untold(e *work.Entity, told map[string]bool) bool {
	message := messageOf(e)
	return message == "" || !told[message]
}

// messageOf returns the Message-ID of an interaction, "" for none.
func messageOf(e *work.Entity) string { return gjson.ParseBytes(e.Golden.Get("message_id")).Str }

// trails returns the trails of an entity.
func (s *Snap) trails(e *work.Entity) (*trails, error) {
	t := &trails{s: s, known: map[string]bool{}}
	if err := t.of(e); err != nil || e.Kind != canonical.Organization {
		return t, err
	}
	for _, domain := range gjson.ParseBytes(e.Golden.Get("domains")).Array() { // free mail has no trails
		t.add(mailSpace, "@"+domain.Str)
	}
	people, err := s.Referrers(e, canonical.Person)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		its, err := s.worksFor(p, e)
		if err != nil {
			return nil, err
		}
		if !its {
			continue
		}
		if err := t.of(p); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// worksFor reports whether the organization that a person names is a certain one: others that refer to it worked there
// once, or so another of their records says.
func (s *Snap) worksFor(p, org *work.Entity) (bool, error) {
	key, err := keyOfText(gjson.ParseBytes(p.Golden.Get("organization")).Str)
	if err != nil {
		return false, nil
	}
	id, err := s.owner(key)
	return id == org.ID, err
}

// trails are several trails that are followed side by side. It is a heap of those that have a row left, by their next rows.
type trails struct {
	s     *Snap
	known map[string]bool
	list  []*trail
	begun bool
	last  string // the row that was returned last, which other trails may have, too
}

// trail is one of them, read piece by piece.
type trail struct {
	prefix []byte
	rows   [][]byte // read ahead: time and record
	from   []byte   // where to read on; nil = at the end
	piece  int
}

// of adds the trails of one entity: its records, those that a vendor merged into them, and its addresses.
func (t *trails) of(e *work.Entity) error {
	n, err := readEntity(t.s.r, t.s.l, e.ID)
	if err != nil || n == nil {
		return err
	}
	for _, key := range n.members {
		if err := t.record(key, 0); err != nil {
			return err
		}
	}
	for _, address := range gjson.GetBytes(e.Golden.Get("emails"), "#.address").Array() {
		t.add(mailSpace, address.Str)
	}
	return nil
}

// record adds the trail of a record, and of those that were merged into it and are no members of anything.
func (t *trails) record(key recKey, hops int) error {
	t.add(identity.RefSpace, string(key))
	looked := 0
	for from := range t.s.l.pointing(t.s.r, key, "", nil) {
		if looked++; looked > lookMost || hops == maxHops {
			break
		}
		m, err := readMeta(t.s.r, t.s.l, from)
		if err != nil {
			return err
		}
		if m == nil || !m.entity.isZero() || m.into != key {
			continue
		}
		if err := t.record(from, hops+1); err != nil {
			return err
		}
	}
	return t.s.r.Err()
}

func (t *trails) add(space, value string) {
	if t.known[space+nul+value] {
		return
	}
	t.known[space+nul+value] = true
	prefix := t.s.l.under(space, value)
	t.list = append(t.list, &trail{prefix: prefix, from: prefix, piece: 1})
}

// next returns the newest interaction that is left, "" when none is.
func (t *trails) next(r kv.Reader) (recKey, error) {
	if !t.begun {
		t.begun = true
		for _, one := range t.list {
			one.read(r)
		}
		t.list = slices.DeleteFunc(t.list, func(one *trail) bool { return len(one.rows) == 0 })
		heap.Init(t)
	}
	for len(t.list) > 0 {
		row := string(t.list[0].rows[0])
		t.list[0].step(r)
		if len(t.list[0].rows) == 0 {
			heap.Pop(t)
		} else {
			heap.Fix(t, 0)
		}
		if row != t.last {
			t.last = row
			return recKey(row[trailTime:]), r.Err()
		}
	}
	return "", r.Err()
}

// step goes on to the next row.
func (t *trail) step(r kv.Reader) {
	if t.rows = t.rows[1:]; len(t.rows) == 0 && t.from != nil {
		t.read(r)
	}
}

// mostAhead is how many rows of one trail are read at once, when it is followed far.
const mostAhead = 64

// read reads the next piece; pieces grow, since most trails are not followed far.
func (t *trail) read(r kv.Reader) {
	from := t.from
	t.rows, t.from = t.rows[:0], nil
	for key := range r.Scan(bTrail, t.prefix, from) {
		if len(t.rows) == t.piece {
			t.from = bytes.Clone(key)
			break
		}
		t.rows = append(t.rows, bytes.Clone(key[len(t.prefix):]))
	}
	t.piece = min(4*t.piece, mostAhead)
}

// Len, Less, Swap, Push and Pop are of heap.Interface.
func (t *trails) Len() int           { return len(t.list) }
func (t *trails) Less(i, j int) bool { return bytes.Compare(t.list[i].rows[0], t.list[j].rows[0]) < 0 }
func (t *trails) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }
func (t *trails) Push(x any)         { t.list = append(t.list, x.(*trail)) }
func (t *trails) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}
