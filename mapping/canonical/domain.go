package canonical

import (
	"errors"
	"strings"

	"golang.org/x/net/publicsuffix"
)

var errDomain = errors.New("not a registrable domain")

// CleanDomain returns the registrable domain (public suffix plus one label, as A-labels) of a domain, host name or
// web address. Private suffixes count: shop.myshopify.com stays as it is, for it is one organization, and
// myshopify.com itself is an error, for it is everybody.
func CleanDomain(s string) (string, error) {
	host, err := CleanHost(hostOf(s))
	if err != nil || numericTail(host) {
		return "", errDomain
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return "", errDomain
	}
	return domain, nil
}

// MultiTenant reports whether domain is itself a public suffix, under which unrelated organizations have names.
func MultiTenant(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// hostOf cuts scheme, user, port and path off a web address.
func hostOf(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s = s[:i]
	}
	return s
}

// numericTail tells an IPv4 address from a name: no top-level domain is a number.
func numericTail(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && last[0] >= '0' && last[0] <= '9'
}
