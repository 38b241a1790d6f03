package config

import "github.com/goccy/go-yaml/ast"

const (
	maxBytes   = 1 << 20
	maxAliases = 100
)

// aliases looks for anchors that hold aliases: a dozen of those, each of the one before, stand for more values than any
// machine has memory.
type aliases struct {
	count  int
	nested *ast.AliasNode
	inside bool
}

// Visit implements ast.Visitor.
func (a *aliases) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.AnchorNode:
		within := &aliases{inside: true}
		if n.Value != nil {
			ast.Walk(within, n.Value)
		}
		a.count += within.count
		if a.nested == nil {
			a.nested = within.nested
		}
		return nil
	case *ast.AliasNode:
		a.count++
		if a.inside || a.count > maxAliases {
			a.nested = n
		}
		return nil
	}
	return a
}

// bomb returns why the file must not be decoded, nil when it may.
func (p *parser) bomb(tree *ast.File) error {
	look := &aliases{}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			ast.Walk(look, doc.Body)
		}
	}
	if look.nested == nil {
		return nil
	}
	problem := Problem{File: p.path, Message: "too many aliases, or an anchor that holds aliases: write the value out"}
	if t := look.nested.GetToken(); t != nil && t.Position != nil {
		problem.Line, problem.Column = t.Position.Line, t.Position.Column
		problem.Source = p.sourceLine(problem.Line)
	}
	return &Error{Problems: []Problem{problem}}
}
