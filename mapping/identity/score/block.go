package score

import (
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// Blocks returns the terms under which candidates are looked for: two records that could be the same share at least
// one. Each begins with the name of its rule and a colon.
func (m *Model) Blocks(f *compare.Facts) []string {
	b := blocks{terms: make([]string, 0, 24)}
	if m.kind == canonical.Person {
		b.person(f)
	} else {
		b.organization(f)
	}
	return b.terms
}

// blocks gathers terms: each once.
type blocks struct{ terms []string }

// add makes a term of parts, unless one of them is not known. Its value is hashed: terms are compared, never read.
func (b *blocks) add(rule string, parts ...string) {
	var h xxhash.Digest
	h.Reset()
	for _, p := range parts {
		if p == "" {
			return
		}
		_, _ = h.WriteString(p)
		_, _ = h.WriteString("\x00")
	}
	var buf [64]byte
	term := strconv.AppendUint(append(append(buf[:0], rule...), ':'), h.Sum64(), 36)
	for _, old := range b.terms {
		if old == string(term) {
			return
		}
	}
	b.terms = append(b.terms, string(term))
}

func (b *blocks) person(f *compare.Facts) {
	first, second := f.Given, f.Family
	if first > second {
		first, second = second, first
	}
	b.add("name", first, second)
	b.add("birthday", f.Born)
	year, season := "", ""
	if f.Born != "" {
		year, season = f.Born[:4], f.Born[4:]
	}
	b.add("year+postcode", year, f.Postcode)
	b.add("day+locality", season, f.Locality)
	for _, word := range [...]string{f.Given, f.Family} {
		b.add("word", word)
		b.add("word+year", word, year)
		b.add("word+day", head(word), season)
		b.add("word+postcode", head(word), f.Postcode)
		b.add("word+locality", word, f.Locality)
		b.add("word+road", head(word), f.Road)
	}
	b.reach(f)
	for _, o := range f.Others {
		b.add(o.Name, o.Value)
		b.add(o.Name+"+year", o.Value, year)
		b.add(o.Name+"+word", o.Value, f.Family)
	}
}

func (b *blocks) organization(f *compare.Facts) {
	b.add("name", strings.Join(f.Name, ""))
	for _, d := range f.Domains {
		b.add("domain", d)
	}
	for i, word := range f.Name {
		if i == 8 {
			break
		}
		b.add("word+number", word, f.Number)
		b.add("word+postcode", word, f.Postcode)
		b.add("word", word)
		if i > 0 {
			b.add("words", f.Name[i-1], word)
		}
	}
	b.reach(f)
	for _, o := range f.Others {
		b.add(o.Name, o.Value)
	}
}

// reach adds what people and organizations are reached under.
func (b *blocks) reach(f *compare.Facts) {
	b.add("road", f.Number, f.Road)
	b.add("number+postcode", f.Number, f.Postcode)
	b.add("number+locality", f.Number, f.Locality)
	for _, e := range f.Emails {
		b.add("email", e)
		local, _, _ := strings.Cut(e, "@")
		b.add("mailbox", local)
	}
	for _, n := range f.Phones {
		b.add("phone", n[max(0, len(n)-7):])
	}
	for _, id := range f.IDs {
		b.add("identifier", id)
	}
}

// head returns the first three characters of a word: typing errors are rarer there.
func head(word string) string {
	n := 0
	for i := range word {
		if n == 3 {
			return word[:i]
		}
		n++
	}
	return word
}
