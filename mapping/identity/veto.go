package identity

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// veto says why two records of one kind cannot be the same unless a source or a person says so, "" when nothing speaks
// against it.
func (r *Resolver) veto(a, b *Member) string {
	if why := crossed(a, b); why != "" {
		return why
	}
	switch a.Kind {
	case canonical.Person:
		// With a scorer a birthday that differs is evidence to be weighed, not a wall: people mistype more than one digit.
		if r.settings.Models[canonical.Person] == nil && differ(a.Facts.Birthday, b.Facts.Birthday) &&
			compare.Distance(a.Facts.Birthday, b.Facts.Birthday, 2) > 1 {
			return "different birthdays"
		}
	case canonical.Organization:
		if scheme := parted(a.Facts.IDs, b.Facts.IDs); scheme != "" {
			return "different " + scheme
		}
	}
	return ""
}

// parted returns a scheme of public registers in which both are known under numbers that have none in common.
func parted(a, b []string) string {
	for _, x := range a {
		scheme, _, _ := strings.Cut(x, ":")
		if registers[scheme] && !meets(a, b, scheme) && hasScheme(b, scheme) {
			return scheme
		}
	}
	return ""
}

func hasScheme(ids []string, scheme string) bool {
	for _, id := range ids {
		if strings.HasPrefix(id, scheme+":") {
			return true
		}
	}
	return false
}

func meets(a, b []string, scheme string) bool {
	for _, x := range a {
		if !strings.HasPrefix(x, scheme+":") {
			continue
		}
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// registers give each organization one number at most. A D-U-N-S number is given to each site, so it parts nothing.
var registers = map[string]bool{"vat": true, "lei": true, "company_no": true}

// crossed says that two records are linked to different records of one object of a third system: that system keeps them
// apart. Links into a record's own connection are merges, of which it can have many.
func crossed(a, b *Member) string {
	for _, x := range a.Keys {
		if x.Space != RefSpace || !x.Strong {
			continue
		}
		group := objectOf(x.Value)
		if connectionOf(group) == connectionOf(a.Ref) || connectionOf(group) == connectionOf(b.Ref) || connectionOf(group) == manual {
			continue
		}
		if linked(b, group) && !holds(b, x) {
			return "linked to different records of " + group
		}
	}
	return ""
}

// manual is the connection of what people say; it links to whatever they name.
const manual = "hub"

func linked(m *Member, group string) bool {
	for _, k := range m.Keys {
		if k.Space == RefSpace && k.Strong && objectOf(k.Value) == group {
			return true
		}
	}
	return false
}

func holds(m *Member, k Key) bool {
	for _, o := range m.Keys {
		if o == k {
			return true
		}
	}
	return false
}

func connectionOf(ref string) string {
	connection, _, _ := strings.Cut(ref, "/")
	return connection
}
