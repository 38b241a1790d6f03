package compare

import (
	"strings"
	"unicode/utf8"
)

// legalForms are what the law adds to an organization's name, folded, in the writing of most countries. They stand at
// the end as a rule, at the beginning in some languages (OOO, PT, 株式会社).
var legalForms = setOf(`
	gmbh ag kg ohg gbr ug mbh ev eg kgaa se partg haftungsbeschrankt gesmbh
	inc incorporated llc llp lp ltd limited plc corp corporation co company pllc pc lc cic
	sa sas sarl eurl sasu scs sca sci snc selarl sl slu slp srl srls spa sapa scrl sprl bvba bv nv vof cv asbl vzw
	ab hb as asa aps oy oyj ky ehf hf is ans da
	doo dd jdoo kft zrt nyrt bt rt sro spol zoo spk ad ead eood ood et sia uab oao ooo zao pao tov
	ооо зао оао пао ао ип тов ад еад еоод оод доо
	pty pte sdn bhd tbk pt cv kk gk yk pvt private ltda eireli me epp rl
	ltdsti as anonim sirketi limitedsirketi
	株式会社 有限会社 合同会社 合資会社 合名会社 股份有限公司 有限责任公司 有限責任公司 有限公司 主式会社 주식회사 유한회사`)

// cjkForms are those of them that are written without a space, the longest first.
var cjkForms = []string{"股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "주식회사", "유한회사"}

// Legal returns the tokens of an organization's name, folded, without its legal form and a leading article, unless nothing
// else is left. Dots inside an abbreviation do not cut it: "S.A." is one token.
func Legal(name string) []string {
	name = strings.ReplaceAll(joinInitials(name), "&", " and ")
	list := joinLetters(tokens(Fold(name)))
	for i, t := range list {
		list[i] = withoutCJK(t)
	}
	if len(list) > 1 && list[0] == "the" {
		list = list[1:]
	}
	for n := len(list) - 1; n > 0 && (legalForms[list[n]] || list[n] == "and" || list[n] == "de" && legalForms[list[n-1]]); n-- {
		list = list[:n]
	}
	for len(list) > 1 && legalForms[list[0]] && !keepsFirst[list[0]] {
		list = list[1:]
	}
	return list
}

// keepsFirst are legal forms that are ordinary words at the beginning of a name.
var keepsFirst = setOf(`co company as me is da se private limited sa pc et ad`)

// joinInitials removes the dots of abbreviations: a dot between single letters, or after one that follows such a dot.
func joinInitials(s string) string {
	if strings.IndexByte(s, '.') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '.' && i > 0 && isLetter(s[i-1]) && (i == 1 || !isLetter(s[i-2]) && s[i-2] < utf8.RuneSelf) {
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// joinLetters joins a run of single letters, so that "d o o" is the legal form it is.
func joinLetters(list []string) []string {
	out := list[:0]
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && len(list[j]) == 1 && isLetter(list[j][0]) {
			j++
		}
		if j-i < 2 {
			out = append(out, list[i])
			i++
			continue
		}
		out = append(out, strings.Join(list[i:j], ""))
		i = j
	}
	return out
}

// withoutCJK cuts a legal form off a name that is written without spaces.
func withoutCJK(token string) string {
	if token == "" || token[0] < utf8.RuneSelf {
		return token
	}
	for _, form := range cjkForms {
		if s := strings.TrimSuffix(strings.TrimPrefix(token, form), form); s != token && s != "" {
			return s
		}
	}
	return token
}
