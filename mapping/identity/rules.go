package identity

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// rule is one kind of deterministic evidence. The probabilities are the model's classes (model 4.2): what is strong
// joins, what is medium joins when the policy says so and is shown to a person otherwise.
type rule struct {
	name        string
	probability float64
	strong      bool
	// holds returns the shared value that proves it, "" when the two do not share it.
	holds func(r *Resolver, a, b *Member) string
}

var personRules = []rule{
	{"identifier", .999, true, func(_ *Resolver, a, b *Member) string { return shared(a, b, IDSpace) }},
	{"e-mail address", .99, true, func(_ *Resolver, a, b *Member) string { return shared(a, b, EmailSpace) }},
	{"mobile number and name", .97, true, mobileAndName},
	{"mailbox and name", .95, true, mailboxAndName},
	{"full name and birthday", .95, false, nameAndBirthday},
	{"phone number and full name", .93, false, phoneAndName},
	{"full name and street", .92, false, nameAndStreet},
	{"full name and employer", .90, false, nameAndEmployer},
}

const domainRule = "domain"

var organizationRules = []rule{
	{"identifier", .999, true, func(_ *Resolver, a, b *Member) string { return shared(a, b, IDSpace) }},
	{domainRule, .97, true, func(_ *Resolver, a, b *Member) string { return shared(a, b, DomainSpace) }},
	{"name and phone number", .92, false, nameAndPhone},
	{"name and postal code", .92, false, nameAndPostcode},
	{"name and city", .90, false, nameAndCity},
}

func rulesOf(k canonical.Kind) []rule {
	switch k {
	case canonical.Person:
		return personRules
	case canonical.Organization:
		return organizationRules
	}
	return nil
}

func shared(a, b *Member, space string) string {
	value, _ := shares(a.Keys, b.Keys, space)
	return value
}

// mobileAndName is P6: a phone that is somebody's own, and names that can be the same.
func mobileAndName(_ *Resolver, a, b *Member) string {
	number := shared(a, b, PhoneSpace)
	if number == "" || !slices.Contains(a.Facts.Mobiles, number) && !slices.Contains(b.Facts.Mobiles, number) {
		return ""
	}
	if !compare.Compatible(a.Facts, b.Facts) {
		return ""
	}
	return number
}

// mailboxAndName is P5: an address as its provider folds it. The key exists only where that was wanted.
func mailboxAndName(_ *Resolver, a, b *Member) string {
	box := shared(a, b, MailboxSpace)
	if box == "" || !compare.Compatible(a.Facts, b.Facts) {
		return ""
	}
	return box
}

// sameName returns the whole name when both have it, in whatever order of given and family name.
func sameName(a, b *Member) string {
	name := wholeName(a.Facts)
	if name == "" || name != wholeName(b.Facts) {
		return ""
	}
	return name
}

func nameAndBirthday(_ *Resolver, a, b *Member) string {
	name := sameName(a, b)
	if name == "" || a.Facts.Birthday == "" || a.Facts.Birthday != b.Facts.Birthday {
		return ""
	}
	return name + ", " + a.Facts.Birthday
}

func phoneAndName(_ *Resolver, a, b *Member) string {
	number, name := shared(a, b, PhoneSpace), sameName(a, b)
	if number == "" || name == "" {
		return ""
	}
	return name + ", " + number
}

func nameAndStreet(_ *Resolver, a, b *Member) string {
	name, street := sameName(a, b), joined(a.Facts.Street)
	if name == "" || street == "" || street != joined(b.Facts.Street) || differ(a.Facts.Postcode, b.Facts.Postcode) {
		return ""
	}
	return name + ", " + strings.Join(a.Facts.Street, " ")
}

func nameAndEmployer(r *Resolver, a, b *Member) string {
	name := sameName(a, b)
	if name == "" {
		return ""
	}
	theirs := r.employers(b.Facts)
	for _, e := range r.employers(a.Facts) {
		if slices.Contains(theirs, e) {
			return name + ", " + e
		}
	}
	return ""
}

// sameCompany returns the name of an organization without its legal form, when both have it and no country parts them.
func sameCompany(a, b *Member) string {
	name := joined(a.Facts.Name)
	if name == "" || placeholder(name) || name != joined(b.Facts.Name) || differ(a.Facts.Country, b.Facts.Country) {
		return ""
	}
	return name
}

func nameAndPhone(_ *Resolver, a, b *Member) string {
	name := sameCompany(a, b)
	if name == "" {
		return ""
	}
	for _, number := range a.Facts.Phones {
		if !fakeNumber(number) && slices.Contains(b.Facts.Phones, number) {
			return name + ", " + number
		}
	}
	return ""
}

func nameAndPostcode(_ *Resolver, a, b *Member) string {
	name := sameCompany(a, b)
	if name == "" || a.Facts.Postcode == "" || a.Facts.Postcode != b.Facts.Postcode {
		return ""
	}
	return name + ", " + a.Facts.Postcode
}

func nameAndCity(_ *Resolver, a, b *Member) string {
	name := sameCompany(a, b)
	if name == "" || a.Facts.Locality == "" || a.Facts.Locality != b.Facts.Locality || differ(a.Facts.Postcode, b.Facts.Postcode) {
		return ""
	}
	return name + ", " + a.Facts.Locality
}

// differ reports whether two facts contradict each other; one that is not known contradicts nothing.
func differ(a, b string) bool { return a != "" && b != "" && a != b }
