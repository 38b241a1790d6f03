package ledger

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/millrace/millrace/mapping/identity/compare"
)

// spelled is the pattern of a text in any case, with any white space, composed or not.
func spelled(text string) string {
	var b strings.Builder
	last := utf8.RuneError
	for i, w := range strings.Fields(text) {
		first, _ := utf8.DecodeRuneInString(w)
		switch {
		case i > 0 && runsOn(last) && runsOn(first):
			b.WriteString(`[\s\p{Z}・·]*`)
		case i > 0:
			b.WriteString(`[\s\p{Z}]+`)
		}
		b.WriteString(quoted(w))
		last, _ = utf8.DecodeLastRuneInString(w)
	}
	return b.String()
}

func quoted(word string) string {
	forms := []string{word, norm.NFC.String(word), norm.NFD.String(word)}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	for i := range forms {
		forms[i] = regexp.QuoteMeta(forms[i])
	}
	return "(?:" + strings.Join(forms, "|") + ")"
}

// scripts are those of languages that put no space between words, or attach what follows to a name (Korean).
var scripts = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao,
	unicode.Khmer, unicode.Myanmar}

// runsOn reports whether words are written together in the script of a letter.
func runsOn(r rune) bool { return unicode.In(r, scripts...) }

// unspaced reports whether a text is one of a script without spaces.
func unspaced(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !runsOn(r) })
}

// inWord reports whether the match goes on as a word on either side. Where words are written together nobody can tell,
// and a name is taken for one.
func inWord(text string, begin, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:begin])
	first, _ := utf8.DecodeRuneInString(text[begin:])
	last, _ := utf8.DecodeLastRuneInString(text[:end])
	next, _ := utf8.DecodeRuneInString(text[end:])
	return begin > 0 && oneWord(before, first) || end < len(text) && oneWord(last, next)
}

// oneWord reports whether two characters that stand side by side belong to one word.
func oneWord(a, b rune) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }
	return word(a) && word(b) && (unicode.IsMark(b) || !runsOn(a) && !runsOn(b))
}

// withoutLegalForm is an organization's name without what the law adds to it, written as it was.
func withoutLegalForm(name string) string {
	words, core := strings.Fields(name), compare.Legal(name)
	same := func(part []string) bool { return slices.Equal(compare.Legal(strings.Join(part, " ")), core) }
	for n := 1; n < len(words); n++ {
		if same(words[:n]) {
			words = words[:n]
			break
		}
	}
	for n := len(words) - 1; n > 0; n-- {
		if same(words[n:]) {
			words = words[n:]
			break
		}
	}
	return strings.TrimRight(strings.Join(words, " "), ",")
}
