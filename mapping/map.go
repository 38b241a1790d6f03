package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// The bounds of a record.
const (
	MaxRecord = 8 << 20 // bytes of JSON
	maxDepth  = 200     // lists and objects one within the other
)

// Map returns the profile of a record and what else there is to say about it. It is a pure function of rules and
// record, and the profile shares no memory with the record. A value that cannot be used is a Warning in the outcome; a
// record that no rule is for, whose JSON is broken or that is not the record its reference names is an error. A
// deleted record without data has a profile without claims. References to peers claim nothing; see Set.
func (r *Rules) Map(rec connectors.Record) (canonical.Profile, Outcome, error) {
	return r.with(rec, &Connection{})
}

func (r *Rules) with(rec connectors.Record, c *Connection) (canonical.Profile, Outcome, error) {
	o := r.objects[rec.Ref.Object]
	if o == nil {
		return canonical.Profile{}, Outcome{}, fmt.Errorf("map %s: there are no rules for the object %s; add it under objects", rec.Ref, rec.Ref.Object)
	}
	if rec.Ref.Connection == "" || rec.Ref.ID == "" {
		return canonical.Profile{}, Outcome{}, fmt.Errorf("map a record of %s: it has no id", rec.Ref.Object)
	}
	m := mappers.Get().(*mapping)
	defer m.release()
	m.object, m.ref, m.peers, m.forms, m.vars = o, rec.Ref, c.Peers, c.Forms, c.Vars
	p := canonical.Profile{Kind: o.kind}
	var known *Known
	var err error
	if len(rec.Data) > 0 || rec.Deleted.Kind == connectors.NotDeleted {
		if err := m.read(rec.Data); err != nil {
			return canonical.Profile{}, Outcome{}, fmt.Errorf("map %s: %w", rec.Ref, err)
		}
		if o.past != nil {
			if p.Past = m.past(); p.Past == "" {
				return canonical.Profile{}, Outcome{}, fmt.Errorf("map %s: it does not say of which record it tells", rec.Ref)
			}
		}
		if name, err := m.filtered(); err != nil || name != "" {
			return p, Outcome{Filtered: name}, err
		}
		if known, err = m.acquainted(); err != nil {
			return p, Outcome{}, fmt.Errorf("map %s: allow: %w", rec.Ref, err)
		}
		p.Fields = m.fields()
		p.Same = m.same()
	}
	if into := rec.Deleted.Into; rec.Deleted.Kind == connectors.Merged && !into.IsZero() {
		p.Same = append(p.Same, into.String())
	}
	return p, Outcome{Known: known, Warnings: m.warnings}, nil
}

// mapping is the state of mapping one record. It is used again for the next.
type mapping struct {
	object *object
	ref    connectors.Ref
	peers  map[string]string
	forms  map[string]func(id string) string
	vars   map[string]string
	found
	key      string       // within an element of a star, what the star stands for
	current  gjson.Result // the element that parts are read of
	inside   string       // the path of that element, for warnings
	country  string       // alpha-2, of the first address
	space    canonical.Elements
	env      map[string]any
	items    []item
	out      []byte
	ends     []claimEnd
	warnings []Warning
}

// claimEnd remembers where the value of a field ends in out: out moves while it grows.
type claimEnd struct {
	name string
	end  int
}

var mappers = sync.Pool{New: func() any { return &mapping{} }}

func (m *mapping) release() {
	clear(m.slots)
	for i := range m.stars {
		clear(m.stars[i])
		m.stars[i] = m.stars[i][:0]
	}
	clear(m.rest)
	m.rest, m.country, m.key, m.current, m.inside = m.rest[:0], "", "", gjson.Result{}, ""
	clear(m.items[:cap(m.items)])
	m.env, m.out, m.warnings, m.peers, m.forms, m.vars = nil, nil, nil, nil, nil, nil
	mappers.Put(m)
}

