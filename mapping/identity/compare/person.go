package compare

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func setOf(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// titles stand before a name and suffixes behind it; neither tells people apart reliably. What is also a family name
// somewhere (Ma, Do, King) is not among them.
var (
	titles = setOf(`mr mrs ms miss mx dr doctor prof professor sir dame lady lord rev reverend hon herr frau fr dipl ing mag
		dott dottssa sig sigra sr sra srta mme mlle mons monsieur madame dhr mevr pan pani gospodin gospodja shri smt`)
	suffixes = setOf(`jr junior snr senior ii iii iv phd md mba msc bsc esq esquire dds cpa rn llm llb mphil cfa pmp`)
)

// person returns a part of a person's name, folded, without titles and suffixes unless nothing else is left.
func person(s string) string {
	s = Fold(s)
	if strings.IndexByte(s, ' ') < 0 {
		return s
	}
	return strings.Join(undecorated(tokens(s)), " ")
}

func undecorated(list []string) []string {
	for len(list) > 1 && titles[list[0]] {
		list = list[1:]
	}
	for len(list) > 1 && suffixes[list[len(list)-1]] {
		list = list[:len(list)-1]
	}
	return list
}

// particles begin a family name of several words.
var particles = setOf(`van von der den de del della di da dos das du la le el al bin ibn ben ter ten zu zur af av`)

// split takes a whole name apart. "Family, Given" is understood; otherwise the last word, with the particles before it,
// is the family name, and the first the given name. A name in Han characters without a space begins with the family name.
// One word alone is taken for a given name: that is what people sign with.
func split(full string) (given, family string, name []string) {
	if before, after, ok := strings.Cut(full, ","); ok && !suffixes[Fold(after)] {
		if given, family = person(after), person(before); given != "" && family != "" {
			return given, family, append(tokens(given), tokens(family)...)
		}
	}
	name = undecorated(tokens(Fold(full)))
	switch len(name) {
	case 0:
		return "", "", nil
	case 1:
		if given, family, ok := han(name[0]); ok {
			return given, family, []string{given, family}
		}
		return name[0], "", name
	}
	last := len(name) - 1
	for last > 1 && particles[name[last-1]] {
		last--
	}
	return name[0], strings.Join(name[last:], " "), name
}

// compound are the common family names of two Han characters.
var compound = setOf(`欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 東方 独孤 獨孤 南宫 南宮 夏侯 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 端木`)

// han takes a name of two to four Han characters apart.
func han(s string) (given, family string, ok bool) {
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 4 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		return "", "", false
	}
	_, size := utf8.DecodeRuneInString(s)
	if _, second := utf8.DecodeRuneInString(s[size:]); n > 2 && compound[s[:size+second]] {
		size += second
	}
	return s[size:], s[:size], true
}
