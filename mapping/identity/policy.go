package identity

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// Policy decides which values identify. The zero value is the built-in one.
type Policy struct {
	free    map[string]bool
	blocked map[string]bool
	group   map[string]bool
	plus    map[string]bool
	gmail   bool
}

// Options extend the built-in lists of a Policy.
type Options struct {
	FreeMail []string // domains where anybody gets an address: no organization's
	Blocked  []string // domains that identify nobody, one's own for example
	Group    []string // domains that several organizations of one group use: none of them is told by it
	// Gmail and Plus add a second, weaker key to an address: dots and what follows a plus sign do not count at Gmail;
	// at the domains of Plus, what follows a plus sign does not. Such a key joins people only with names that agree.
	Gmail bool
	Plus  []string
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
	return &Policy{free: set(o.FreeMail), blocked: set(o.Blocked), group: set(o.Group), plus: set(o.Plus), gmail: o.Gmail}
}

// Personal reports whether an address in normal form can identify a person: it does not belong to a role
// (info@, support@), a machine (noreply@) or a blocked domain.
func (y *Policy) Personal(address string) bool { return y.impersonal(address) == "" }

// impersonal says why an address identifies nobody, "" when it may.
func (y *Policy) impersonal(address string) string {
	local, host, ok := strings.Cut(address, "@")
	switch {
	case !ok || host == "":
		return "not an address"
	case machines[local]:
		return "the address of a machine"
	case roles[local]:
		return "a role address"
	case blocked[local]:
		return "a placeholder"
	case y.blockedHost(host):
		return "its domain is blocked"
	}
	return ""
}

// Own reports whether a registrable domain can identify an organization: neither free mail, nor a suffix under
// which unrelated organizations have names, nor blocked.
func (y *Policy) Own(domain string) bool { return y.foreign(domain) == "" }

// foreign says why a domain identifies no organization, "" when it may.
func (y *Policy) foreign(domain string) string {
	switch {
	case domain == "":
		return "not a domain"
	case freeMail[domain] || y.free[domain]:
		return "a domain where anybody gets an address"
	case y.group[domain]:
		return "the domain of a group of organizations"
	case y.blockedHost(domain):
		return "a blocked domain"
	case canonical.MultiTenant(domain):
		return "a domain under which unrelated organizations have names"
	}
	return ""
}

// blockedHost knows the names that RFC 2606 reserves for documentation; the top-level domain .example is left alone,
// for that is what demonstrations and tests use for made-up customers.
func (y *Policy) blockedHost(host string) bool {
	switch host {
	case "example.com", "example.org", "example.net", "localhost", "test.com", "none.com":
		return true
	}
	return y.blocked[host] || strings.HasSuffix(host, ".invalid") || strings.HasSuffix(host, ".test")
}

// mailbox returns an address as its provider folds it, "" when it is not folded or stays the same.
func (y *Policy) mailbox(address string) string {
	local, host, _ := strings.Cut(address, "@")
	switch {
	case y.gmail && (host == "gmail.com" || host == "googlemail.com"):
		local, _, _ = strings.Cut(local, "+")
		local, host = strings.ReplaceAll(local, ".", ""), "gmail.com"
	case y.plus[host]:
		local, _, _ = strings.Cut(local, "+")
	default:
		return ""
	}
	if local == "" {
		return ""
	}
	return local + "@" + host
}

// placeholder reports whether a text stands for "nothing": zeros, dashes, "none", "unknown" … (Segment's list of blocked
// values, https://segment.com/docs/unify/identity-resolution/identity-resolution-settings/, and what people type.)
func placeholder(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.Trim(s, "0-. /") == "" || s == "-1" || blocked[s]
}

// fakeNumber reports whether the digits of a phone number were only typed to fill a field: one digit over and over, or
// a run up or down the keyboard.
func fakeNumber(number string) bool {
	var digits []byte
	for i := range len(number) {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	if len(digits) < 5 {
		return true
	}
	same, up, down := 1, 1, 1 // the longest run that ends with the last digit
	for i := len(digits) - 1; i > 0 && digits[i] == digits[i-1]; i-- {
		same++
	}
	for i := len(digits) - 1; i > 0 && digits[i] == '0'+(digits[i-1]-'0'+1)%10; i-- {
		up++
	}
	for i := len(digits) - 1; i > 0 && digits[i-1] == '0'+(digits[i]-'0'+1)%10; i-- {
		down++
	}
	return same >= 7 || max(same, up, down) >= min(9, len(digits))
}
