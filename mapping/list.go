package mapping

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

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
		if err := l.add(f.def.Type, p, it.text, m.region(p), m.fate(p)); err != nil {
			problem = err.Error()
		}
	}
	if problem != "" {
		m.warn(f.name, it.path, it.typeName(), problem)
	}
}

func (l *lists) add(t canonical.Type, p *pick, text, region string, f fate) error {
	switch t {
	case canonical.Email:
		address, display, err := canonical.CleanEmail(text)
		if err != nil {
			return err
		}
		l.emails = append(l.emails, canonical.EmailAddress{Address: address, Display: display, Type: p.element, Primary: p.primary,
			Verified: p.verified, Status: f.status, BouncedAt: f.bouncedAt, Shared: p.shared})
	case canonical.Phone:
		number, err := canonical.CleanPhone(text, region)
		if err != nil {
			return err
		}
		number.Type, number.Primary, number.Shared = p.element, p.primary, p.shared
		l.phones = append(l.phones, number)
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

// fate is what became of mail to an address.
type fate struct{ status, bouncedAt string }

// fate returns the status of an address. What says that mail came back may also say when.
func (m *mapping) fate(p *pick) fate {
	f := fate{status: p.status}
	if p.bounced == nil {
		return f
	}
	m.walk(p.bounced, func(r gjson.Result) {
		it := itemOf(r, "")
		if it.blank() || r.Type == gjson.False {
			return
		}
		f.status = "bounced"
		if at, err := canonical.ParseTime(it.text, nil); err == nil {
			f.bouncedAt = at.Format(canonical.TimeLayout)
		}
	})
	return f
}
