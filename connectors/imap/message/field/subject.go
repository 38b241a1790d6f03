package field

import (
	"strings"
	"unicode"
)

// marks are what mailers put in front of a subject when one replies or forwards, in lower case, in the languages in which
// they do: English, German, Dutch, Scandinavian, Finnish, French, Spanish, Portuguese, Italian, Polish, Czech, Hungarian,
// Romanian, Turkish, Greek, Russian, Hebrew, Arabic, Chinese, Japanese, Korean, Vietnamese, Indonesian, Welsh, Icelandic.
var marks = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(`re fw fwd aw wg antw antwort wtr doorst sv vs vb vl vd vä réf ref tr rép rv res rif r i enc odp pd vá továbbítás
		ynt ilt απ πρθ σχετ ha отв на пер ответ fs תגובה הועבר השב רד إعادة توجيه 回复 回覆 转发 轉寄 答复 答覆 返信 転送 回信 답장 전달 회신 trả bls trs ats tl atb yml bv`) {
		m[w] = true
	}
	return m
}()

// Topic returns a subject without what replying and forwarding put in front of it, "Re: AW: Fwd: [list] x" becoming "x"
// with its list: "[list] x". It is for finding a thread, never for showing.
func Topic(subject string) string {
	s := strings.TrimSpace(subject)
	for range 50 {
		rest, ok := unmark(s)
		if !ok {
			break
		}
		s = rest
	}
	s = strings.TrimSpace(strings.TrimSuffix(s, "(fwd)"))
	return s
}

// unmark takes one mark away: letters, perhaps a count as in Re[2] or Re (3), and a colon, which may be a wide one.
func unmark(s string) (string, bool) {
	head, rest, ok := cutColon(s)
	if !ok {
		return s, false
	}
	head = strings.TrimSpace(head)
	if i := strings.IndexAny(head, "[(^*"); i > 0 {
		if strings.Trim(head[i:], "[]()^*0123456789 ") != "" {
			return s, false
		}
		head = head[:i]
	}
	head = strings.TrimRightFunc(strings.TrimSpace(head), unicode.IsDigit)
	if !marks[strings.ToLower(strings.TrimSpace(head))] {
		return s, false
	}
	return strings.TrimSpace(rest), true
}

// longestMark is how many bytes may stand in front of the colon.
const longestMark = 40

func cutColon(s string) (head, rest string, ok bool) {
	for i, r := range s {
		if i > longestMark {
			break
		}
		if r == ':' || r == '：' {
			return s[:i], s[i+len(string(r)):], true
		}
	}
	return "", s, false
}
