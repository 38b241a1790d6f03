package sheet

import (
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
)

// rowMaker gathers what one row says.
type rowMaker struct {
	m       *Map
	unread  map[slot]int
	texts   map[string]string // fields of type text, by name
	emails  []canonical.EmailAddress
	phones  []canonical.PhoneNumber
	domains []string
	ids     []canonical.Identifier
	address canonical.Address
	number  string
	street  string
	place   []string
}

// values returns the values of a field in a row: its columns joined, or each part of a cell that lists several.
func (r *rowMaker) values(f bound, cells []string) []string {
	var parts []string
	for _, c := range f.columns {
		if s := canonical.CleanText(cells[c]); s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	switch f.slot {
	case email, domain:
		return strings.FieldsFunc(strings.Join(parts, ";"), func(c rune) bool { return strings.ContainsRune(";,| ", c) })
	case phone, mobile:
		return strings.FieldsFunc(strings.Join(parts, ";"), func(c rune) bool { return strings.ContainsRune(";,|", c) })
	}
	return []string{strings.Join(parts, " ")}
}

// take puts a value where it belongs. A value that is not what its slot needs is unknown and counted.
func (r *rowMaker) take(f bound, text string) {
	ok := true
	switch f.slot {
	case email:
		var address string
		var err error
		if address, _, err = canonical.CleanEmail(text); err == nil {
			r.emails = append(r.emails, canonical.EmailAddress{Address: address})
		}
		ok = err == nil
	case phone, mobile:
		ok = r.takePhone(f.slot, text)
	case domain:
		name, err := canonical.CleanDomain(text)
		if ok = err == nil; ok {
			r.domains = append(r.domains, name)
		}
	case birthday:
		r.texts["birthday"], ok = readDate(text, f.order)
	case number:
		r.number = text
	case street:
		if r.street != "" { // a map may name several lines
			r.place = append(r.place, text)
		} else {
			r.street = text
		}
	case place:
		r.place = append(r.place, text)
	case locality:
		r.address.Locality = text
	case region:
		r.address.Region = text
	case postcode:
		r.address.Postcode = text
	case country:
		if code, err := canonical.CleanCountry(text); err == nil {
			text = code
		}
		r.address.Country = text
	case formatted:
		r.address.Formatted = text
	default:
		r.takeText(f.slot, text)
	}
	if !ok {
		r.unread[f.slot]++
	}
}

// textFields are the fields of the slots that are taken as they are.
var textFields = map[slot]string{given: "name.given", family: "name.family", middle: "name.middle", legal: "legal_name", company: "company"}

func (r *rowMaker) takeText(s slot, text string) {
	if name, ok := strings.CutPrefix(string(s), string(other)); ok {
		r.texts[name] = text
		return
	}
	if scheme, ok := strings.CutPrefix(string(s), string(identifier)); ok {
		r.ids = append(r.ids, canonical.Identifier{Scheme: scheme, Value: text})
		return
	}
	name := textFields[s]
	if s == full {
		name = "name"
		if r.m.kind == canonical.Person {
			name = "name.full"
		}
	}
	r.texts[name] = text
}

func (r *rowMaker) takePhone(s slot, text string) bool {
	number, err := canonical.CleanPhone(text, r.m.region)
	if err != nil {
		return false
	}
	if s == mobile {
		number.Type = "mobile"
	}
	r.phones = append(r.phones, number)
	return true
}

// claims returns the values of the fields that the row says something about.
func (r *rowMaker) claims() map[string]any {
	claims := map[string]any{}
	for name, text := range r.texts {
		if text != "" {
			claims[name] = text
		}
	}
	if line := strings.TrimSpace(r.number + " " + r.street); line != "" {
		r.address.Lines = append(append(r.address.Lines, line), r.place...)
	} else if len(r.place) > 0 {
		r.address.Lines = append([]string{""}, r.place...)
	}
	a := &r.address
	if len(a.Lines) > 0 || a.Locality+a.Region+a.Postcode+a.Country+a.Formatted != "" {
		claims["addresses"] = []canonical.Address{*a}
	}
	if len(r.emails) > 0 {
		claims["emails"] = r.emails
	}
	if len(r.phones) > 0 {
		claims["phones"] = r.phones
	}
	if len(r.domains) > 0 {
		claims["domains"] = r.domains
	}
	if len(r.ids) > 0 {
		claims["identifiers"] = r.ids
	}
	return claims
}

// dateOrder is the order of day and month in dates that are written with strokes.
type dateOrder uint8

const (
	unclear dateOrder = iota
	dayFirst
	monthFirst
)

// orderOf finds out the order of day and month from all dates of a column: a number beyond twelve is a day. A column that
// never shows one is not read.
func orderOf(t *Table, column int) dateOrder {
	order := unclear
	for _, cells := range t.Rows {
		day, errDay := time.Parse("2/1/2006", strings.TrimSpace(cells[column]))
		month, errMonth := time.Parse("1/2/2006", strings.TrimSpace(cells[column]))
		switch {
		case errDay == nil && errMonth != nil && day.Day() > 12:
			return dayFirst
		case errMonth == nil && errDay != nil && month.Day() > 12:
			return monthFirst
		}
	}
	return order
}

// readDate reads a birthday: ISO 8601, yyyymmdd, yyyy/mm/dd, dd.mm.yyyy, and dates with strokes when their order is known.
func readDate(text string, order dateOrder) (string, bool) {
	if date, err := canonical.CleanDate(text, nil); err == nil {
		return date, true
	}
	layouts := []string{"2006/1/2", "2.1.2006", "2006-1-2", "2 January 2006", "January 2, 2006", "2 Jan 2006", "Jan 2, 2006", "2-Jan-2006"}
	switch order {
	case dayFirst:
		layouts = append(layouts, "2/1/2006", "2-1-2006")
	case monthFirst:
		layouts = append(layouts, "1/2/2006", "1-2-2006")
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Format(time.DateOnly), true
		}
	}
	return "", false
}
