package tree

import (
	"strings"

	"github.com/millrace/millrace/connectors"
)

// Kind is the kind of a node.
type Kind uint8

// The kinds of node.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

var kindNames = [...]string{"nothing", "a single value", "a map", "a list"}

// String returns the kind in words.
func (k Kind) String() string { return kindNames[k] }

// Node is a value of a file.
type Node struct {
	Pos
	Kind    Kind
	Text    string // of a Scalar
	Quoted  bool   // a Scalar in quotes or a block: a text whatever it looks like
	Entries []Entry
	Items   []*Node
	text    Pos // where the content of a Scalar begins
}

// Entry is one pair of a Map.
type Entry struct {
	Pos
	Key   string
	Value *Node
}

// Inside returns the place of a line and column (both from 1) within the text of a Scalar, an expression for example.
// It is exact for texts on one line and for block texts.
func (n *Node) Inside(line, column int) Pos {
	at := n.text
	at.Line += line - 1
	if line > 1 && at.Column == n.Column {
		at.Column = 1
	}
	at.Column += column - 1
	return at
}

// Get returns the value of a key of a Map, nil when it is not there.
func (n *Node) Get(key string) *Node {
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// IsMap reports whether n is a map and reports a problem when it is not; what says what was expected.
func (n *Node) IsMap(r *Report, what string) bool { return n.is(r, Map, what) }

// IsList is like IsMap for a list.
func (n *Node) IsList(r *Report, what string) bool { return n.is(r, List, what) }

// IsText is like IsMap for a single value.
func (n *Node) IsText(r *Report, what string) bool { return n.is(r, Scalar, what) }

func (n *Node) is(r *Report, kind Kind, what string) bool {
	if n.Kind == kind {
		return true
	}
	r.Addf(n.Pos, "%s must be %s, not %s", what, kind, n.Kind)
	return false
}

// Only reports every key of a Map that is not among the known ones, with the nearest of them.
func (n *Node) Only(r *Report, what string, known ...string) {
	for _, e := range n.Entries {
		r.Known(e.Pos, "a key of "+what, e.Key, known)
	}
}

// Known reports name unless it is among the known ones, with the nearest of them.
func (r *Report) Known(at Pos, what, name string, known []string) bool {
	for _, k := range known {
		if k == name {
			return true
		}
	}
	if near := connectors.Nearest(name, known); near != "" {
		r.Addf(at, "%q is not %s; did you mean %q?", name, what, near)
	} else {
		r.Addf(at, "%q is not %s; use one of %s", name, what, strings.Join(known, ", "))
	}
	return false
}

// Bool reads true or false.
func (n *Node) Bool(r *Report, what string) bool {
	if n.Kind != Scalar || n.Quoted || n.Text != "true" && n.Text != "false" {
		r.Addf(n.Pos, "%s must be true or false", what)
	}
	return n.Text == "true"
}

// Texts reads one text or a list of texts.
func (n *Node) Texts(r *Report, what string) []*Node {
	if n.Kind == Scalar {
		return []*Node{n}
	}
	if !n.IsList(r, what) {
		return nil
	}
	for _, item := range n.Items {
		if !item.IsText(r, what) {
			return nil
		}
	}
	return n.Items
}
