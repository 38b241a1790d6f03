package formula

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// element is the name that stands for `#` in a chain until the list is known.
const element = "#"

// passing are the built-in functions whose result is, or has, elements of their first argument.
var passing = []string{"filter", "take", "sort", "sortBy", "reverse", "find", "findLast", "first", "last"}

// reader collects member chains. The walk visits children first, so a chain grows from its root, and when a function
// over a list is met, what its predicate reads of the elements is known. A chain belongs to the node that ends it.
type reader struct {
	members map[string][]string // what functions read of their argument; nil = elements of lists are not followed
	chains  map[ast.Node][][]string
	order   []ast.Node
}

// Visit notes identifiers, members with a constant name, and what functions make of them.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.note(n, []string{n.Value})
	case *ast.PointerNode:
		if n.Name == "" && r.members != nil {
			r.note(n, []string{element})
		}
	case *ast.ChainNode:
		r.move(n.Node, n)
	case *ast.MemberNode:
		if property, ok := n.Property.(*ast.StringNode); ok {
			r.move(n.Node, n, property.Value)
		}
	case *ast.BuiltinNode:
		if r.members != nil && len(n.Arguments) > 0 {
			r.builtin(n)
		}
	case *ast.CallNode:
		r.call(n)
	}
}

func (r *reader) note(n ast.Node, chain []string) {
	if len(r.chains[n]) == 0 {
		r.order = append(r.order, n)
	}
	r.chains[n] = append(r.chains[n], chain)
}

// move makes the chain of one node, grown by more, the chain of another.
func (r *reader) move(from, to ast.Node, more ...string) {
	if chains := r.chains[from]; len(chains) == 1 {
		delete(r.chains, from)
		r.note(to, append(slices.Clip(chains[0]), more...))
	}
}

// builtin puts the list in the place of `#` in what its predicate reads. When only members of the elements, or
// its length, are read, the list itself is read for its elements' ids.
func (r *reader) builtin(n *ast.BuiltinNode) {
	list := n.Arguments[0]
	if b, ok := list.(*ast.BinaryNode); ok && b.Operator == "??" { // `list ?? []` is the list
		list = b.Left
	}
	chains := r.chains[list]
	passes := slices.Contains(passing, n.Name)
	if len(n.Arguments) > 1 {
		if predicate, ok := n.Arguments[1].(*ast.PredicateNode); ok {
			r.resolve(predicate, chains)
			if len(chains) == 1 && !passes {
				r.move(list, n, "id")
			}
		}
	}
	switch {
	case passes:
		r.move(list, n)
	case n.Name == "len":
		r.move(list, n, "id")
	}
}

// resolve turns what a predicate reads of `#` into what is read of the list; of an unknown list nothing is known.
func (r *reader) resolve(predicate *ast.PredicateNode, list [][]string) {
	var inside nodes
	var root ast.Node = predicate
	ast.Walk(&root, &inside)
	for _, n := range inside {
		kept := r.chains[n][:0:0]
		for _, chain := range r.chains[n] {
			switch {
			case chain[0] != element:
				kept = append(kept, chain)
			case len(list) == 1:
				kept = append(kept, append(slices.Clip(list[0]), chain[1:]...))
			}
		}
		r.chains[n] = kept
	}
}

// nodes collects the nodes of a tree.
type nodes []ast.Node

// Visit adds a node.
func (s *nodes) Visit(n *ast.Node) { *s = append(*s, *n) }

// call narrows the argument of a function that reads known members only.
func (r *reader) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	delete(r.chains, callee)
	members := r.members[callee.Value]
	if len(n.Arguments) != 1 || len(members) == 0 || len(r.chains[n.Arguments[0]]) != 1 {
		return
	}
	chain := r.chains[n.Arguments[0]][0]
	delete(r.chains, n.Arguments[0])
	for _, m := range members {
		r.note(n, append(slices.Clip(chain), m))
	}
}

func (r *reader) paths() [][]string {
	var list [][]string
	for _, n := range r.order {
		for _, chain := range r.chains[n] {
			if chain[0] != element && !slices.ContainsFunc(list, func(o []string) bool { return slices.Equal(o, chain) }) {
				list = append(list, chain)
			}
		}
	}
	return list
}
