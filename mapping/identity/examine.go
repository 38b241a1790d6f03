package identity

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// Keys returns the terms under which records are found that could be the same customer as the record self
// (connection/object/id): a must-link for each of Same, addresses, numbers, domains and identifiers that identify, the
// name with what narrows it down, and the scorer's blocks. Each comes once. The values may share memory with p.
func (r *Resolver) Keys(p *canonical.Profile, self string) []Key {
	x := examiner{r: r}
	return x.keys(p, self)
}

// Examine is Keys, with what was passed over and why.
func (r *Resolver) Examine(p *canonical.Profile, self string) ([]Key, []Ignored) {
	x := examiner{r: r, tell: true}
	keys := x.keys(p, self)
	return keys, x.passed
}

// Ignored is a value of a record that identifies nobody, and why.
type Ignored struct {
	Field  string `json:"field"`
	Value  string `json:"value"`
	Reason string `json:"reason"` // "a role address", "held by 5,000 records, more than 10", …
}

type examiner struct {
	r      *Resolver
	list   []Key
	tell   bool
	passed []Ignored
}

func (x *examiner) pass(field, value, reason string) {
	if x.tell {
		x.passed = append(x.passed, Ignored{field, strings.Clone(value), reason})
	}
}

func (x *examiner) keys(p *canonical.Profile, self string) []Key {
	for _, ref := range p.Same {
		if ref != self {
			x.list = add(x.list, RefKey(ref))
		}
	}
	switch p.Kind {
	case canonical.Person:
		x.person(p)
	case canonical.Organization:
		x.organization(p)
	}
	return x.list
}

func (x *examiner) person(p *canonical.Profile) {
	f := compare.Of(p)
	x.emails(p)
	x.phones(p)
	x.identifiers(f)
	x.birthday(p, f)
	if name := wholeName(f); name != "" {
		x.narrowed(f, name)
	}
	x.blocks(f)
}

// narrowed adds the name with each thing that narrows it down. The name alone finds too many.
func (x *examiner) narrowed(f *compare.Facts, name string) {
	if f.Birthday != "" {
		x.name(name, "b", f.Birthday)
	}
	if len(f.Street) > 0 {
		x.name(name, "s", joined(f.Street)+"|"+f.Postcode)
	}
	for _, e := range x.r.employers(f) {
		x.name(name, "e", e)
	}
}

func (x *examiner) organization(p *canonical.Profile) {
	each(p.Get("domains"), func(e gjson.Result) {
		if why := x.r.policy.foreign(e.Str); why != "" {
			x.pass("domains", e.Str, why)
			return
		}
		x.list = add(x.list, Key{Space: DomainSpace, Value: e.Str})
	})
	f := compare.Of(p)
	x.identifiers(f)
	name := joined(f.Name)
	if name == "" || placeholder(name) {
		if name != "" {
			x.pass("name", name, "a placeholder")
		}
		x.blocks(f)
		return
	}
	if f.Postcode != "" {
		x.name(name, "p", f.Postcode)
	}
	if f.Locality != "" {
		x.name(name, "l", f.Locality)
	}
	for _, number := range f.Phones {
		if !fakeNumber(number) {
			x.name(name, "t", number)
		}
	}
	x.blocks(f)
}

// name adds a name with what narrows it down, as a hash: nobody looks for the text of it, and rows stay short. The
// comparison of two records that meet here sees the facts themselves.
func (x *examiner) name(name, what, value string) {
	x.list = add(x.list, Key{Space: NameSpace, Value: nameTerm(name, what, value)})
}

func nameTerm(name, what, value string) string {
	return fmt.Sprintf("%s%016x", what, xxhash.Sum64String(name+"\x00"+value))
}

func (x *examiner) emails(p *canonical.Profile) {
	each(p.Get("emails"), func(e gjson.Result) {
		address := e.Get("address").Str
		if why := x.r.policy.impersonal(address); why != "" {
			x.pass("emails", address, why)
			return
		}
		if e.Get("shared").Bool() {
			x.pass("emails", address, "its source says that several people use it")
			return
		}
		x.list = add(x.list, Key{Space: EmailSpace, Value: address})
		if box := x.r.policy.mailbox(address); box != "" {
			x.list = add(x.list, Key{Space: MailboxSpace, Value: box})
		}
	})
}

func (x *examiner) phones(p *canonical.Profile) {
	each(p.Get("phones"), func(e gjson.Result) {
		number, raw := e.Get("e164").Str, e.Get("raw").Str
		switch {
		case fakeNumber(raw):
			x.pass("phones", raw, "a placeholder")
		case number == "":
			x.pass("phones", raw, "not a valid number with its country code")
		case e.Get("shared").Bool():
			x.pass("phones", raw, "its source says that several people use it")
		case e.Get("type").Str == "fax":
			x.pass("phones", raw, "a fax number")
		default:
			x.list = add(x.list, Key{Space: PhoneSpace, Value: number})
		}
	})
}

func (x *examiner) identifiers(f *compare.Facts) {
	for _, id := range f.IDs {
		if _, value, _ := strings.Cut(id, ":"); placeholder(value) {
			x.pass("identifiers", value, "a placeholder")
		} else {
			x.list = add(x.list, Key{Space: IDSpace, Value: id})
		}
	}
}

// birthday tells of a date that is none of the calendar we count in: 1370 is a year of the Persian one, 2534 of the
// Buddhist one. It is kept and shown, and neither joins nor parts people.
func (x *examiner) birthday(p *canonical.Profile, f *compare.Facts) {
	value := gjson.ParseBytes(p.Get("birthday")).Str
	if value != "" && f.Birthday == "" && !strings.HasPrefix(value, "--") {
		x.pass("birthday", value, "not a plausible date of the Gregorian calendar; say `calendar:` in the mapping when the source uses another one")
	}
}

func (x *examiner) blocks(f *compare.Facts) {
	m := x.r.settings.Models[f.Kind]
	if m == nil {
		return
	}
	for _, b := range m.Blocks(f) {
		x.list = append(x.list, Key{Space: BlockSpace, Value: b})
	}
}

// wholeName returns a person's name in one notation, "" when it has fewer than two parts and so says too little. German
// writes ü as ue where it has to, so the two count as one.
func wholeName(f *compare.Facts) string {
	if len(f.Name) < 2 || slices.ContainsFunc(f.Name, placeholder) {
		return ""
	}
	return umlauts.Replace(joined(f.Name))
}

var umlauts = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")

// joined returns tokens in one order.
func joined(tokens []string) string {
	if len(tokens) == 1 {
		return tokens[0]
	}
	list := slices.Clone(tokens)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// employers names where a person works, as far as the record alone tells: by the domain of a business address, by the
// name of the company, else by the record of it.
func (r *Resolver) employers(f *compare.Facts) []string {
	var list []string
	for _, address := range f.Emails {
		_, host, _ := strings.Cut(address, "@")
		domain, err := canonical.CleanDomain(host)
		if err == nil && r.policy.Own(domain) && !slices.Contains(list, domain) {
			list = append(list, domain)
		}
	}
	if f.Company != "" && !placeholder(f.Company) {
		list = append(list, f.Company)
	}
	if len(list) == 0 && f.Organization != "" {
		list = append(list, f.Organization)
	}
	return list
}

// each calls f for the elements of a list value, which may be absent or null.
func each(value []byte, f func(gjson.Result)) {
	if len(value) < 2 || value[0] != '[' {
		return
	}
	gjson.Parse(unsafe.String(&value[0], len(value))).ForEach(func(_, e gjson.Result) bool {
		f(e)
		return true
	})
}
