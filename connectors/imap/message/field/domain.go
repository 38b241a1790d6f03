package field

import (
	"strings"

	"golang.org/x/net/idna"
)

// domain makes one form of a domain: no spaces, no dot at its end, lower case, A-labels.
func domain(s string) string {
	if strings.ContainsAny(s, " \t") {
		s = strings.Join(strings.Fields(s), "")
	}
	s = strings.TrimRight(strings.TrimSuffix(s, ">"), ".")
	if strings.ContainsAny(s, "\"<>(),;\\") || !clean(s) && !beyondASCII(s) {
		return ""
	}
	lower := strings.ToLower(s)
	if !beyondASCII(s) {
		return lower
	}
	if a, err := idna.Lookup.ToASCII(lower); err == nil {
		return a
	}
	return strings.TrimSpace(Line(lower))
}

// localPart makes one form of a local part. Quotes go where RFC 5321 does not need them; its case is its owner's business.
func localPart(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		inner := string(unescape([]byte(s[1 : len(s)-1])))
		if !isDotAtom(inner) {
			return Line(s)
		}
		return inner
	}
	s = strings.Join(strings.Fields(s), "")
	if strings.ContainsAny(s, "<>,;\"") {
		return ""
	}
	return Line(s)
}

// isDotAtom reports whether a local part needs no quotes.
func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`@"(),:;<>[\]`, r) {
			return false
		}
	}
	return true
}

func beyondASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return true
		}
	}
	return false
}
