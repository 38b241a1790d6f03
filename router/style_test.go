package router_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// The limits of the house. A test may nest one deeper, for its t.Run.
const (
	maxFile    = 400
	maxFunc    = 70
	maxNesting = 3
)

// What is too long, too deep or undocumented is found on the day it is written, not by its second reader.
func TestHouseStyle(t *testing.T) {
	for path, text := range sources(t) {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		line := func(p token.Pos) int { return files.Position(p).Line }
		if n := line(f.End()); n > maxFile {
			t.Errorf("%s has %d lines, the most is %d: split it by idea", path, n, maxFile)
		}
		test := strings.HasSuffix(path, "_test.go")
		if !test && f.Name.Name != "main" {
			for _, name := range undocumented(f) {
				t.Errorf("%s: %s is exported without a comment", path, name)
			}
		}
		deepest := maxNesting
		if test {
			deepest++
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if n := line(fn.End()) - line(fn.Pos()) + 1; n > maxFunc {
				t.Errorf("%s:%d: %s has %d lines, the most is %d", path, line(fn.Pos()), fn.Name, n, maxFunc)
			}
			if n := nesting(fn.Body); n > deepest {
				t.Errorf("%s:%d: %s nests %d deep, the most is %d: return early or name the inner part", path, line(fn.Pos()), fn.Name, n, deepest)
			}
		}
	}
}

// undocumented returns the exported names of a file that have no comment of their own or of their group.
func undocumented(f *ast.File) (names []string) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || exportedType(d.Recv.List[0].Type)) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				names = append(names, bare(s, d.Doc != nil)...)
			}
		}
	}
	return names
}

// bare returns the exported names that a line of a declaration leaves without a comment.
func bare(s ast.Spec, grouped bool) []string {
	var names []*ast.Ident
	documented := grouped
	switch s := s.(type) {
	case *ast.TypeSpec:
		names, documented = []*ast.Ident{s.Name}, grouped || s.Doc != nil
	case *ast.ValueSpec:
		names, documented = s.Names, grouped || s.Doc != nil || s.Comment != nil
	}
	if documented {
		return nil
	}
	var list []string
	for _, n := range names {
		if n.IsExported() {
			list = append(list, n.Name)
		}
	}
	return list
}

// exportedType reports whether a receiver's type is exported: the methods of others cannot be reached by their name.
func exportedType(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.StarExpr:
		return exportedType(e.X)
	case *ast.IndexExpr:
		return exportedType(e.X)
	case *ast.IndexListExpr:
		return exportedType(e.X)
	case *ast.Ident:
		return e.IsExported()
	}
	return false
}

// nesting returns how many conditions and loops stand inside each other at the deepest place. An `else if` and the
// body of a function literal count as deep as what they follow or stand in.
func nesting(n ast.Node) int {
	deepest := 0
	ast.Inspect(n, func(c ast.Node) bool {
		if c == nil || c == n {
			return true
		}
		inner := blocks(c)
		for _, b := range inner {
			deepest = max(deepest, 1+nesting(b))
		}
		return len(inner) == 0
	})
	return deepest
}

// blocks returns the blocks of a statement that count as one level deeper, none for any other node.
func blocks(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.IfStmt:
		switch e := n.Else.(type) {
		case *ast.IfStmt:
			return append(blocks(e), n.Body)
		case *ast.BlockStmt:
			return []ast.Node{n.Body, e}
		}
		return []ast.Node{n.Body}
	case *ast.ForStmt:
		return []ast.Node{n.Body}
	case *ast.RangeStmt:
		return []ast.Node{n.Body}
	case *ast.SwitchStmt:
		return []ast.Node{n.Body}
	case *ast.TypeSwitchStmt:
		return []ast.Node{n.Body}
	case *ast.SelectStmt:
		return []ast.Node{n.Body}
	}
	return nil
}

// The measure itself: what it takes for deep is deep.
func TestNestingIsMeasured(t *testing.T) {
	cases := map[string]int{
		`x()`: 0, `if a { b() }`: 1, `if a { } else if b { } else { for { } }`: 2,
		`for { switch { case a: if b { for range c { } } } }`: 4, `f(func() { if a { } })`: 1,
	}
	for body, want := range cases {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {"+body+"}", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := nesting(f.Decls[0].(*ast.FuncDecl).Body); got != want {
			t.Errorf("%s: got %d levels, want %d", body, got, want)
		}
	}
}
