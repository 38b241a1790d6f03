package identity

import (
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// The spaces of keys.
const (
	RefSpace    = "ref"    // Value is a record's connection/object/id
	EmailSpace  = "email"  // of people
	DomainSpace = "domain" // of organizations
)

// Key is something that two records of one customer share.
type Key struct {
	Space, Value string
	// Strong keys are must-links: the source itself says that it is the same thing. A strong key of RefSpace also
	// joins the record that it names, which does not list itself.
	Strong bool
}

// RefKey returns the must-link to another record: the one a vendor merged this one into, for example.
func RefKey(ref string) Key { return Key{Space: RefSpace, Value: ref, Strong: true} }

// Policy decides which values identify. The zero value is the built-in one.
type Policy struct {
	free    map[string]bool
	blocked map[string]bool
}

// Options extend the built-in lists of a Policy.
type Options struct {
	FreeMail []string // domains where anybody gets an address: no organization's
	Blocked  []string // domains that identify nobody, one's own for example
}

// NewPolicy returns the built-in policy extended by o. Domains are taken in any notation; what is none is ignored.
func NewPolicy(o Options) *Policy {
	set := func(list []string) map[string]bool {
		m := make(map[string]bool, len(list))
		for _, s := range list {
			if host, err := canonical.CleanHost(s); err == nil {
				m[host] = true
			}
		}
		return m
	}
	return &Policy{free: set(o.FreeMail), blocked: set(o.Blocked)}
}

var builtin Policy

// Keys returns the keys of a record's profile under the built-in policy; see Policy.Keys.
func Keys(p *canonical.Profile, self string) []Key { return builtin.Keys(p, self) }

// Keys returns the keys of the profile of the record self (connection/object/id): a must-link for each of Same, the
// e-mail addresses of a person unless they belong to a role or are blocked, the domains of an organization unless
// everybody can have one. Each key comes once. The values share memory with p.
func (y *Policy) Keys(p *canonical.Profile, self string) []Key {
	var keys []Key
	for _, ref := range p.Same {
		if ref != self {
			keys = add(keys, RefKey(ref))
		}
	}
	switch p.Kind {
	case canonical.Person:
		each(p.Get("emails"), func(e gjson.Result) {
			if address := e.Get("address").Str; y.Personal(address) {
				keys = add(keys, Key{Space: EmailSpace, Value: address})
			}
		})
	case canonical.Organization:
		each(p.Get("domains"), func(e gjson.Result) {
			if y.Own(e.Str) {
				keys = add(keys, Key{Space: DomainSpace, Value: e.Str})
			}
		})
	}
	return keys
}

// Personal reports whether an address in normal form can identify a person: it does not belong to a role
// (info@, support@), a machine (noreply@) or a blocked domain.
func (y *Policy) Personal(address string) bool {
	local, host, ok := strings.Cut(address, "@")
	return ok && host != "" && !roles[local] && !y.blockedHost(host)
}

// Own reports whether a registrable domain can identify an organization: neither free mail, nor a suffix under
// which unrelated organizations have names, nor blocked.
func (y *Policy) Own(domain string) bool {
	return domain != "" && !freeMail[domain] && !y.free[domain] && !y.blockedHost(domain) && !canonical.MultiTenant(domain)
}

// blockedHost knows the names that RFC 2606 reserves for documentation; the top-level domain .example is left alone,
// for that is what demonstrations and tests use for made-up customers.
func (y *Policy) blockedHost(host string) bool {
	switch host {
	case "example.com", "example.org", "example.net":
		return true
	}
	return y.blocked[host] || strings.HasSuffix(host, ".invalid")
}

func add(keys []Key, k Key) []Key {
	for _, old := range keys {
		if old == k {
			return keys
		}
	}
	return append(keys, k)
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
