package asana

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Asana names no limits for these; longer ones are known to be refused by the app, so they are cut instead of becoming
// dead letters. Lengths are in UTF-16 units, the strictest way of counting characters.
const (
	maxTitle = 1024
	maxName  = 255 // projects, sections, fields and options
	maxValue = 1024
)

const ellipsis = "…"

// oneLine makes s fit for a title: valid UTF-8, blanks for line breaks and tabs, no other control characters, cut to max
// with an ellipsis. Right-to-left text and its marks stay as they are.
func oneLine(s string, max int) string {
	if clean(s, "") {
		return cut(s, max)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return cut(s, max)
}

// manyLines makes s fit for a description: as oneLine, with its line breaks and tabs, and without a bound.
func manyLines(s string) string {
	if clean(s, "\n\t") {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// clean reports whether s is printable ASCII and what else is allowed: then there is nothing to do for most texts.
func clean(s, also string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < ' ' || c > '~') && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return true
}

// name makes s fit for what is found again by its name; blanks around it are not significant to people.
func name(s string) string { return strings.TrimSpace(oneLine(s, maxName)) }

// cut shortens s to max UTF-16 units, ellipsis included.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	units, keep := 0, len(s)
	for i, r := range s {
		n := 1
		if r > 0xFFFF {
			n = 2
		}
		if units+n > max-1 && keep == len(s) {
			keep = i
		}
		units += n
	}
	if units <= max {
		return s
	}
	return s[:keep] + ellipsis
}

// cutBytes shortens s to at most max bytes at a character's boundary.
func cutBytes(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// fold is how names are compared where Asana ignores case.
func fold(s string) string { return strings.ToLower(name(s)) }
