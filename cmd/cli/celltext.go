package cli

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// What vendors hold is written by strangers: a name may hold control characters that move the cursor, or be written from
// right to left and turn a line of a table around. Every text of a customer goes through printable before it is shown.

// isolate and isolated enclose a text whose direction shall not touch its surroundings: FIRST STRONG ISOLATE and POP
// DIRECTIONAL ISOLATE (https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates).
const (
	isolate  = '\u2068'
	isolated = '\u2069'
)

// printable returns a text on one line without what a terminal would obey: control characters, and marks of direction
// and other invisible formatting but the joiners that scripts need. A text with letters that are written from right to
// left is isolated.
func printable(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		plain = plain && s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	leftwards, blank := false, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d', unicode.Is(unicode.Co, r), r == unicode.ReplacementChar:
			continue
		}
		blank = false
		leftwards = leftwards || isLeftwards(r)
		b.WriteRune(r)
	}
	out := strings.TrimSpace(b.String())
	if leftwards {
		return string(isolate) + out + string(isolated)
	}
	return out
}

func isLeftwards(r rune) bool {
	if r < 0x0590 { // nothing below the Hebrew block is
		return false
	}
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}

// columns returns how many columns of a terminal a printable text takes: East Asian wide characters take two
// (https://www.unicode.org/reports/tr11/), marks that combine and invisible ones none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// shorten cuts a printable text to so many columns, 0 = any; one that is isolated stays so.
func shorten(s string, most int) string {
	if most <= 0 || columns(s) <= most {
		return s
	}
	var b strings.Builder
	n, open := 0, false
	for _, r := range s {
		if n+columnsOf(r) > most-1 {
			break
		}
		open = open && r != isolated || r == isolate
		n += columnsOf(r)
		b.WriteRune(r)
	}
	b.WriteRune('…')
	if open {
		b.WriteRune(isolated)
	}
	return b.String()
}
