package tree

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a file. Rule files have a few hundred lines; what exceeds these is a mistake.
const (
	MaxBytes = 256 << 10
	maxDepth = 32
	maxFlow  = 64 // brackets and braces one within the other, before the parser sees them
)

// Parse reads one file. An empty one is a null node. The error is Problems.
func Parse(file string, data []byte) (n *Node, err error) {
	top := Pos{File: file, Line: 1, Column: 1}
	defer func() { // the YAML parser is not ours; whatever a file makes it do, the place to look is the file
		if r := recover(); r != nil {
			n, err = nil, Problems{{top, "this is not YAML that can be read; look for a broken indentation or quote"}}
		}
	}()
	switch {
	case len(data) > MaxBytes:
		return nil, Problems{{top, fmt.Sprintf("the file has %d bytes; rule files have at most %d", len(data), MaxBytes)}}
	case flowDepth(data) > maxFlow:
		return nil, Problems{{top, "too many brackets one within the other"}}
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, Problems{syntax(top, err)}
	}
	b := builder{file: file, lines: bytes.Split(data, []byte("\n"))}
	if len(parsed.Docs) > 1 {
		b.report.Addf(top, "the file has %d YAML documents; use one", len(parsed.Docs))
	}
	n = &Node{Kind: Null, Pos: top}
	if len(parsed.Docs) > 0 && parsed.Docs[0].Body != nil {
		n = b.node(parsed.Docs[0].Body, 0)
	}
	return n, b.report.Err()
}

// flowDepth counts without looking at quotes: a file near the limit is no rule file.
func flowDepth(data []byte) int {
	depth, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

func syntax(at Pos, err error) Problem {
	var y yaml.Error
	if errors.As(err, &y) {
		return Problem{place(at.File, y.GetToken(), at), y.GetMessage()}
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return Problem{at, message}
}

func place(file string, t *token.Token, fallback Pos) Pos {
	if t == nil || t.Position == nil || t.Position.Line < 1 {
		return fallback
	}
	return Pos{File: file, Line: t.Position.Line, Column: max(1, t.Position.Column)}
}

type builder struct {
	file   string
	lines  [][]byte
	report Report
}

func (b *builder) pos(n ast.Node) Pos {
	return place(b.file, n.GetToken(), Pos{File: b.file, Line: 1, Column: 1})
}

func (b *builder) node(n ast.Node, depth int) *Node {
	out := &Node{Pos: b.pos(n)}
	if depth > maxDepth {
		b.report.Addf(out.Pos, "too deeply nested")
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode:
		out.Kind = Null
	case *ast.MappingNode:
		b.mapping(out, n.Values, depth)
		if len(n.Values) > 0 && !n.IsFlowStyle {
			out.Pos = out.Entries[0].Pos
		}
	case *ast.MappingValueNode:
		b.mapping(out, []*ast.MappingValueNode{n}, depth)
		out.Pos = b.pos(n.Key)
	case *ast.SequenceNode:
		out.Kind = List
		for _, v := range n.Values {
			out.Items = append(out.Items, b.node(v, depth+1))
		}
	case *ast.LiteralNode:
		b.literal(out, n)
	case *ast.StringNode:
		out.Kind, out.Text, out.Quoted = Scalar, n.Value, n.Token.Type != token.StringType
		out.text = out.Pos
		if out.Quoted {
			out.text.Column++
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.Kind, out.Text, out.text = Scalar, n.GetToken().Value, out.Pos
	default:
		b.report.Addf(out.Pos, "anchors, aliases, tags and merge keys are not used in rule files; write the value out")
	}
	return out
}

func (b *builder) mapping(out *Node, values []*ast.MappingValueNode, depth int) {
	out.Kind = Map
	seen := map[string]bool{}
	for _, v := range values {
		key, at := v.Key.GetToken().Value, b.pos(v.Key)
		if !plainKey(v.Key) {
			b.report.Addf(at, "a key must be a plain text")
			continue
		}
		if s, ok := v.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		if seen[key] {
			b.report.Addf(at, "%q is here twice; remove one", key)
		}
		seen[key] = true
		out.Entries = append(out.Entries, Entry{Key: key, Pos: at, Value: b.node(v.Value, depth+1)})
	}
}

func plainKey(key ast.MapKeyNode) bool {
	switch key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return true
	}
	return false
}

// literal reads a block text (| or >), whose content begins on the next line at its own indentation.
func (b *builder) literal(out *Node, n *ast.LiteralNode) {
	out.Kind, out.Quoted = Scalar, true
	if n.Value != nil {
		out.Text = n.Value.Value
	}
	out.text = Pos{File: b.file, Line: out.Line + 1, Column: 1}
	if out.Line < len(b.lines) {
		line := b.lines[out.Line]
		out.text.Column = 1 + len(line) - len(bytes.TrimLeft(line, " "))
	}
}
