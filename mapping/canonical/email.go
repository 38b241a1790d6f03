package canonical

import (
	"errors"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// EmailAddress is one element of an Email value.
type EmailAddress struct {
	// Address is lower case with its domain as IDNA A-labels: what equality is decided on.
	Address string `json:"address"`
	// Display is the address as the source wrote it, when that differs: what one sends to.
	Display  string `json:"display,omitempty"`
	Type     string `json:"type,omitempty"` // work, personal, other
	Primary  bool   `json:"primary,omitempty"`
	Verified bool   `json:"verified,omitempty"` // the source has proof that the address reaches the person
	// Status is ok, bounced, unsubscribed or unknown, "" when the source does not say; BouncedAt a Time.
	Status    string `json:"status,omitempty"`
	BouncedAt string `json:"bounced_at,omitempty"`
	Shared    bool   `json:"shared,omitempty"` // several people read it, so it names nobody
}

var errEmail = errors.New("not an e-mail address")

// CleanEmail returns the address in normal form and, when the source wrote it in another way, as it was written. The
// whole address becomes lower case, since RFC 5321 lets the local part differ by case and nobody relies on it, and is composed
// (NFC, as RFC 6532 section 3.1 has it). Nothing else of the local part is touched (no dots removed, no tag cut): what it means
// is its owner's business.
func CleanEmail(s string) (address, display string, err error) {
	written := strings.TrimSpace(s)
	if strings.ContainsAny(written, "<\"") {
		parsed, err := mail.ParseAddress(written)
		if err != nil {
			return "", "", errEmail
		}
		written = parsed.Address
	}
	at := strings.LastIndexByte(written, '@')
	if at <= 0 || len(written) > 254 || at > 64 || !localPart(written[:at]) {
		return "", "", errEmail
	}
	host, err := CleanHost(written[at+1:])
	if err != nil || strings.IndexByte(host, '.') < 0 {
		return "", "", errEmail
	}
	address = norm.NFC.String(strings.ToLower(written[:at])) + "@" + host
	if address == written {
		return address, "", nil
	}
	return address, written, nil
}

// localPart accepts a dot-atom (RFC 5322, with the letters of RFC 6531) leniently: vendors keep addresses with
// leading or doubled dots that do receive mail.
func localPart(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == 0xFFFD || strings.ContainsRune(`@"(),:;<>[\]`, r) {
			return false
		}
	}
	return true
}

// CleanHost returns a host name in lower case as IDNA A-labels, without a trailing dot.
func CleanHost(s string) (string, error) {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	if asciiHost(s) && !strings.Contains(s, "xn--") {
		return strings.ToLower(s), nil
	}
	host, err := idna.Lookup.ToASCII(s)
	if err != nil || !asciiHost(host) {
		return "", errors.New("not a host name")
	}
	return host, nil
}

// asciiHost reports whether s is dot-separated labels of letters, digits and inner hyphens (RFC 1123).
func asciiHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	length := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if length == 0 || s[i-1] == '-' {
				return false
			}
			length = 0
			continue
		case c == '-':
			if length == 0 {
				return false
			}
		case c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		default:
			return false
		}
		if length++; length > 63 {
			return false
		}
	}
	return length > 0 && s[len(s)-1] != '-'
}

// AppendEmails appends the normal form of addresses that CleanEmail has passed: each once, in the order claimed; null
// when there is none.
func AppendEmails(dst []byte, list []EmailAddress) []byte {
	start := len(dst)
	for i, e := range list {
		if duplicate(list[:i], func(o EmailAddress) bool { return o.Address == e.Address }) {
			continue
		}
		dst = opening(dst, start)
		dst = append(dst, `{"address":`...)
		dst = appendQuoted(dst, e.Address)
		dst = appendMember(dst, "display", e.Display)
		dst = appendMember(dst, "type", e.Type)
		if e.Primary {
			dst = append(dst, `,"primary":true`...)
		}
		if e.Verified {
			dst = append(dst, `,"verified":true`...)
		}
		dst = appendMember(dst, "status", e.Status)
		dst = appendMember(dst, "bounced_at", e.BouncedAt)
		if e.Shared {
			dst = append(dst, `,"shared":true`...)
		}
		dst = append(dst, '}')
	}
	return closing(dst, start)
}
