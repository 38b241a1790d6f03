package ledger

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// traces are what a customer can be recognised by in other records: in the title of a deal, in the text of a ticket.
// There are two sets. The strict one (addresses, numbers, full names) is looked for wherever it may be; the loose one
// also has the single names and domains, and is looked for only in what refers to the customer, where they mean nobody else.
type traces struct {
	strict, loose *regexp.Regexp // nil = nothing to look for
	patterns      []string       // that strict is made of
	titles        *regexp.Regexp // full names of an organization; nil of a person
	needles       [][]byte       // in lower case: what a text must hold to be worth a closer look for the strict set
}

// shortestName is the least number of letters of a single name that is looked for.
const shortestName = 3

// mostNames bounds how many former given and family names are paired with each other.
const mostNames = 20

// tracesOf gathers what profiles say of one customer. Profiles may be of different times: each given name is looked for
// with each family name.
func tracesOf(profiles []canonical.Profile) traces {
	var t tracing
	for i := range profiles {
		t.add(&profiles[i])
	}
	for given := range t.given {
		for family := range t.family {
			t.fullName(given + " " + family)
			t.fullName(family + " " + given)
			t.fullName(family + ", " + given)
		}
	}
	return traces{strict: anyOf(t.strict), loose: anyOf(append(t.names, t.strict...)), patterns: t.strict,
		titles: anyOf(t.titles), needles: t.needles}
}

// sparing is the strict set without the addresses and numbers that another customer says of itself: the switchboard is
// its company's, whoever gave it as their own.
func (t *traces) sparing(p *canonical.Profile) *regexp.Regexp {
	var own tracing
	own.contacts(p)
	return anyOf(slices.DeleteFunc(slices.Clone(t.patterns), func(s string) bool { return slices.Contains(own.strict, s) }))
}

// tracing gathers patterns.
type tracing struct {
	strict, names []string
	titles        []string
	needles       [][]byte
	given, family map[string]bool
}

func (t *tracing) add(p *canonical.Profile) {
	t.contacts(p)
	for _, e := range gjson.GetBytes(p.Get("identifiers"), "#.value").Array() {
		if long(e.Str) {
			t.strict = append(t.strict, spelled(e.Str))
			t.needles = append(t.needles, needlesOf(e.Str)...)
		}
	}
	text := func(name string) string { return gjson.ParseBytes(p.Get(name)).String() }
	switch p.Kind {
	case canonical.Person:
		t.fullName(text("name.full"))
		t.given = t.single(t.given, text("name.given"))
		t.family = t.single(t.family, text("name.family"))
	case canonical.Organization:
		t.title(text("name"))
		t.title(text("legal_name"))
		for _, domain := range gjson.ParseBytes(p.Get("domains")).Array() {
			t.names = append(t.names, spelled(domain.Str))
		}
	}
}

// contacts adds addresses and numbers.
func (t *tracing) contacts(p *canonical.Profile) {
	for _, e := range gjson.GetBytes(p.Get("emails"), "#.address").Array() {
		t.strict = append(t.strict, spelled(e.Str))
		t.needles = append(t.needles, needlesOf(e.Str)...)
	}
	for _, n := range numbersIn(p) {
		t.strict = append(t.strict, dialled(n)...)
		t.needles = append(t.needles, needlesOf(n.Raw)...)
		t.needles = append(t.needles, needlesOf(n.E164)...)
	}
}

// fullName adds a name of several words, and its words as single names.
func (t *tracing) fullName(name string) {
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	if len(words) > 1 || unspaced(name) && utf8.RuneCountInString(name) >= shortestName {
		t.strict = append(t.strict, spelled(name))
		t.needles = append(t.needles, needlesOf(name)...)
	}
	for _, w := range words {
		if telling(w) {
			t.names = append(t.names, spelled(w))
		}
	}
}

// title adds the name of an organization, with and without its legal form. Of several words it is a full name; its words
// alone are those of everybody, and a name of one word may be another's.
func (t *tracing) title(name string) {
	for _, form := range []string{name, withoutLegalForm(name)} {
		switch {
		case strings.ContainsFunc(strings.TrimSpace(form), unicode.IsSpace) || unspaced(form) && long(form):
			t.strict, t.titles = append(t.strict, spelled(form)), append(t.titles, spelled(form))
			t.needles = append(t.needles, needlesOf(form)...)
		case telling(form):
			t.names, t.titles = append(t.names, spelled(form)), append(t.titles, spelled(form))
		}
	}
}

// single adds a given or a family name.
func (t *tracing) single(set map[string]bool, name string) map[string]bool {
	if name == "" || len(set) >= mostNames {
		return set
	}
	if set == nil {
		set = map[string]bool{}
	}
	set[name] = true
	if telling(name) {
		t.names = append(t.names, spelled(name))
	}
	return set
}

