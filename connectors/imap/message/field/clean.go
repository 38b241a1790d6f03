package field

import (
	"strings"
	"unicode/utf8"
)

// Line makes text fit for one line of anything: control characters and line ends become spaces, runs of spaces one. What
// changes the direction of writing stays, Hebrew and Arabic need it.
func Line(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		if r <= ' ' || 0x7f <= r && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// clean reports whether Line would change nothing, for the many texts that are plain.
func clean(s string) bool {
	if s == "" {
		return true
	}
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' '
}

// uncontrolled drops control characters.
func uncontrolled(r rune) rune {
	if r < ' ' && r != '\t' || 0x7f <= r && r < 0xa0 {
		return -1
	}
	return r
}

// Cut returns at most n bytes of a text, whole characters only.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
