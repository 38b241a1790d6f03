package ledger

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// TryChange is an entity that another resolver would make something else of.
type TryChange struct {
	Entity  string     `json:"entity"`
	Becomes [][]string `json:"becomes,omitempty"` // references of the records of each part that it would fall into
	Merged  []string   `json:"merged,omitempty"`  // entities that would be one, this one, which keeps its id, among them
}

// Try resolves people and organizations anew with another resolver, writes nothing, and calls fn for each entity that
// would differ, in no particular order that anything depends on. It reads every record once and those that share a key
// with others again, on one snapshot, and keeps about 200 bytes of each record in memory. fn must not call the ledger.
func (l *Ledger) Try(ctx context.Context, r *identity.Resolver, fn func(TryChange) error) error {
	return l.view(ctx, "try another resolver", func(rows kv.Reader) error {
		s := &tryScene{l: l, r: rows, resolver: r}
		if err := s.read(); err != nil {
			return err
		}
		return s.each(fn)
	})
}

// tryScene is a snapshot as another resolver sees it. Its index of keys is in memory, by hashes.
type tryScene struct {
	l        *Ledger
	r        kv.Reader
	resolver *identity.Resolver
	records  []recKey  // people, organizations and what leads to them, ascending
	index    []posting // ascending
}

// posting says that a record holds a term.
type posting struct {
	term   uint64
	record uint32
}

// read fills the index.
func (s *tryScene) read() error {
	for at, row := range s.r.Scan(bMeta, []byte(s.l.ws), nil) {
		key := recKey(at[len(s.l.ws):])
		m, err := decodeMeta(row)
		if err != nil {
			return damaged(bMeta, key.String(), err)
		}
		if !identity.Compares(m.kind) && (m.kind != "" || m.into == "") {
			continue
		}
		keys, err := s.keys(key, m)
		if err != nil {
			return err
		}
		number := uint32(len(s.records))
		s.records = append(s.records, key)
		for i := range keys {
			s.index = append(s.index, posting{xxhash.Sum64String(term(&keys[i])), number})
		}
	}
	slices.SortFunc(s.index, func(a, b posting) int {
		return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.record, b.record))
	})
	s.index = slices.Compact(s.index)
	return s.r.Err()
}

// keys returns the keys that the resolver gives a record.
func (s *tryScene) keys(key recKey, m *meta) ([]identity.Key, error) {
	if !m.member() {
		return effective(m, nil), nil
	}
	b, err := readBody(s.r, s.l, key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, damaged(bBody, key.String(), errMissing)
	}
	p, err := b.decodeProfile(key)
	if err != nil {
		return nil, err
	}
	return effective(m, &body{keys: s.resolver.Keys(&p, key.String())}), nil
}

// each walks from every record that shares a key with another or belongs to an entity of several.
func (s *tryScene) each(fn func(TryChange) error) error {
	seen := make([]bool, len(s.records))
	for number, key := range s.records {
		if seen[number] {
			continue
		}
		n, err := s.node(key)
		if err != nil {
			return err
		}
		if n.kind == "" || s.alone(n) {
			continue
		}
		w := newWalk(s, s.resolver, s.l.tied, nil, nil)
		var group []*component
		err = w.from([]recKey{key}, func(p *component) error {
			group = append(group, p)
			for _, key := range p.list {
				if i, found := slices.BinarySearch(s.records, key); found {
					seen[i] = true
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.compare(w, group, fn); err != nil {
			return err
		}
	}
	return s.r.Err()
}

// alone reports whether nothing can lead from a record to another: it is its own entity and shares no key.
func (s *tryScene) alone(n *node) bool {
	if n.entity != n.id {
		return false
	}
	self := identity.RefKey(n.key.String())
	if len(s.holders(term(&self), 1)) > 0 {
		return false
	}
	for i := range n.keys {
		if n.keys[i].Strong || len(s.holders(term(&n.keys[i]), 2)) > 1 {
			return false
		}
	}
	list, err := s.members(n.kind, n.entity)
	return err == nil && len(list) == 1 && !anything(s.r, bDecide, s.l.under(string(n.key)))
}

// compare calls fn for what becomes of the entities of a group: components that entities of today hold together.
func (s *tryScene) compare(w *walk, group []*component, fn func(TryChange) error) error {
	parts := map[string][][]string{} // of today's entities
	merged := map[string][]string{}  // what would be one, by the id it would have
	for _, p := range group {
		members, err := w.membersOf(p)
		if err != nil {
			return err
		}
		out, err := clusterOf(w, members)
		if err != nil {
			return err
		}
		for _, cluster := range out.Clusters {
			name, from, err := s.part(w, members, cluster)
			if err != nil {
				return err
			}
			for entity, refs := range from {
				parts[entity] = append(parts[entity], refs)
			}
			if len(from) > 1 {
				merged[name] = slices.Sorted(maps.Keys(from))
			}
		}
	}
	for _, entity := range slices.Sorted(maps.Keys(parts)) {
		if len(parts[entity]) > 1 {
			if err := fn(TryChange{Entity: entity, Becomes: parts[entity]}); err != nil {
				return err
			}
		}
	}
	for _, entity := range slices.Sorted(maps.Keys(merged)) {
		if err := fn(TryChange{Entity: entity, Merged: merged[entity]}); err != nil {
			return err
		}
	}
	return nil
}

// part returns the id that a cluster would have, and its records by the entity that they belong to today.
func (s *tryScene) part(w *walk, members []identity.Member, cluster []int) (string, map[string][]string, error) {
	from := map[string][]string{}
	name := ""
	for i, index := range cluster {
		n, err := w.at(keyOfMember(&members[index]))
		if err != nil {
			return "", nil, err
		}
		if i == 0 {
			name = entityID(n.kind, n.id)
		}
		entity := entityID(n.kind, n.entity)
		from[entity] = append(from[entity], members[index].Ref)
	}
	return name, from, nil
}

func (s *tryScene) node(key recKey) (*node, error) {
	m, err := readMeta(s.r, s.l, key)
	if err != nil || m == nil {
		return nil, err
	}
	keys, err := s.keys(key, m)
	if err != nil {
		return nil, err
	}
	return &node{key: key, kind: m.kind, live: m.live(), into: m.into, id: m.id, entity: m.entity, keys: keys}, nil
}

func (s *tryScene) profile(n *node) (*canonical.Profile, error) {
	b, err := readBody(s.r, s.l, n.key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, damaged(bBody, n.key.String(), errMissing)
	}
	p, err := b.decodeProfile(n.key)
	return &p, err
}

func (s *tryScene) holders(term string, most int) []recKey {
	hash := xxhash.Sum64String(term)
	i, _ := slices.BinarySearchFunc(s.index, hash, func(p posting, hash uint64) int { return cmp.Compare(p.term, hash) })
	var list []recKey
	for ; i < len(s.index) && s.index[i].term == hash && (most == 0 || len(list) < most); i++ {
		list = append(list, s.records[s.index[i].record])
	}
	return list
}

func (s *tryScene) members(kind canonical.Kind, id latent) ([]recKey, error) {
	if kind == "" || id.isZero() {
		return nil, nil
	}
	n, err := readEntity(s.r, s.l, entityID(kind, id))
	if err != nil || n == nil {
		return nil, err
	}
	return n.members, nil
}

func (s *tryScene) decisions(key recKey) ([]Decision, error) { return readDecisions(s.r, s.l, key) }
func (s *tryScene) tangled(recKey) bool                      { return false }
func (s *tryScene) err() error                               { return s.r.Err() }
