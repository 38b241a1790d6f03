package sheet

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// Map says what the columns of a table mean.
type Map struct {
	path   string
	kind   canonical.Kind
	id     place0
	region string // of phone numbers without a country code
	fields []mapped
}

// place0 is a text of the map file with its line.
type place0 struct {
	text string
	line int
}

// mapped is a field with the columns whose values make it, joined by a space.
type mapped struct {
	slot    slot
	columns []place0
}

// MapError is a mistake of a map file or of how it fits its tables.
type MapError struct{ message string }

// Error implements error.
func (e *MapError) Error() string { return e.message }

func (m *Map) mistake(line int, format string, args ...any) error {
	return &MapError{fmt.Sprintf("%s:%d: %s", m.path, line, fmt.Sprintf(format, args...))}
}

// maxMap bounds a map file.
const maxMap = 1 << 20

// ReadMap reads a map file for tables of a kind:
//
//	id: rec_id
//	fields:
//	  name.given: given_name
//	  address.street: [street_number, address_1]   # joined by a space
//	region: DE                                     # of phone numbers without a country code; may be left out
//
// The error is a *MapError that names file and line and what there is, or that the file cannot be read.
func ReadMap(path string, kind canonical.Kind) (*Map, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxMap+1))
	if err != nil {
		return nil, err
	}
	m := &Map{path: path, kind: kind}
	if len(data) > maxMap {
		return nil, m.mistake(1, "the file has more than %d bytes", maxMap)
	}
	tree, err := yamlparser.ParseBytes(data, 0)
	if err != nil {
		return nil, &MapError{fmt.Sprintf("%s: %v", path, err)}
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return nil, m.mistake(1, "the file is empty; it needs `id:` and `fields:`")
	}
	if err := m.document(tree.Docs[0].Body); err != nil {
		return nil, err
	}
	switch {
	case m.id.text == "":
		return nil, m.mistake(1, "`id:` is missing: the column whose values tell the rows apart")
	case len(m.fields) == 0:
		return nil, m.mistake(1, "`fields:` is missing or empty: canonical fields with their columns")
	}
	return m, nil
}

var mapKeys = []string{"id", "fields", "kind", "region"}

func (m *Map) document(body ast.Node) error {
	top, ok := entries(body)
	if !ok {
		return m.mistake(lineOf(body), "want `id:` and `fields:`")
	}
	for _, e := range top {
		key, line := keyOf(e), lineOf(e.Key)
		var err error
		switch key {
		case "id":
			m.id, err = m.column(e.Value)
		case "fields":
			err = m.readFields(e.Value)
		case "kind":
			if value, _ := scalar(e.Value); value != string(m.kind) {
				err = m.mistake(line, "the file is for kind %q, the command for %q", value, m.kind)
			}
		case "region":
			m.region, _ = scalar(e.Value)
			if m.region = strings.ToUpper(m.region); len(m.region) != 2 {
				err = m.mistake(line, "region must be a country of two letters, such as DE")
			}
		default:
			err = m.mistake(line, "unknown key %q%s There are %s", key, suggestion(key, mapKeys), strings.Join(mapKeys, ", "))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Map) readFields(node ast.Node) error {
	list, ok := entries(node)
	if !ok {
		return m.mistake(lineOf(node), "`fields:` must map fields to columns")
	}
	for _, e := range list {
		s, err := slotOf(m.kind, keyOf(e))
		if err != nil {
			return m.mistake(lineOf(e.Key), "%v", err)
		}
		f := mapped{slot: s}
		nodes := []ast.Node{e.Value}
		if seq, ok := e.Value.(*ast.SequenceNode); ok {
			nodes = seq.Values
		}
		for _, n := range nodes {
			column, err := m.column(n)
			if err != nil {
				return err
			}
			f.columns = append(f.columns, column)
		}
		m.fields = append(m.fields, f)
	}
	return nil
}

func (m *Map) column(node ast.Node) (place0, error) {
	text, ok := scalar(node)
	if !ok || text == "" {
		return place0{}, m.mistake(lineOf(node), "want the name of a column, or a list of names")
	}
	return place0{text, lineOf(node)}, nil
}

// Others names the further fields that the map knows; what compares rows wants them.
func (m *Map) Others() []string {
	var list []string
	for _, f := range m.fields {
		if name, ok := strings.CutPrefix(string(f.slot), string(other)); ok && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func suggestion(word string, names []string) string {
	if near := connectors.Nearest(word, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "."
}

// entries returns the keys and values of a mapping.
func entries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func keyOf(e *ast.MappingValueNode) string {
	return strings.Trim(strings.TrimSpace(e.Key.String()), `"'`)
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil {
		return 1
	}
	return node.GetToken().Position.Line
}

// scalar returns the text of a value that is neither list nor map.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case ast.ScalarNode:
		return strings.TrimSpace(n.GetToken().Value), true
	}
	return "", false
}
