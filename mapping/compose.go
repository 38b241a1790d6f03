package mapping

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// The paths that mean something else within an element.
const (
	keyOfElement = "$key"   // what the star of `in` stands for
	wholeElement = "$value" // the element itself
)

// compose appends what all elements of a list of parts say.
func (m *mapping) compose(f *field) bool {
	e := canonical.Start(m.out, f.def.Type, &m.space)
	said := false
	for _, rule := range f.elements {
		if rule.in == nil {
			said = m.oneElement(f, rule, e) || said
			continue
		}
		said = m.eachElement(f, rule, func() { m.oneElement(f, rule, e) }) || said
	}
	if !said {
		return false
	}
	m.out = e.Done()
	return true
}

// eachElement calls one for each element at a path, with m.current and m.key set; it reports whether the record says
// anything there.
func (m *mapping) eachElement(f *field, rule *element, one func()) (said bool) {
	in, count := rule.in, 0
	visit := func(key string, r gjson.Result) {
		if count++; count > canonical.MaxList {
			if count == canonical.MaxList+1 {
				m.warn(f.name, wholeElement, "array", "more than the list keeps; the rest is left out")
			}
			return
		}
		m.key, m.current, m.inside = key, r, in.text
		one()
	}
	if in.star == nil {
		said = m.walk(in, func(r gjson.Result) {
			if !r.IsArray() {
				visit("", r)
				return
			}
			r.ForEach(func(_, e gjson.Result) bool { visit("", e); return true })
		})
	} else {
		pairs := m.stars[in.slot]
		slices.SortStableFunc(pairs, func(a, b pair) int {
			return firstOf(strings.Compare(a.value.Str, b.value.Str), strings.Compare(a.name, b.name))
		})
		for _, p := range pairs {
			if fits(rule.skip, p.name) {
				continue
			}
			if said = true; !itemOf(p.value, "").blank() {
				visit(p.name, p.value)
			}
		}
	}
	m.key, m.current, m.inside = "", gjson.Result{}, ""
	return said
}

func firstOf(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

// oneElement adds one element; it reports whether the record says anything of it.
func (m *mapping) oneElement(f *field, rule *element, e *canonical.Elements) (said bool) {
	e.Begin()
	for n, picks := range rule.parts {
		if len(picks) > 0 {
			said = m.part(f, n, picks, e) || said
		}
	}
	e.End()
	if m.country == "" {
		m.country = e.Country()
	}
	return said
}

// part adds a part; what is not what it should be is left out with a warning.
func (m *mapping) part(f *field, n int, picks []*pick, e *canonical.Elements) (said bool) {
	def := &canonical.Parts(f.def.Type)[n]
	var lines []string
	for _, p := range picks {
		m.items = m.items[:0]
		said = m.collect(f.name, p) && !p.isConst || said
		if def.Type == canonical.Strings {
			lines = m.texts(lines)
			continue
		}
		if it, ok := m.first(p); ok {
			m.value(f, n, p, it, e)
		}
	}
	if len(lines) > 0 {
		_ = e.Part(n, strings.Join(lines, "\n"), canonical.Options{}) // texts are never refused
	}
	return said
}

// texts appends the texts that a pick has collected.
func (m *mapping) texts(lines []string) []string {
	for _, it := range m.items {
		if it.kind != gjson.JSON && !it.blank() {
			lines = append(lines, it.text)
		}
	}
	return lines
}

func (m *mapping) value(f *field, n int, p *pick, it item, e *canonical.Elements) {
	def := &canonical.Parts(f.def.Type)[n]
	name := f.name + "." + def.Name
	if it.kind == gjson.JSON {
		m.warn(name, it.path, it.typeName(), "not a single value")
		return
	}
	text, o := p.prepared(def.Type, it.text), p.options
	switch def.Type {
	case canonical.Ref:
		if text = m.reference(name, p, it); text == "" {
			return
		}
	case canonical.Money:
		o.Currency = m.currency(p)
	}
	if err := e.Part(n, text, o); err != nil {
		m.warn(name, it.path, it.typeName(), err.Error())
	}
}

// entries appends what all elements of a map say.
func (m *mapping) entries(f *field) bool {
	var list []canonical.Entry
	said := false
	for _, rule := range f.elements {
		one := func() {
			entry, ok := m.entry(f, rule)
			if said = said || ok; ok {
				list = append(list, entry)
			}
		}
		if rule.in == nil {
			one()
		} else {
			said = m.eachElement(f, rule, one) || said
		}
	}
	if !said {
		return false
	}
	m.out = canonical.AppendEntries(m.out, list)
	return true
}

// entry returns one entry of a map, false when the record says nothing of it or nothing that can be used.
func (m *mapping) entry(f *field, rule *element) (canonical.Entry, bool) {
	m.items = m.items[:0]
	if !m.collect(f.name, rule.name) || len(m.items) == 0 {
		return canonical.Entry{}, false
	}
	name := m.items[0].text
	value := gjson.Result{Type: gjson.Null}
	place := item{}
	if rule.value == nil {
		e := canonical.Start(nil, f.def.Type, nil)
		if !m.oneElement(f, rule, e) {
			return canonical.Entry{}, false
		}
		value = gjson.ParseBytes(e.Done()).Get("0")
	} else {
		m.items = m.items[:0]
		if !m.collect(f.name, rule.value) {
			return canonical.Entry{}, false
		}
		if it, ok := m.first(rule.value); ok {
			place = it
			it.text = rule.value.prepared(f.values, it.text)
			value = it.result()
		}
	}
	o := canonical.Options{}
	if rule.value != nil {
		o = rule.value.options
	}
	entry, err := canonical.NewEntry(f.def.Type, name, value, o)
	if err != nil {
		m.warn(f.name, place.path, place.typeName(), err.Error())
		return entry, canonical.IsDoubt(err)
	}
	return entry, true
}
