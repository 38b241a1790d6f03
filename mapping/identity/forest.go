package identity

import (
	"cmp"
	"slices"
	"strings"
)

// forest is a union-find over members in the order of their refs, so that positions do not depend on the caller.
type forest struct {
	members []Member
	order   []int // position → index in members
	parent  []int
	within  [][]int // of a root: the positions in its cluster
}

func newForest(members []Member) *forest {
	n := len(members)
	f := &forest{members: members, order: make([]int, n), parent: make([]int, n), within: make([][]int, n)}
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortFunc(f.order, func(a, b int) int { return strings.Compare(members[a].Ref, members[b].Ref) })
	for i := range f.parent {
		f.parent[i], f.within[i] = i, []int{i}
	}
	return f
}

func (f *forest) at(position int) *Member { return &f.members[f.order[position]] }

// position finds a member by its reference.
func (f *forest) position(ref string) (int, bool) {
	return slices.BinarySearchFunc(f.order, ref, func(i int, ref string) int { return strings.Compare(f.members[i].Ref, ref) })
}

func (f *forest) root(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *forest) together(a, b int) bool { return f.root(a) == f.root(b) }

func (f *forest) union(a, b int) {
	a, b = f.root(a), f.root(b)
	if a == b {
		return
	}
	f.parent[b] = a
	f.within[a] = append(f.within[a], f.within[b]...)
	f.within[b] = nil
}

// clusters lists the members by cluster, the oldest first.
func (f *forest) clusters() [][]int {
	older := func(a, b int) int {
		return cmp.Or(cmp.Compare(f.members[a].First, f.members[b].First), strings.Compare(f.members[a].Ref, f.members[b].Ref))
	}
	var list [][]int
	for i := range f.order {
		if f.parent[i] != i {
			continue
		}
		c := make([]int, len(f.within[i]))
		for n, position := range f.within[i] {
			c[n] = f.order[position]
		}
		slices.SortFunc(c, older)
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b []int) int { return older(a[0], b[0]) })
	return list
}
