package mapping

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// claim appends the claim of one field to m.out. It reports false when the record makes none.
func (m *mapping) claim(f *field) bool {
	m.items = m.items[:0]
	switch {
	case f.def.Type == canonical.Stages:
		return m.stages(f)
	case f.def.Type.IsMap():
		return m.entries(f)
	case f.composed():
		return m.compose(f)
	case f.isList():
		return m.list(f)
	case f.def.Type == canonical.Typed:
		return m.custom(f)
	}
	p := f.picks[0]
	if !m.collect(f.name, p) {
		return false
	}
	it, ok := m.first(p)
	if !ok {
		m.out = append(m.out, "null"...)
		return true
	}
	return m.scalar(f, p, it)
}

// first returns the value of a field that has one. Of several references it is the smallest, for vendors list
// associations in no order.
func (m *mapping) first(p *pick) (item, bool) {
	if len(m.items) == 0 || m.items[0].blank() {
		return item{}, false
	}
	if p.ref != nil && len(m.items) > 1 {
		return slices.MinFunc(m.items, func(a, b item) int { return byNumber(a.text, b.text) }), true
	}
	return m.items[0], true
}

// scalar appends one value in normal form, or warns.
func (m *mapping) scalar(f *field, p *pick, it item) bool {
	if problem := f.refuses(p, it); problem != "" {
		m.warn(f.name, it.path, it.typeName(), problem)
		return false
	}
	start := len(m.out)
	var err error
	switch f.def.Type {
	case canonical.Ref:
		return m.appendRef(p, it)
	case canonical.Money:
		m.out, err = canonical.AppendMoney(m.out, scaled(it.text, p.scale), m.currency(p))
	default:
		m.out, err = canonical.Append(m.out, f.def.Type, p.prepared(f.def.Type, it.text), p.options)
	}
	if err != nil {
		m.warn(f.name, it.path, it.typeName(), err.Error())
		if !canonical.IsDoubt(err) {
			return false
		}
	}
	if f.allow != nil && !slices.Contains(f.allow, strings.Trim(string(m.out[start:]), `"`)) {
		m.warn(f.name, it.path, it.typeName(), "none of "+strings.Join(f.allow, ", ")+"; translate it with values")
		return false
	}
	return true
}

// prepared returns a value's text with scale and unit worked in.
func (p *pick) prepared(t canonical.Type, text string) string {
	switch t {
	case canonical.Integer, canonical.Decimal, canonical.Money:
		return scaled(text, p.scale)
	case canonical.Date, canonical.Time:
		if p.seconds {
			return milliseconds(text)
		}
	}
	return text
}

// refuses says why a JSON type is not what the field wants, "" when it is.
func (f *field) refuses(p *pick, it item) string {
	switch it.kind {
	case gjson.JSON:
		return "not a single value"
	case gjson.True, gjson.False:
		if f.def.Type != canonical.Bool && !p.asText {
			return "not a " + string(f.def.Type)
		}
	case gjson.Number:
		switch f.def.Type {
		case canonical.Text, canonical.Long, canonical.Enum, canonical.Strings, canonical.Email, canonical.Phone, canonical.Domain:
			if !p.asText {
				return "not a " + string(f.def.Type) + "; add {as: text} to take it as one"
			}
		}
	}
	return ""
}

func (m *mapping) currency(p *pick) string {
	code := p.options.Currency
	if p.currency != nil {
		m.walk(p.currency, func(r gjson.Result) {
			if r.Type == gjson.String {
				code = r.Str
			}
		})
	}
	return code
}

// target returns where a reference to an id points, and the id in the form that records there have; no object when that is a
// peer nobody configured, or unknown.
func (m *mapping) target(p *pick, text string) (connection, object, id string) {
	connector, object := p.ref.connector, p.ref.of(text)
	if p.ref.variable != "" {
		connector, object, _ = strings.Cut(m.vars[p.ref.variable], ":")
	}
	if connection = m.ref.Connection; connector != "" {
		connection = m.peers[connector]
	}
	if connection == "" {
		object = ""
	}
	if id = text; m.forms[connector] != nil {
		id = m.forms[connector](canonical.CleanText(text))
	}
	return connection, object, id
}

func (m *mapping) appendRef(p *pick, it item) bool {
	connection, object, id := m.target(p, it.text)
	if object == "" {
		return false
	}
	m.out = canonical.AppendRef(m.out, connection, object, id)
	return true
}

// reference returns a reference as text, "" with a warning when the value is none.
func (m *mapping) reference(field string, p *pick, it item) string {
	connection, object, id := m.target(p, it.text)
	if object == "" || it.blank() {
		return ""
	}
	if it.kind != gjson.String && it.kind != gjson.Number {
		m.warn(field, it.path, it.typeName(), "not an id")
		return ""
	}
	return connection + "/" + object + "/" + canonical.CleanText(id)
}

// region returns the country whose numbering plan reads a phone number without a country code: what the rule says,
// else that of the record's address, else the connection's.
func (m *mapping) region(p *pick) string {
	code := p.options.Country
	if p.region != nil {
		m.walk(p.region, func(r gjson.Result) {
			if found, err := canonical.CleanCountry(r.String()); err == nil {
				code = found
			}
		})
	}
	switch {
	case code != "":
		return code
	case m.country != "":
		return m.country
	}
	return m.vars[regionVariable]
}

// regionVariable is the variable of a connection that says where its phone numbers are from.
const regionVariable = "region"