// read checks the JSON and makes the one pass over it.
func (m *mapping) read(data []byte) error {
	switch {
	case len(data) > MaxRecord:
		return fmt.Errorf("the record has %d bytes; at most %d are mapped", len(data), MaxRecord)
	case tooDeep(data):
		return fmt.Errorf("the record is nested more than %d deep", maxDepth)
	case !gjson.ValidBytes(data):
		return fmt.Errorf("the record is not valid JSON")
	}
	root := gjson.Parse(unsafe.String(&data[0], len(data))) // valid JSON is not empty; nothing of it is kept
	if !root.IsObject() {
		return fmt.Errorf("the record is not a JSON object")
	}
	if cap(m.slots) < m.object.slots {
		m.slots = make([]gjson.Result, m.object.slots)
	}
	m.slots = m.slots[:m.object.slots]
	for len(m.stars) < m.object.stars {
		m.stars = append(m.stars, nil)
	}
	m.object.index.fill(root, &m.found)
	for _, c := range m.object.env {
		if c.slot < 0 {
			m.env = map[string]any{"record": goValue(root)}
		}
	}
	if m.object.id == nil {
		return nil
	}
	id := gjson.Result{}
	m.walk(m.object.id, func(r gjson.Result) { id = r })
	if id.String() != m.ref.ID || id.Type == gjson.Null {
		return fmt.Errorf("the record's own id at %s is missing or another", m.object.id.text)
	}
	return nil
}

// tooDeep looks at the nesting before the validator does, which calls itself for each level.
func tooDeep(data []byte) bool {
	if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= maxDepth {
		return false
	}
	depth, inText := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// walk calls f for every value at a path; it reports whether the path's beginning is there at all.
func (m *mapping) walk(p *path, f func(gjson.Result)) bool {
	if p.slot < 0 {
		return m.within(p, f)
	}
	r := m.slots[p.slot]
	if r.Raw == "" {
		return false
	}
	eachValue(r, p.steps, f)
	return true
}

// within is walk for a path that begins at the element being read.
func (m *mapping) within(p *path, f func(gjson.Result)) (said bool) {
	switch p.text {
	case keyOfElement:
		f(gjson.Result{Type: gjson.String, Str: m.key})
		return true
	case wholeElement:
		f(m.current)
		return true
	}
	eachValue(m.current, p.steps, func(r gjson.Result) { said = true; f(r) })
	return said
}

// filtered returns the name of the first filter that is not true.
func (m *mapping) filtered() (string, error) {
	for _, f := range m.object.where {
		keep, err := f.formula.Run(m.environment())
		if err != nil {
			return "", fmt.Errorf("map %s: filter %q: %w", m.ref, f.name, err)
		}
		if keep != true {
			return f.name, nil
		}
	}
	return "", nil
}

func (m *mapping) fields() []canonical.Field {
	o := m.object
	m.out = make([]byte, 0, 48*len(o.fields))
	m.ends = m.ends[:0]
	for _, f := range o.fields {
		start := len(m.out)
		if !m.claim(f) || len(m.out) == start {
			m.out = m.out[:start]
			continue
		}
		m.ends = append(m.ends, claimEnd{f.name, len(m.out)})
	}
	if o.bulk != nil {
		m.takeRest(o.bulk)
	}
	if len(m.ends) == 0 {
		return nil
	}
	fields := make([]canonical.Field, len(m.ends))
	start := 0
	for i, c := range m.ends {
		fields[i] = canonical.Field{Name: c.name, Value: m.out[start:c.end:c.end]}
		start = c.end
	}
	if o.bulk != nil {
		slices.SortFunc(fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	}
	return fields
}

func (m *mapping) same() []string {
	var list []string
	for _, p := range m.object.same {
		m.items = m.items[:0]
		m.collect("same", p)
		for _, it := range m.items {
			if ref := m.reference("same", p, it); ref != "" && len(list) < canonical.MaxSame {
				list = append(list, ref)
			}
		}
	}
	return list
}

// past returns the record that this one tells of.
func (m *mapping) past() string {
	m.items = m.items[:0]
	m.collect("past", m.object.past)
	for _, it := range m.items {
		if ref := m.reference("past", m.object.past, it); ref != "" {
			return ref
		}
	}
	return ""
}

func (m *mapping) warn(field, path string, t string, problem string) {
	switch {
	case m.inside == "" || path == "":
	case path == wholeElement:
		path = m.inside
	default:
		path = m.inside + "." + path
	}
	if len(m.warnings) < MaxWarnings {
		m.warnings = append(m.warnings, Warning{Object: m.object.name, Field: field, Path: path, Type: t, Problem: problem})
	}
}
