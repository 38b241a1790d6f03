package identity

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// Limit is the most records a weak key may join; a key of more records says nothing about any of them and is
// ignored. Who gathers a component need not follow a weak key with more than Limit holders, but must look at all its
// holders when their number comes to Limit or leaves it.
const Limit = 10

// MaxCluster is the most records that weak keys join into one cluster; beyond it something is wrong with the data,
// and keeping apart is the error that can be repaired.
const MaxCluster = 50

// Member is a record as clustering sees it.
type Member struct {
	Ref   string // connection/object/id
	Kind  canonical.Kind
	First uint64 // order of first sight, unique; smaller is older
	Live  bool   // not deleted in any way
	Keys  []Key
	Facts *compare.Facts // nil for kinds that are not compared
}

// Cluster divides members into customers. members must be whole components: with a record, all that share a key with
// it. The result lists indices into members; in each cluster the oldest (smallest First) comes first, and its latent
// id is the entity's id; clusters are ordered by their oldest. The result depends on the set of members only, not on
// their order.
//
// Must-links always join records of one kind. Another key joins live records of one kind unless more than Limit
// records hold it, and unless the cluster would exceed MaxCluster. A domain, besides, never joins two live records of
// one object of one connection: a vendor that keeps two companies under one domain does so on purpose. An address
// does: a person who is twice in one CRM is what people want joined (P4 of the model). A record that is not live
// stays with a live one that shares a key, so that a customer keeps its id when one source deletes it, but never
// joins two.
func Cluster(members []Member) [][]int {
	if len(members) == 1 {
		return [][]int{{0}}
	}
	f := newForest(members)
	index := holders(f)
	f.mustLinks(index)
	f.weakLinks(index)
	f.keepDead(index)
	return f.clusters()
}

// forest is a union-find over members in the order of their refs, so that positions do not depend on the caller.
type forest struct {
	members []Member
	order   []int // position → index in members
	parent  []int
	size    []int
	objects [][]string // of a root: connection/object of its live members
}

func newForest(members []Member) *forest {
	n := len(members)
	f := &forest{members: members, order: make([]int, n), parent: make([]int, n), size: make([]int, n), objects: make([][]string, n)}
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortFunc(f.order, func(a, b int) int { return strings.Compare(members[a].Ref, members[b].Ref) })
	for i := range f.parent {
		f.parent[i], f.size[i] = i, 1
		if m := f.at(i); m.Live {
			f.objects[i] = []string{objectOf(m.Ref)}
		}
	}
	return f
}

func (f *forest) at(position int) *Member { return &f.members[f.order[position]] }

func (f *forest) root(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *forest) union(a, b int) {
	a, b = f.root(a), f.root(b)
	if a == b {
		return
	}
	f.parent[b] = a
	f.size[a] += f.size[b]
	f.objects[a] = append(f.objects[a], f.objects[b]...)
}

// holders lists the positions that hold each key, ascending, each once.
func holders(f *forest) map[Key][]int {
	index := map[Key][]int{}
	for i := range f.order {
		for _, k := range f.at(i).Keys {
			if list := index[k]; len(list) == 0 || list[len(list)-1] != i {
				index[k] = append(list, i)
			}
		}
	}
	return index
}

// mustLinks joins what strong keys join. Union is commutative here, so the order of the map does not matter.
func (f *forest) mustLinks(index map[Key][]int) {
	for k, list := range index {
		if !k.Strong {
			continue
		}
		if named, ok := f.position(k); ok {
			list = append(slices.Clone(list), named)
		}
		first := map[canonical.Kind]int{}
		for _, i := range list {
			kind := f.at(i).Kind
			if j, ok := first[kind]; ok {
				f.union(j, i)
			} else {
				first[kind] = i
			}
		}
	}
}

// position finds the member that a key of RefSpace names.
func (f *forest) position(k Key) (int, bool) {
	if k.Space != RefSpace {
		return 0, false
	}
	return slices.BinarySearchFunc(f.order, k.Value, func(i int, ref string) int { return strings.Compare(f.members[i].Ref, ref) })
}

// weakLinks tries every pair of live records that share a usable weak key, in the order of their refs: with the
// vetoes the order decides, so it must be a property of the records.
func (f *forest) weakLinks(index map[Key][]int) {
	var pairs []pair
	for k, list := range index {
		if k.Strong || len(list) > Limit {
			continue
		}
		pairs = f.alike(pairs, list, k.Space != DomainSpace)
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	for _, p := range pairs {
		if f.compatible(f.root(p.a), f.root(p.b), p.within) {
			f.union(p.a, p.b)
		}
	}
}

// pair is two records that a key could join; within allows it inside one object of one connection.
type pair struct {
	a, b   int
	within bool
}

// alike appends every pair of live records of one kind in the list.
func (f *forest) alike(pairs []pair, list []int, within bool) []pair {
	for n, a := range list {
		for _, b := range list[n+1:] {
			if f.at(a).Live && f.at(b).Live && f.at(a).Kind == f.at(b).Kind {
				pairs = append(pairs, pair{a, b, within})
			}
		}
	}
	return pairs
}

func (f *forest) compatible(a, b int, within bool) bool {
	if a == b || f.size[a]+f.size[b] > MaxCluster {
		return false
	}
	if within {
		return true
	}
	for _, o := range f.objects[a] {
		if slices.Contains(f.objects[b], o) {
			return false
		}
	}
	return true
}

// keepDead leaves each record that is not live with the live record of smallest ref that shares a usable key.
func (f *forest) keepDead(index map[Key][]int) {
	for i := range f.order {
		m := f.at(i)
		if m.Live || len(f.objects[f.root(i)]) > 0 {
			continue
		}
		if home := f.home(m, index); home >= 0 {
			f.union(home, i)
		}
	}
}

// home returns the live record of smallest ref that shares a usable key with m, -1 when there is none.
func (f *forest) home(m *Member, index map[Key][]int) int {
	best := -1
	for _, k := range m.Keys {
		if k.Strong || len(index[k]) > Limit {
			continue
		}
		for _, j := range index[k] {
			if o := f.at(j); o.Live && o.Kind == m.Kind && (best < 0 || j < best) {
				best = j
			}
		}
	}
	return best
}

func (f *forest) clusters() [][]int {
	at := map[int]int{}
	var list [][]int
	for i, index := range f.order {
		r := f.root(i)
		n, ok := at[r]
		if !ok {
			n = len(list)
			at[r] = n
			list = append(list, nil)
		}
		list[n] = append(list[n], index)
	}
	older := func(a, b int) int {
		return cmp.Or(cmp.Compare(f.members[a].First, f.members[b].First), strings.Compare(f.members[a].Ref, f.members[b].Ref))
	}
	for _, c := range list {
		slices.SortFunc(c, older)
	}
	slices.SortFunc(list, func(a, b []int) int { return older(a[0], b[0]) })
	return list
}

// objectOf returns connection/object of a reference.
func objectOf(ref string) string {
	if i := strings.IndexByte(ref, '/'); i >= 0 {
		if j := strings.IndexByte(ref[i+1:], '/'); j >= 0 {
			return ref[:i+1+j]
		}
	}
	return ref
}
