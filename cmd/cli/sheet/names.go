package sheet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// slot is what a column is good for.
type slot string

// The slots of a row; an identifier's and a further field's name follow theirs.
const (
	full       slot = "full"
	given      slot = "given"
	family     slot = "family"
	middle     slot = "middle"
	legal      slot = "legal"
	birthday   slot = "birthday"
	email      slot = "email"
	phone      slot = "phone"
	mobile     slot = "mobile"
	company    slot = "company"
	domain     slot = "domain"
	number     slot = "number"
	street     slot = "street"
	place      slot = "place"
	locality   slot = "locality"
	region     slot = "region"
	postcode   slot = "postcode"
	country    slot = "country"
	formatted  slot = "formatted"
	identifier slot = "identifiers."
	other      slot = "="
)

// slots are the names of fields, those of the catalogue and those that people use for them, in lower case letters.
var slots = map[slot]string{
	full:      "name namefull fullname displayname namedisplay contactname personname",
	given:     "namegiven givenname firstname given first forename namefirst christianname vorname",
	family:    "namefamily familyname lastname surname family last namelast namesurname nachname",
	middle:    "namemiddle middlename middle middleinitial",
	legal:     "legalname namelegal",
	birthday:  "birthday birthdate dateofbirth dob born birth birthdaydate",
	email:     "email emailaddress emails emailsaddress emailaddresses mail emailsemail emailwork",
	phone:     "phone phones phonenumber phonenumbers phonese164 phonesraw phonesnumber telephone tel phonework phonehome phonese164 fixedline",
	mobile:    "mobile mobilephone phonemobile phonesmobile cell cellphone mobilenumber",
	company:   "company companyname employer organization organizationname organisation organisationname affiliations affiliationsorg affiliationsorganization",
	domain:    "domain domains website websites homepage web site domainsdomain websiteurl",
	number:    "addressnumber housenumber streetnumber addresshousenumber addressstreetnumber addressesnumber addresseshousenumber",
	street:    "addressstreet street streetname addressstreetname addressline1 addresslines addressline line1 addressesstreet addresseslines addressesline1 addressaddress1 address1 streetaddress addressstreetaddress road",
	place:     "addressline2 addressline3 addresslines1 addresslines2 addresseslines1 addresseslines2 addressesline2 addressplace address2 line2 line3 addressaddress2 building addressbuilding unit addressunit addressextended",
	locality:  "addresslocality addresseslocality locality city town addresscity addressescity addresstown suburb addresssuburb place municipality",
	region:    "addressregion addressesregion region state province addressstate addressesstate addressprovince county",
	postcode:  "addresspostcode addressespostcode postcode postalcode zip zipcode addresszip addresszipcode addresspostalcode addressespostalcode plz postal",
	country:   "addresscountry addressescountry country addresscountrycode addressescountrycode countrycode",
	formatted: "address addresses addressformatted addressesformatted formattedaddress addressfull fulladdress postaladdress",
}

var (
	named      = index()
	listMark   = regexp.MustCompile(`\[(?:0|\*)?\]`)
	bracket    = regexp.MustCompile(`^(?:identifiers?|ids?|externalids?|external_ids?)(?:\[["']?([^\]"']+)["']?\])?(?:\.(.+))?$`)
	repeated   = regexp.MustCompile(`^(email|phone|mobile|domain)s?\d+(address|number|e164|raw)?$`)
	notLetters = regexp.MustCompile(`[^\p{L}\p{N}]+`)
)

func index() map[string]slot {
	m := map[string]slot{}
	for s, words := range slots {
		for _, w := range strings.Fields(words) {
			m[w] = s
		}
	}
	return m
}

// errField says that a field is not known.
var errField = errors.New("no such field")

// slotOf finds what a field of a map file means. It takes the names of the catalogue, with or without the marks of a list,
// and those that people use for them.
func slotOf(kind canonical.Kind, name string) (slot, error) {
	plain := listMark.ReplaceAllString(strings.ToLower(strings.TrimSpace(name)), "")
	if m := bracket.FindStringSubmatch(plain); m != nil {
		return identifier + slot(schemeOf(m[1], m[2])), nil
	}
	key := notLetters.ReplaceAllString(plain, "")
	if m := repeated.FindStringSubmatch(key); m != nil {
		key = m[1]
	}
	if s, ok := named[key]; ok && fits(kind, s) {
		return s, nil
	}
	if _, err := canonical.Lookup(kind, strings.TrimSpace(name)); err == nil {
		return other + slot(strings.TrimSpace(name)), nil
	}
	return "", unknownField(kind, name)
}

// schemeOf returns the scheme of identifiers[scheme], identifiers.scheme or identifiers[].value.
func schemeOf(inBrackets, behind string) string {
	switch {
	case inBrackets != "" && strings.Trim(inBrackets, "0123456789") != "":
		return inBrackets
	case behind != "" && behind != "value" && behind != "id":
		return strings.TrimSuffix(behind, ".value")
	}
	return "id" + inBrackets
}

// fits reports whether a kind has a slot.
func fits(kind canonical.Kind, s slot) bool {
	switch s {
	case given, family, middle, birthday, company:
		return kind == canonical.Person
	case legal, domain:
		return kind == canonical.Organization
	}
	return true
}

// unknownField names the nearest field and lists the usual ones.
func unknownField(kind canonical.Kind, name string) error {
	usual := UsualFields(kind)
	hint := ""
	if near := connectors.Nearest(name, append(slices.Clone(usual), canonical.Names(kind)...)); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("%w %q of %s%s There are %s", errField, name, article(kind), hint, strings.Join(usual, ", "))
}

func article(kind canonical.Kind) string {
	if kind == canonical.Organization {
		return "an organization"
	}
	return "a person"
}

// UsualFields are the fields that a map file names as a rule; it may name every other field of the catalogue, too.
func UsualFields(kind canonical.Kind) []string {
	address := []string{"address.number", "address.street", "address.line2", "address.locality", "address.region", "address.postcode", "address.country", "address.formatted", "identifiers.<scheme>", "custom.<name>"}
	if kind == canonical.Organization {
		return append([]string{"name", "legal_name", "domains", "emails", "phones"}, address...)
	}
	return append([]string{"name.full", "name.given", "name.middle", "name.family", "birthday", "gender", "emails", "phones", "mobile", "company"}, address...)
}
