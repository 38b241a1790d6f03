package mapping

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// custom appends a custom attribute with its tag.
func (m *mapping) custom(f *field) bool {
	p := f.picks[0]
	if !m.collect(f.name, p) {
		return false
	}
	if f.typed && len(m.items) == 1 && m.items[0].kind == gjson.JSON {
		return m.member(f, gjson.Parse(m.items[0].text), m.items[0].path)
	}
	if f.tag == canonical.TagMultiEnum {
		return m.several(f, p)
	}
	it, ok := m.first(p)
	if !ok {
		m.out = append(m.out, "null"...)
		return true
	}
	return m.tagged(f, p, it)
}

// tagged appends one value with its tag, or warns.
func (m *mapping) tagged(f *field, p *pick, it item) bool {
	tag, o := f.tag, p.options
	if tag == "" {
		tag = tagOf(it)
	}
	switch tag {
	case canonical.TagRef:
		if it.text = m.reference(f.name, p, it); it.text == "" {
			return false
		}
		it.kind = gjson.String
	case canonical.TagMoney:
		o.Currency = m.currency(p)
	}
	if it.kind != gjson.JSON {
		it.text = p.prepared(tag.Type(), it.text)
	}
	var err error
	if m.out, err = canonical.AppendTyped(m.out, tag, it.result(), o); err != nil {
		m.warn(f.name, it.path, it.typeName(), err.Error())
		return canonical.IsDoubt(err)
	}
	return true
}

// several appends all values as a multi_enum.
func (m *mapping) several(f *field, p *pick) bool {
	texts := make([]string, 0, len(m.items))
	for _, it := range m.items {
		if it.kind == gjson.JSON {
			m.warn(f.name, it.path, it.typeName(), "not a single value")
			continue
		}
		if len(texts) < canonical.MaxList && !it.blank() {
			texts = append(texts, canonical.CleanText(it.text))
		}
	}
	m.out = canonical.AppendChoices(m.out, texts)
	return true
}

// tagOf tells the tag of a value that no rule says one for.
func tagOf(it item) canonical.Tag {
	switch it.kind {
	case gjson.Number:
		if strings.ContainsAny(it.text, ".eE") || len(it.text) > 18 {
			return canonical.TagDecimal
		}
		return canonical.TagInt
	case gjson.True, gjson.False:
		return canonical.TagBool
	case gjson.JSON:
		return canonical.TagJSON
	}
	return canonical.TagString
}

// takeRest appends what no rule has taken. A blank value claims nothing: a vendor that lists every property would claim
// hundreds of them.
func (m *mapping) takeRest(b *bulk) {
	slices.SortStableFunc(m.rest, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	for i, p := range m.rest {
		it := itemOf(p.value, p.name)
		if it.blank() || fits(b.except, p.name) || b.only != nil && !fits(b.only, p.name) || i > 0 && m.rest[i-1].name == p.name {
			continue
		}
		name := b.prefix + canonical.CleanText(strings.Clone(p.name))
		if len(m.ends) >= canonical.MaxFields {
			m.warn(b.prefix+"*", "", "", "more custom attributes than a profile keeps; the rest is left out")
			return
		}
		if len(name) > maxPath {
			m.warn(b.prefix+"*", "", "", "a name that is too long")
			continue
		}
		f := b.types[p.name]
		if f == nil {
			f = &field{name: name, def: canonical.Def{Name: name, Type: canonical.Typed}}
			f.picks = anyValue
		}
		start := len(m.out)
		if b.typed {
			if !m.member(f, p.value, p.name) {
				m.out = m.out[:start]
				continue
			}
		} else if f.tag == canonical.TagMultiEnum {
			m.items = append(m.items[:0], it)
			if f.picks[0].split != "" {
				m.split(0, f.picks[0].split)
			}
			m.several(f, f.picks[0])
		} else if !m.tagged(f, f.picks[0], it) {
			m.out = m.out[:start]
			continue
		}
		m.ends = append(m.ends, claimEnd{name, len(m.out)})
	}
}

var anyValue = []*pick{{}}

// member appends {"t": tag, "v": value}, what a connector composed that knows the vendor's types. The rule's own type goes
// before; a member of another shape, or with a tag nobody knows, is a value without a tag. A blank value claims nothing.
func (m *mapping) member(f *field, r gjson.Result, path string) bool {
	tag, value := f.tag, r
	if v := r.Get("v"); r.IsObject() && v.Exists() {
		value = v
		if said := canonical.Tag(r.Get("t").String()); tag == "" && said.Type() != "" {
			tag = said
		}
	}
	it := itemOf(value, path)
	if it.blank() {
		return false
	}
	if tag == "" {
		tag = tagOf(it)
	}
	var err error
	if m.out, err = canonical.AppendTyped(m.out, tag, value, canonical.Options{}); err != nil {
		m.warn(f.name, path, it.typeName(), err.Error())
		return canonical.IsDoubt(err)
	}
	return true
}

// fits reports whether a name fits one of the patterns.
func fits(patterns []star, name string) bool {
	return slices.ContainsFunc(patterns, func(s star) bool {
		if s.after == exactly {
			return name == s.before
		}
		_, ok := s.takes(name)
		return ok
	})
}

// exactly is what stands after the star of a name without one.
const exactly = "\x00"
