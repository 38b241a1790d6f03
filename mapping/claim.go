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
	case f.isList():
		return m.list(f)
	}
	p := f.picks[0]
	if !m.collect(f.name, p) {
		return false
	}
	if len(m.items) == 0 || m.items[0].blank() {
		m.out = append(m.out, "null"...)
		return true
	}
	return m.scalar(f, p, m.items[0])
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
	case canonical.Integer, canonical.Decimal:
		m.out, err = canonical.Append(m.out, f.def.Type, scaled(it.text, p.scale), p.options)
	case canonical.Date, canonical.Time:
		text := it.text
		if p.seconds {
			text = milliseconds(text)
		}
		m.out, err = canonical.Append(m.out, f.def.Type, text, p.options)
	default:
		m.out, err = canonical.Append(m.out, f.def.Type, it.text, p.options)
	}
	if err != nil {
		m.warn(f.name, it.path, it.typeName(), err.Error())
		return false
	}
	if f.allow != nil && !slices.Contains(f.allow, strings.Trim(string(m.out[start:]), `"`)) {
		m.warn(f.name, it.path, it.typeName(), "none of "+strings.Join(f.allow, ", ")+"; translate it with values")
		return false
	}
	return true
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

// connection returns where a pick's references point, "" when that is a peer nobody configured.
func (m *mapping) connection(p *pick) string {
	if p.ref.connector == "" {
		return m.ref.Connection
	}
	return m.peers[p.ref.connector]
}

func (m *mapping) appendRef(p *pick, it item) bool {
	connection := m.connection(p)
	if connection == "" {
		return false
	}
	m.out = canonical.AppendRef(m.out, connection, p.ref.object, it.text)
	return true
}

// reference returns a reference as text, "" with a warning when the value is none.
func (m *mapping) reference(field string, p *pick, it item) string {
	connection := m.connection(p)
	if connection == "" || it.blank() {
		return ""
	}
	if it.kind != gjson.String && it.kind != gjson.Number {
		m.warn(field, it.path, it.typeName(), "not an id")
		return ""
	}
	return connection + "/" + p.ref.object + "/" + canonical.CleanText(it.text)
}

// list appends what all picks of a list field say.
func (m *mapping) list(f *field) bool {
	var l lists
	said := false
	for _, p := range f.picks {
		m.items = m.items[:0]
		if !m.collect(f.name, p) {
			continue
		}
		said = true
		from := len(l.texts)
		for _, it := range m.items {
			if it.blank() {
				continue
			}
			if l.size() == canonical.MaxList {
				m.warn(f.name, it.path, it.typeName(), "more than the list keeps; the rest is left out")
				break
			}
			m.element(f, p, it, &l)
		}
		if f.def.Type == canonical.Refs { // vendors list associations in no order
			slices.SortFunc(l.texts[from:], byNumber)
		}
	}
	if !said {
		return false
	}
	switch f.def.Type {
	case canonical.Email:
		m.out = canonical.AppendEmails(m.out, l.emails)
	case canonical.Phone:
		m.out = canonical.AppendPhones(m.out, l.phones)
	default:
		m.out = canonical.AppendStrings(m.out, l.texts)
	}
	return true
}

// lists collects the elements of one list field; only one of them is used.
type lists struct {
	emails []canonical.EmailAddress
	phones []canonical.PhoneNumber
	texts  []string
}

func (l *lists) size() int { return len(l.emails) + len(l.phones) + len(l.texts) }

// byNumber orders texts so that numbers of one length come in their order.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// element adds one element, or warns.
func (m *mapping) element(f *field, p *pick, it item, l *lists) {
	if f.def.Type == canonical.Refs {
		if ref := m.reference(f.name, p, it); ref != "" {
			l.texts = append(l.texts, ref)
		}
		return
	}
	problem := f.refuses(p, it)
	if problem == "" {
		if err := l.add(f.def.Type, p, it.text); err != nil {
			problem = err.Error()
		}
	}
	if problem != "" {
		m.warn(f.name, it.path, it.typeName(), problem)
	}
}

func (l *lists) add(t canonical.Type, p *pick, text string) error {
	switch t {
	case canonical.Email:
		address, display, err := canonical.CleanEmail(text)
		if err != nil {
			return err
		}
		l.emails = append(l.emails, canonical.EmailAddress{Address: address, Display: display, Type: p.element, Primary: p.primary, Verified: p.verified})
	case canonical.Phone:
		raw, e164, err := canonical.CleanPhone(text)
		if err != nil {
			return err
		}
		l.phones = append(l.phones, canonical.PhoneNumber{Raw: raw, E164: e164, Type: p.element})
	case canonical.Domain:
		domain, err := canonical.CleanDomain(text)
		if err != nil {
			return err
		}
		l.texts = append(l.texts, domain)
	default:
		l.texts = append(l.texts, canonical.CleanText(text))
	}
	return nil
}

// stages appends the stages of a pipeline.
func (m *mapping) stages(f *field) bool {
	p := f.picks[0]
	if !m.collect(f.name, p) {
		return false
	}
	var list []canonical.Stage
	for _, it := range m.items {
		s, ok := p.stage.read(it)
		if !ok {
			m.warn(f.name, it.path, it.typeName(), "not a stage with an id")
			continue
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b canonical.Stage) int { return a.Order - b.Order })
	for i := range list {
		list[i].Order = i
	}
	canonical.Classify(list)
	m.out = canonical.AppendStages(m.out, list[:min(len(list), canonical.MaxList)])
	return true
}

func (s *stagePaths) read(it item) (canonical.Stage, bool) {
	if it.kind != gjson.JSON {
		return canonical.Stage{}, false
	}
	element := gjson.Parse(it.text)
	text := func(p *path) (found string) {
		if p == nil {
			return ""
		}
		steps := make([]step, 0, len(p.lead)+len(p.steps))
		for _, name := range p.lead {
			steps = append(steps, step{name: name})
		}
		eachValue(element, append(steps, p.steps...), func(r gjson.Result) {
			if r.Type != gjson.JSON {
				found = r.String()
			}
		})
		return canonical.CleanText(found)
	}
	stage := canonical.Stage{ID: text(s.id), Name: text(s.name)}
	stage.Order = orderOf(text(s.order))
	stage.Probability, _ = canonical.CleanDecimal(text(s.probability))
	stage.Closed, _ = canonical.CleanBool(text(s.closed))
	if s.won != nil {
		stage.Won, _ = canonical.CleanBool(text(s.won))
	} else {
		stage.Won = stage.Closed && stage.Probability == "1"
	}
	return stage, stage.ID != ""
}
