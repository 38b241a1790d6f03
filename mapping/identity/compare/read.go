package compare

import (
	"bytes"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// reader gathers the facts of one profile.
type reader struct {
	facts                                *Facts
	person                               bool
	full, given, middle, family, company string
	street                               string
}

// read takes one claim that is not empty.
func (r *reader) read(name string, v []byte) {
	f := r.facts
	switch name {
	case "name", "name.full":
		r.full = text(v)
	case "name.given":
		r.given = text(v)
	case "name.middle":
		r.middle = text(v)
	case "name.family":
		r.family = text(v)
	case "legal_name":
		if r.full == "" { // "legal_name" sorts before "name", which overwrites it
			r.full = text(v)
		}
	case "birthday":
		f.Birthday, f.Born = birthday(text(v))
	case "emails":
		list(v, func(e gjson.Result) { f.Emails = appendNew(f.Emails, e.Get("address").Str) })
	case "phones":
		list(v, r.phone)
	case "domains":
		list(v, func(e gjson.Result) { f.Domains = appendNew(f.Domains, e.Str) })
	case "identifiers":
		list(v, r.identifier)
	case "addresses":
		list(v, r.address)
	case "company":
		r.company = text(v)
	case "organization":
		f.Organization = text(v)
	default:
		r.flat(name, v)
	}
}

// flat takes a part of an address that is a field of its own.
func (r *reader) flat(name string, v []byte) {
	part, ok := strings.CutPrefix(name, "address.")
	if !ok {
		return
	}
	switch part {
	case "street":
		r.street = text(v)
	case "locality", "region", "postcode", "country":
		r.place(part, text(v))
	}
}

func (r *reader) place(part, s string) {
	f := r.facts
	switch part {
	case "locality":
		f.Locality = Fold(s)
	case "region":
		f.Region = Fold(s)
	case "postcode":
		f.Postcode = alnum(s)
	case "country":
		f.Country = Fold(s)
	}
}

// address takes an element of a list of addresses: the first one that is there counts.
func (r *reader) address(e gjson.Result) {
	f := r.facts
	if r.street != "" || f.Locality != "" || f.Postcode != "" {
		return
	}
	r.street = e.Get("street").Str
	lines := e.Get("lines").Array()
	if r.street == "" && len(lines) > 0 {
		r.street, lines = lines[0].Str, lines[1:]
	}
	if r.street == "" {
		r.street = e.Get("formatted").Str
	}
	for i, line := range lines {
		if i > 0 {
			f.Place += " "
		}
		f.Place += Fold(line.Str)
	}
	for _, part := range [...]string{"locality", "region", "postcode", "country"} {
		r.place(part, e.Get(part).Str)
	}
}

func (r *reader) phone(e gjson.Result) {
	number := e.Get("e164").Str
	if number == "" {
		number = digits(e.Get("raw").Str)
	}
	if len(number) < 5 || oneDigit(number) {
		return
	}
	f := r.facts
	f.Phones = appendNew(f.Phones, number)
	if e.Get("type").Str == "mobile" {
		f.Mobiles = appendNew(f.Mobiles, number)
	}
}

func (r *reader) identifier(e gjson.Result) {
	if v := alnum(e.Get("value").Str); v != "" && !oneDigit(v) {
		r.facts.IDs = appendNew(r.facts.IDs, e.Get("scheme").Str+":"+v)
	}
}

// finish derives the facts that come from several claims.
func (r *reader) finish() {
	f := r.facts
	if r.street != "" {
		f.Street, f.Number, f.Road = streetOf(r.street)
	}
	if !r.person {
		f.Name = Legal(r.full)
		return
	}
	f.Given, f.Family = person(r.given), person(r.family)
	if f.Given == "" && f.Family == "" {
		f.Given, f.Family, f.Name = split(r.full)
	} else {
		f.Name = append(tokens(f.Given), tokens(person(r.middle))...)
		f.Name = append(f.Name, tokens(f.Family)...)
	}
	if r.company != "" {
		f.Company = strings.Join(Legal(r.company), " ")
	}
}

// birthday returns a full-date as yyyymmdd when somebody could have been born then: a Gregorian year from 1875 (the
// longest life that is proven began in it) to the next, which forgives a clock; born reaches back to 1600, before which
// lie the present years of other calendars. A birthday without its year, and the year of another calendar, are not known.
func birthday(date string) (alive, born string) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil || t.Year() < 1600 || t.Year() > now().Year()+1 {
		return "", ""
	}
	born = date[:4] + date[5:7] + date[8:]
	if t.Year() < 1875 {
		return "", born
	}
	return born, born
}

// text returns a JSON string's content, that of a typed custom value, or the literal of another scalar.
func text(v []byte) string {
	if len(v) == 0 || canonical.IsNull(v) {
		return ""
	}
	if len(v) > 1 && v[0] == '"' && bytes.IndexByte(v, '\\') < 0 {
		return unsafe.String(&v[1], len(v)-2) // as nearly all are
	}
	e := gjson.Parse(unsafe.String(&v[0], len(v)))
	if e.IsObject() {
		e = e.Get("v")
	}
	return e.String()
}

// list calls f for the elements of a list.
func list(v []byte, f func(gjson.Result)) {
	if len(v) < 2 || v[0] != '[' {
		return
	}
	gjson.Parse(unsafe.String(&v[0], len(v))).ForEach(func(_, e gjson.Result) bool {
		f(e)
		return true
	})
}

func appendNew(list []string, s string) []string {
	if s == "" {
		return list
	}
	for _, old := range list {
		if old == s {
			return list
		}
	}
	return append(list, s)
}
