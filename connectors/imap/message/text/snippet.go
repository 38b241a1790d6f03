package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Snippet returns the beginning of what a mail's author wrote, in one line of at most n characters: without quotations,
// without the line that announces one ("On Monday Ann wrote:"), without a signature. When nothing is left, all of the mail
// was quoted or forwarded, and the snippet is of that.
func Snippet(body string, n int) string {
	if s := shorten(own(body), n); s != "" {
		return s
	}
	return shorten(body, n)
}

// own returns the lines in front of a quotation or a signature; lines that answer between quotations count too.
func own(body string) string {
	lines := strings.Split(body, "\n")
	var kept []string
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if isQuoted(trimmed) {
			kept = withoutAnnouncement(kept, lines[max(0, i-4):i])
			continue
		}
		if ends(lines, i) {
			break
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

func isQuoted(line string) bool { return strings.HasPrefix(line, ">") }

// withoutAnnouncement takes the line away that stands before a quotation and ends in a colon, with the line it was broken
// off from. That it is one is told by its place, in any language.
func withoutAnnouncement(kept, before []string) []string {
	if len(before) == 0 || isQuoted(strings.TrimSpace(before[len(before)-1])) {
		return kept
	}
	i := len(kept) - 1
	for i >= max(0, len(kept)-3) && strings.TrimSpace(kept[i]) == "" {
		i--
	}
	if i < 0 || !endsInColon(kept[i]) {
		return kept
	}
	if i > 0 && strings.TrimSpace(kept[i-1]) != "" && (strings.ContainsAny(kept[i], "<@") || len(kept[i]) < 40) && strings.ContainsAny(kept[i-1], "0123456789") {
		i--
	}
	return kept[:i]
}

func endsInColon(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, ":") || strings.HasSuffix(line, "：")
}

// ends reports whether all from line i on is a signature, or the mail that is answered.
func ends(lines []string, i int) bool {
	line := strings.TrimSpace(lines[i])
	switch {
	case line == "--" || lines[i] == "-- " || line == "—":
		return true
	case len(line) >= 20 && strings.Trim(line, "_") == "": // Outlook's rule over what it quotes
		return heading(lines, i+1)
	case strings.HasPrefix(line, "-----") && strings.HasSuffix(line, "-----") && strings.IndexFunc(line, unicode.IsLetter) > 0:
		return true // -----Original Message-----, in any language
	case strings.HasPrefix(line, "Begin forwarded message:") || strings.HasPrefix(line, "Sent from my ") || strings.HasPrefix(line, "Get Outlook for "):
		return true
	case announces(line):
		return true
	}
	return heading(lines, i)
}

// announces tells "On 1 May 2026, Ann <ann@x> wrote:" that is followed by a quotation without marks.
func announces(line string) bool {
	return endsInColon(line) && strings.ContainsAny(line, "0123456789") && len(line) < 200 &&
		(strings.Contains(line, "@") && strings.Contains(line, "<") || strings.HasPrefix(line, "On ") && strings.HasSuffix(line, " wrote:"))
}

// fromWords are how Outlook heads what it quotes: From:, in the languages it has; sentWords what follows within four lines.
var (
	fromWords = words(`From Von Van De Da Od Från Fra Lähettäjä Feladó Kimden Expéditeur Remitente От Від Από 发件人 寄件者 差出人 보낸사람 מאת من`)
	sentWords = words(`Sent Date Gesendet Datum Verzonden Envoyé Enviado Inviato Data Wysłano Odesláno Skickat Sendt Dato Lähetetty Elküldve Gönderildi Fecha Отправлено
		Дата Надіслано Στάλθηκε 发送时间 日期 送信日時 보낸날짜 날짜 נשלח تاريخ`)
)

func words(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// heading reports whether the heading of a quoted mail begins at line i.
func heading(lines []string, i int) bool {
	for i < len(lines) && strings.TrimSpace(lines[i]) == "" {
		i++
	}
	if i >= len(lines) || !fromWords[head(lines[i])] {
		return false
	}
	for _, line := range lines[i+1 : min(len(lines), i+5)] {
		if sentWords[head(line)] {
			return true
		}
	}
	return false
}

// head returns what stands in front of the first colon, without what marks it.
func head(line string) string {
	h, _, ok := strings.Cut(strings.ReplaceAll(line, "：", ":"), ":")
	if !ok || len(h) > 40 {
		return ""
	}
	return strings.Trim(h, " *>\t")
}

// shorten makes one line of text and cuts it at n characters, at a space when there is one near. What only fills space in the
// preview of other mailers goes.
func shorten(s string, n int) string {
	var b strings.Builder
	count, space := 0, false
	for _, r := range s {
		switch {
		case filler(r):
			continue
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		}
		if space && count+1 < n {
			b.WriteByte(' ')
			count++
		}
		space = false
		if count++; count > n {
			return cutAtSpace(b.String()) + "…"
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// filler are characters without width that newsletters fill their previews with. Joiners are not: Persian, Hindi and family
// emoji need them.
func filler(r rune) bool {
	return r == '\u034f' || r == '\u00ad' || r == '\u200b' || r == '\u2007' || r == '\ufeff'
}

func cutAtSpace(s string) string {
	if i := strings.LastIndexByte(s, ' '); i > len(s)-24 && i > 0 {
		return s[:i]
	}
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
