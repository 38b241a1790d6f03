package salesforcetest

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/soql"
)

// binder gives the names of a query their meaning in the organization; mu is held for reading. Its errors point into
// the text.
type binder struct {
	s    *Server
	text string
}

func (b binder) fail(at int, code, format string, args ...any) error {
	f := fail(400, code, format, args...)
	f.Message = soql.Point(b.text, at, f.Message)
	return f
}

// node is one key of a record: a field, a parent or the children of a relationship.
type node struct {
	key    string
	f      *Field // a field, or the reference that leads to the parent
	parent map[*table][]node
	child  *childQuery
	kind   bool // the name of the row's object, as in Who.Type
	// A node with none of these is a field that this object of several does not have: null.
}

// childQuery is a bound subquery.
type childQuery struct {
	p *plan
	f *Field // the reference that leads back
}

// maxParents is how many relationships a path may follow.
const maxParents = 5

// path splits a field path and follows its relationships from t: the references and the last name.
func (b binder) path(t *table, path []string, at int) (refs []*Field, last *table, name string, err error) {
	// The object's own name may stand before its fields.
	if len(path) > 1 && strings.EqualFold(path[0], t.name) && t.relation(path[0]) == nil {
		path = path[1:]
	}
	if len(path)-1 > maxParents {
		return nil, nil, "", b.fail(at, "MALFORMED_QUERY", "SOQL statements cannot query more than %d levels of relationships", maxParents)
	}
	for _, rel := range path[:len(path)-1] {
		f := t.relation(rel)
		if f == nil {
			return nil, nil, "", b.fail(at, "INVALID_FIELD", "Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", rel)
		}
		refs = append(refs, f)
		if t = b.target(f); t == nil {
			return nil, nil, "", b.fail(at, "INVALID_TYPE", "sObject type '%s' is not supported.", strings.Join(f.ReferenceTo, ","))
		}
	}
	return refs, t, path[len(path)-1], nil
}

// relation returns the reference whose relationship has the name, or nil.
func (t *table) relation(name string) *Field {
	for _, f := range t.fields {
		if f.Type == "reference" && strings.EqualFold(f.Relationship, name) && !f.hidden {
			return f
		}
	}
	return nil
}

// target is an object a reference points to: the last of several, which for owners is the user.
func (b binder) target(f *Field) *table {
	for _, name := range slices.Backward(f.ReferenceTo) {
		if t := b.s.table(name); t != nil {
			return t
		}
	}
	return nil
}

// nameFields are what queries may ask of a reference that points to several objects: it answers with a Name.
var nameFields = []string{"alias", "email", "firstname", "id", "isactive", "lastname", "name", "phone", "title", "type", "username"}

// field finds the field that a path ends in.
func (b binder) field(t *table, path []string, at int) (refs []*Field, f *Field, err error) {
	refs, last, name, err := b.path(t, path, at)
	if err != nil {
		return nil, nil, err
	}
	f = last.field(name)
	if n := len(refs); n > 0 && len(refs[n-1].ReferenceTo) > 1 {
		// Which object it is differs from row to row, so the field is looked up there.
		if f = nil; slices.Contains(nameFields, strings.ToLower(name)) {
			f = &Field{Name: name, Type: "string", Length: 255, slot: -1}
		}
	}
	if f != nil {
		return refs, f, nil
	}
	return nil, nil, b.fail(at, "INVALID_FIELD", "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", name, last.name)
}

// items binds a SELECT list.
func (b binder) items(t *table, q *soql.Query) ([]node, error) {
	var out []node
	for _, item := range q.Items {
		var err error
		switch {
		case item.Children != nil:
			var n node
			n, err = b.children(t, item)
			out = append(out, n)
		case item.Fields != "":
			out, err = b.all(out, t, item, q)
		default:
			out, err = b.add(out, t, item.Path, item.At)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// all adds the fields of FIELDS(ALL), FIELDS(CUSTOM) or FIELDS(STANDARD).
func (b binder) all(out []node, t *table, item soql.Item, q *soql.Query) ([]node, error) {
	if !slices.Contains([]string{"ALL", "CUSTOM", "STANDARD"}, item.Fields) {
		return nil, b.fail(item.At, "MALFORMED_QUERY", "unexpected token: '%s'", item.Fields)
	}
	if item.Fields != "STANDARD" && (q.Limit < 0 || q.Limit > 200) {
		return nil, b.fail(item.At, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
	}
	for _, f := range t.fields {
		if !f.hidden && (item.Fields == "ALL" || f.custom() == (item.Fields == "CUSTOM")) {
			out = append(out, node{key: f.Name, f: f})
		}
	}
	return out, nil
}

// add adds a path to the nodes: the fields of one parent share a node.
func (b binder) add(out []node, t *table, path []string, at int) ([]node, error) {
	refs, f, err := b.field(t, path, at)
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		for _, n := range out {
			if n.f == f && n.parent == nil {
				return nil, b.fail(at, "INVALID_FIELD", "duplicate field selected: %s", f.Name)
			}
		}
		return append(out, node{key: f.Name, f: f}), nil
	}
	i := slices.IndexFunc(out, func(n node) bool { return n.f == refs[0] && n.parent != nil })
	if i < 0 {
		out = append(out, node{key: refs[0].Relationship, f: refs[0], parent: map[*table][]node{}})
		i = len(out) - 1
	}
	rest := path[len(path)-len(refs):]
	for _, name := range refs[0].ReferenceTo {
		parent := b.s.table(name)
		if parent == nil {
			continue
		}
		if out[i].parent[parent], err = b.addParent(out[i].parent[parent], parent, rest, at, len(refs[0].ReferenceTo) > 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addParent adds the rest of a path to a parent's nodes. A parent that may be of several objects has only some of the
// fields; the others are null.
func (b binder) addParent(out []node, parent *table, rest []string, at int, several bool) ([]node, error) {
	if several && len(rest) == 1 {
		switch f := parent.field(rest[0]); {
		case strings.EqualFold(rest[0], "Type"):
			return append(out, node{key: "Type", kind: true}), nil
		case f != nil:
			return append(out, node{key: f.Name, f: f}), nil
		}
		return append(out, node{key: rest[0]}), nil
	}
	return b.add(out, parent, rest, at)
}

// children binds a subquery.
func (b binder) children(t *table, item soql.Item) (node, error) {
	q := item.Children
	for _, child := range b.s.tables {
		for _, f := range child.fields {
			if f.Children == "" || !strings.EqualFold(f.Children, q.From) || !slices.Contains(f.ReferenceTo, t.name) {
				continue
			}
			p, err := b.plan(child, q, false)
			if err != nil {
				return node{}, err
			}
			return node{key: f.Children, child: &childQuery{p, f}}, nil
		}
	}
	return node{}, b.fail(q.FromAt, "INVALID_TYPE", "Didn't understand relationship '%s' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", q.From)
}
