package compare

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns a text as it is searched for: compatibility forms unified (NFKC), case folded, the marks of alphabetic
// scripts removed, apostrophes and format characters gone, everything else that is neither letter nor digit a space, and
// single spaces. The vowel signs of Indic scripts and the sound marks of kana are letters in all but name, and stay.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	if ascii(s) {
		return foldASCII(s)
	}
	s = cases.Fold().String(norm.NFKC.String(s))
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range norm.NFD.String(s) {
		if dropped(r) {
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		if plain, ok := plainLetters[r]; ok {
			b.WriteString(plain)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// folded reports whether s is lower-case ASCII letters and digits with single spaces inside.
func folded(s string) bool {
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == ' ' && last != ' ') {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func foldASCII(s string) string {
	b := make([]byte, 0, len(s))
	gap := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '\'' || c == '`':
			continue
		default:
			gap = len(b) > 0
			continue
		}
		if gap {
			b = append(b, ' ')
			gap = false
		}
		b = append(b, c)
	}
	return string(b)
}

// dropped reports whether a character carries nothing that tells two names apart: combining accents of Latin, Greek and
// Cyrillic, the points of Hebrew, the vowel marks and the tatweel of Arabic, apostrophes, and what only directs layout.
func dropped(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036F, r >= 0x1AB0 && r <= 0x1AFF, r >= 0x1DC0 && r <= 0x1DFF, r >= 0x20D0 && r <= 0x20FF, r >= 0xFE20 && r <= 0xFE2F:
		return true
	case r >= 0x0591 && r <= 0x05C7 && unicode.IsMark(r):
		return true
	case r >= 0x0610 && r <= 0x061A, r >= 0x064B && r <= 0x065F, r == 0x0670, r >= 0x06D6 && r <= 0x06ED && unicode.IsMark(r), r == 0x0640:
		return true
	case r == '\'', r == '`', r == '’', r == '‘', r == 'ʼ', r == 'ʻ', r == '´':
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.IsControl(r)
}

// plainLetters are letters that do not decompose and that people write with others, and the letters that Persian and
// Arabic keyboards write differently.
var plainLetters = map[rune]string{
	'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ŧ': "t",
	'ي': "ی", 'ى': "ی", 'ك': "ک", 'ٱ': "ا",
}

// tokens cuts a folded text at its spaces.
func tokens(folded string) []string {
	if folded == "" {
		return nil
	}
	list := make([]string, 0, 1+strings.Count(folded, " "))
	for {
		i := strings.IndexByte(folded, ' ')
		if i < 0 {
			return append(list, folded)
		}
		list = append(list, folded[:i])
		folded = folded[i+1:]
	}
}

// alnum returns the letters and digits of s, folded.
func alnum(s string) string { return strings.ReplaceAll(Fold(s), " ", "") }

// digits returns the decimal digits of s, those of other scripts as ASCII.
func digits(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range norm.NFKC.String(s) {
		switch {
		case r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r >= '٠' && r <= '٩':
			b = append(b, byte('0'+r-'٠'))
		case r >= '۰' && r <= '۹':
			b = append(b, byte('0'+r-'۰'))
		case r >= '०' && r <= '९':
			b = append(b, byte('0'+r-'०'))
		}
	}
	return string(b)
}

// oneDigit reports whether s is the same character throughout, as a placeholder is.
func oneDigit(s string) bool {
	s = strings.TrimPrefix(s, "+")
	return s != "" && strings.Count(s, s[:1]) == len(s)
}