// telling reports whether a single name is worth looking for. A character of Han says as much as a syllable.
func telling(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= shortestName || n > 1 && unspaced(name)
}

// long reports whether a text means something wherever it stands.
func long(text string) bool {
	n := utf8.RuneCountInString(text)
	return n >= 7 || n >= shortestName && unspaced(text)
}

// needlesOf returns the forms in which a text is usually written in JSON, in lower case.
func needlesOf(text string) [][]byte {
	words := strings.Fields(text)
	forms := []string{text, strings.Join(words, "\u00a0")}
	if together := strings.Join(words, ""); unspaced(together) {
		forms = append(forms, together)
	}
	var list [][]byte
	for i, form := range forms {
		if !long(form) || slices.Contains(forms[:i], form) {
			continue
		}
		lower := strings.ToLower(form)
		list = append(list, []byte(lower))
		for _, s := range []string{form, lower} {
			if escaped := strings.ToLower(strings.Trim(strconv.QuoteToASCII(s), `"`)); escaped != lower {
				list = append(list, []byte(escaped))
			}
		}
	}
	return list
}

// near reports whether a text holds one of the addresses, numbers or full names as they are usually written.
func (t *traces) near(text []byte) bool {
	if len(t.needles) == 0 {
		return false
	}
	lower := bytes.ToLower(text)
	return slices.ContainsFunc(t.needles, func(n []byte) bool { return bytes.Contains(lower, n) })
}

// in reports whether a body holds one of the addresses, numbers or full names.
func (t *traces) in(b *body, key recKey) (bool, error) {
	if len(b.packed) == 0 {
		return false, nil
	}
	raw, err := b.raw(key)
	return err == nil && t.near(raw), err
}

// named reports whether a text names the customer.
func (t *traces) named(text string) bool {
	_, hit := replace(t.loose, text)
	return hit
}

// dialled are the patterns of a phone number as people write it. Fewer than seven digits are nobody's number.
func dialled(n canonical.PhoneNumber) []string {
	var list []string
	for _, text := range []string{n.Raw, n.E164} {
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, text)
		if len(digits) >= 7 {
			list = append(list, `\+?`+strings.Join(strings.Split(digits, ""), `[\s().\-/]*`))
		}
		if text = strings.TrimSpace(text); len(digits) >= 7 {
			list = append(list, spelled(text))
		}
	}
	return list
}

// anyOf joins patterns, the longest first, because the first that fits is taken.
func anyOf(list []string) *regexp.Regexp {
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return regexp.MustCompile("(?i)" + strings.Join(slices.Compact(list), "|"))
}

// numbersIn are the phone numbers of a profile.
func numbersIn(p *canonical.Profile) []canonical.PhoneNumber {
	var list []canonical.PhoneNumber
	if json.Unmarshal(p.Get("phones"), &list) != nil {
		return nil // absent, or of a form that this version does not know
	}
	return list
}

// mobileIn reports whether a number of a profile is one person's.
func mobileIn(p *canonical.Profile, e164 string) bool {
	numbers := numbersIn(p)
	return len(numbers) == 0 && mobile(canonical.PhoneNumber{}, e164) ||
		slices.ContainsFunc(numbers, func(n canonical.PhoneNumber) bool { return mobile(n, e164) })
}

// mobile reports whether a number is one person's: the source says so, or the numbering plan does. What may as well be
// a switchboard is not: suppressing it would keep colleagues out.
func mobile(n canonical.PhoneNumber, e164 string) bool {
	if n.E164 != e164 && n.E164 != "" || n.Shared {
		return false
	}
	if n.Type == "mobile" {
		return true
	}
	parsed, err := phonenumbers.Parse(e164, "ZZ")
	return err == nil && phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE
}

var address = regexp.MustCompile(`[\pL\pN._%+\-]+@[\pL\pN.\-]+\.[\pL]{2,}`)

// mostAddresses bounds how many addresses of an unmapped text are looked up.
const mostAddresses = 100

// addressesIn lists the e-mail addresses in a text that could not be mapped.
func addressesIn(data []byte) []string {
	var terms []string
	for _, text := range address.FindAll(data, mostAddresses) {
		if clean, _, err := canonical.CleanEmail(string(text)); err == nil {
			terms = append(terms, barTerm(canonical.Person, identity.EmailSpace, clean))
		}
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

var digest = regexp.MustCompile(`^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$`)

// personalID reports whether a vendor's id may itself tell who somebody is: an e-mail address, or the hash of one
// (Mailchimp: MD5 of the address in lower case, https://mailchimp.com/developer/marketing/api/list-members/).
func personalID(id string) bool { return strings.Contains(id, "@") || digest.MatchString(id) }
