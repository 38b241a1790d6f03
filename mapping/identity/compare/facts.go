// Package compare says how much two people, or two organizations, look alike: it takes what a profile says apart into
// facts that can be compared, and measures the likeness of names, numbers and addresses.
//
// It does not decide whether they are the same (packages mapping/identity and mapping/identity/score do).
package compare

import (
	"time"

	"github.com/millrace/millrace/mapping/canonical"
)

// Facts is what a profile says of a person or an organization, in the form that comparisons want: folded for search
// (NFKC, case and marks gone), never for show. A fact that is not known is empty. Facts are only read.
type Facts struct {
	Kind canonical.Kind

	Given, Family string   // of a person, folded, without titles and suffixes
	Name          []string // tokens of the whole name, folded; of an organization without its legal form
	Birthday      string   // yyyymmdd; empty when no plausible Gregorian date of somebody alive
	Born          string   // Birthday, or one from 1600 on: of people in archives
	Emails        []string // normal form
	Phones        []string // E.164, or the digits of a number whose country is not known
	Mobiles       []string // those of Phones that are said to be mobile
	IDs           []string // scheme:value, of public registers and other systems; the value in lower case letters and digits
	Domains       []string // registrable
	Street        []string // tokens of the first address, usual abbreviations unified: street is st
	Number        string   // of the house: the first token of the street that begins with a digit
	Road          string   // the street without the number
	Place         string   // what stands beside the street in an address: a building, a part of the town
	Locality      string
	Region        string
	Postcode      string // letters and digits only
	Country       string
	Company       string // name of a person's employer, without its legal form
	Organization  string // reference of a person's employer
	// Others are the values of further fields that the caller of Of named, in the order of their names.
	Others []Attribute
}

// Attribute is the folded value of a field that has no meaning of its own here.
type Attribute struct{ Name, Value string }

// now is when Of thinks it is, for what is no birthday yet.
var now = time.Now

// Of returns the facts of a profile. others names further fields, custom ones for example, whose values are wanted as
// text; those that the profile does not claim are left out. The facts share memory with p.
func Of(p *canonical.Profile, others ...string) *Facts {
	f := &Facts{Kind: p.Kind}
	r := reader{facts: f, person: p.Kind == canonical.Person}
	for i := range p.Fields {
		if v := p.Fields[i].Value; len(v) > 0 && !canonical.IsNull(v) {
			r.read(p.Fields[i].Name, v)
		}
	}
	r.finish()
	for _, name := range others {
		if v := Fold(text(p.Get(name))); v != "" {
			f.Others = append(f.Others, Attribute{name, v})
		}
	}
	return f
}

// Other returns the value of a further field, "" when it is not known.
func (f *Facts) Other(name string) string {
	for i := range f.Others {
		if f.Others[i].Name == name {
			return f.Others[i].Value
		}
	}
	return ""
}
