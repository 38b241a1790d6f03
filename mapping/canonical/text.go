package canonical

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The longest texts a claim keeps, in bytes. What is longer is cut at a character and marked with an ellipsis: the
// ledger still has the record verbatim, and no project tool shows more.
const (
	MaxText = 16 << 10
	MaxLong = 64 << 10
)

const ellipsis = "…"

// CleanText returns s as a Text value has it: NFC, trimmed, runs of white space collapsed to one space, control
// characters stripped, at most MaxText bytes. Letters of any script and the joiners they need (ZWJ, ZWNJ) stay; marks
// of direction do not: they are pasted in by editors, nobody sees them, and they make equal names differ.
func CleanText(s string) string {
	if plain(s) {
		return cut(s, MaxText)
	}
	return cut(strings.Join(strings.Fields(scrub(s, false)), " "), MaxText)
}

// CleanLong returns s as a Long value has it: like CleanText, but line breaks stay (as \n, at most one empty line
// between two paragraphs), of the marks of direction only those are stripped that could turn what follows around, and
// the limit is MaxLong.
func CleanLong(s string) string {
	if plain(s) {
		return cut(s, MaxLong)
	}
	lines := strings.Split(scrub(s, true), "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return cut(strings.TrimSpace(strings.Join(kept, "\n")), MaxLong)
}

// plain reports whether s is printable ASCII without a leading, trailing or double space: most values are, and need
// no work.
func plain(s string) bool {
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

// scrub repairs broken UTF-8, composes (NFC) and removes what is not text. CR LF and CR count as line breaks.
func scrub(s string, lines bool) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if lines {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case unicode.IsSpace(r):
			return ' '
		case unseen(r), !lines && turns(r):
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(s)
}

// unseen reports whether a character is nothing that a text says: a control, a mark without width, an override of direction.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r == '\uFEFF' || r == '\u200B' || r >= '\u202A' && r <= '\u202E'
}

// turns reports whether a character only sets the direction of what follows.
func turns(r rune) bool {
	return r == '\u200E' || r == '\u200F' || r == '\u061C' || r >= '\u2066' && r <= '\u2069'
}

// Unseen counts the characters of a text that CleanText leaves out because nobody sees them.
func Unseen(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) && (unseen(r) || turns(r)) {
			n++
		}
	}
	return n
}

// cut shortens s to at most limit bytes without splitting a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimRight(s[:end], " \n") + ellipsis
}

// CleanToken returns s as an Enum value has it: lower case, white space as underscores.
func CleanToken(s string) string {
	lower := norm.NFC.String(strings.ToLower(CleanText(s))) // small letters may compose with a mark that capital ones do not
	return strings.ReplaceAll(lower, " ", "_")
}

// appendQuoted appends s, which must be valid UTF-8, as a JSON string. It escapes only what JSON demands, so that
// equal texts have equal bytes.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
