// Package compare says how much two people, or two organizations, look alike: it takes what a profile says apart into
// facts that can be compared, and measures the likeness of names, numbers and addresses.
//
// It does not decide whether they are the same (packages mapping/identity and mapping/identity/score do).
package compare

import "github.com/millrace/millrace/mapping/canonical"

// Facts is what a profile says of a person or an organization, in the form that comparisons want: folded for search
// (NFKC, case and marks gone), never for show. A fact that is not known is empty. Facts are only read.
type Facts struct {
	Kind canonical.Kind

	Given, Family string   // of a person, folded
	Name          []string // tokens of the whole name, folded; of an organization without its legal form
	Birthday      string   // yyyymmdd; empty when no plausible Gregorian date
	Emails        []string // normal form
	Phones        []string // E.164, or the digits of a number whose country is not known
	Mobiles       []string // those of Phones that are said to be mobile
	IDs           []string // scheme:value, of public registers and other systems
	Domains       []string // registrable
	Street        []string // tokens
	Locality      string
	Region        string
	Postcode      string
	Country       string
	Company       string // name of a person's employer, without its legal form
	Organization  string // reference of a person's employer
}
