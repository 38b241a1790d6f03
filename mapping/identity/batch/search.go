package batch

import (
	"cmp"
	"context"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/identity"
)

// search finds and clusters the candidates among members, which are ordered by ID.
type search struct {
	resolver *identity.Resolver
	members  []identity.Member

	groups [][]int32 // members that share a key, ascending; only those whose key counts
	of     [][]int32 // of a member: the groups it is in
	parent []int32   // a forest of what is joined by likeness alone

	clusters          [][]int
	joined, review    []identity.Link
	compared, crowded int
}

// entry says that a member has a key, by its hash.
type entry struct {
	hash   uint64
	member int32
	at     int32 // the place of the key in the member's list
}

// index groups the members by their keys, and takes the keys that too many hold away from all of them. Keys are sorted by
// their hashes instead of being put into a map, which would take several times the memory.
func (s *search) index() {
	var entries []entry
	for i := range s.members {
		for n, k := range s.members[i].Keys {
			entries = append(entries, entry{hashOf(k), int32(i), int32(n)})
		}
	}
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.member, y.member))
	})
	s.of = make([][]int32, len(s.members))
	held := make([]int32, 0, len(entries))
	crowded := make([][]int32, len(s.members))
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].hash == entries[from].hash {
			to++
		}
		run := entries[from:to]
		key := s.members[run[0].member].Keys[run[0].at]
		switch {
		case !key.Strong && len(run) > s.resolver.Most(key.Space):
			s.crowded++
			for _, e := range run {
				crowded[e.member] = append(crowded[e.member], e.at)
			}
		case len(run) > 1:
			group := held[len(held):len(held):cap(held)]
			for _, e := range run {
				s.of[e.member] = append(s.of[e.member], int32(len(s.groups)))
				group = append(group, e.member)
			}
			held = held[:len(held)+len(run)]
			s.groups = append(s.groups, group)
		}
		from = to
	}
	s.drop(crowded)
}

func hashOf(k identity.Key) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(k.Space)
	_, _ = d.WriteString("\x00")
	_, _ = d.WriteString(k.Value)
	return d.Sum64()
}

// drop removes keys from members by their places.
func (s *search) drop(places [][]int32) {
	for i, list := range places {
		if len(list) == 0 {
			continue
		}
		kept := make([]identity.Key, 0, len(s.members[i].Keys)-len(list))
		for n, k := range s.members[i].Keys {
			if !slices.Contains(list, int32(n)) {
				kept = append(kept, k)
			}
		}
		s.members[i].Keys = kept
	}
}

// compare judges each pair that shares a key once.
func (s *search) compare(ctx context.Context) error {
	s.parent = make([]int32, len(s.members))
	met := make([]int32, len(s.members))
	for i := range s.parent {
		s.parent[i], met[i] = int32(i), -1
	}
	for i := range s.members {
		if i%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, g := range s.of[i] {
			s.meet(int32(i), s.groups[g], met)
		}
	}
	return nil
}

// meet judges a member with those of a group that come after it.
func (s *search) meet(i int32, group []int32, met []int32) {
	after, _ := slices.BinarySearch(group, i+1)
	for _, j := range group[after:] {
		if met[j] == i {
			continue
		}
		met[j] = i
		s.compared++
		v := s.resolver.Compare(&s.members[i], &s.members[j])
		switch {
		case v.Band >= identity.Auto:
			s.unite(i, j)
		case v.Band == identity.Review:
			s.review = append(s.review, identity.Link{A: int(i), B: int(j), Verdict: v, Refused: v.Veto})
		}
	}
}

func (s *search) root(i int32) int32 {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

func (s *search) unite(i, j int32) {
	i, j = s.root(i), s.root(j)
	s.parent[max(i, j)] = min(i, j)
}

// cluster has the resolver divide each component, which may have joined by likeness what it keeps apart.
func (s *search) cluster(ctx context.Context) error {
	components := make([][]int, len(s.members))
	for i := range s.members {
		r := s.root(int32(i))
		components[r] = append(components[r], i)
	}
	between := s.review // the pairs of two components; those within one come from the resolver
	s.review = nil
	for _, c := range components {
		if len(c) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.divide(c)
	}
	for _, link := range between {
		if s.root(int32(link.A)) != s.root(int32(link.B)) {
			s.review = append(s.review, link)
		}
	}
	return nil
}

func (s *search) divide(component []int) {
	if len(component) == 1 {
		s.clusters = append(s.clusters, component)
		return
	}
	members := make([]identity.Member, len(component))
	for n, i := range component {
		members[n] = s.members[i]
	}
	outcome := s.resolver.Cluster(members, nil)
	for _, cluster := range outcome.Clusters {
		for n := range cluster {
			cluster[n] = component[cluster[n]]
		}
		s.clusters = append(s.clusters, cluster)
	}
	place := func(list []identity.Link) []identity.Link {
		for n := range list {
			a, b := component[list[n].A], component[list[n].B]
			list[n].A, list[n].B = min(a, b), max(a, b)
		}
		return list
	}
	s.joined = append(s.joined, place(outcome.Joined)...)
	s.review = append(s.review, place(outcome.Review)...)
}
