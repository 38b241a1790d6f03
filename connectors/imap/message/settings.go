package message

import (
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// Settings say what is kept of a mail, and who its owner is.
type Settings struct {
	Own  Own
	Body Policy
	// MaxBody is how many bytes of text Full keeps; 0 is DefaultMaxBody.
	MaxBody int
}

// Policy is how much of what a mail says is kept.
type Policy string

// The policies. All keep headers and the names of attachments.
const (
	None    Policy = "none"    // nothing of the text; the zero value means it too
	Snippet Policy = "snippet" // the first 300 characters of what its author wrote
	Full    Policy = "full"    // all text up to MaxBody, and the snippet
)

// The bounds of text.
const (
	DefaultMaxBody = 128 << 10
	maxBody        = 1 << 20
	snippetLength  = 300 // characters
)

// maxBody returns the bound of a body in bytes.
func (s *Settings) maxBody() int {
	if s.MaxBody <= 0 {
		return DefaultMaxBody
	}
	return min(s.MaxBody, maxBody)
}

// Own tells our own addresses from those of others.
type Own struct {
	addresses map[string]bool
	domains   map[string]bool
}

// NewOwn returns the owner of some addresses and of all addresses of some domains and what is below them.
func NewOwn(addresses, domains []string) Own {
	o := Own{addresses: make(map[string]bool), domains: make(map[string]bool)}
	for _, a := range addresses {
		o.addresses[plain(field.Clean(a, nil))] = true
	}
	for _, d := range domains {
		_, host, _ := strings.Cut(field.Clean("x@"+strings.TrimPrefix(strings.TrimSpace(d), "@"), nil), "@")
		o.domains[host] = true
	}
	delete(o.addresses, "")
	delete(o.domains, "")
	return o
}

// Has reports whether an address is ours. The case of letters does not count, nor does a tag as in sales+web@ours.example.
func (o Own) Has(address string) bool {
	at := strings.LastIndexByte(address, '@')
	return at > 0 && (o.addresses[plain(address)] || o.HasDomain(address[at+1:]))
}

// HasDomain reports whether a domain is ours, or below one that is.
func (o Own) HasDomain(host string) bool {
	for host = strings.ToLower(host); host != ""; {
		if o.domains[host] {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// plain returns what of an address is compared.
func plain(address string) string {
	address = strings.ToLower(address)
	local, host, ok := strings.Cut(address, "@")
	if plus := strings.IndexByte(local, '+'); ok && plus > 0 {
		return local[:plus] + "@" + host
	}
	return address
}
