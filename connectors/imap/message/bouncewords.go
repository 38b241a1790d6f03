package message

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// Reports without a part for machines tell people in words whom a mail did not reach: qmail's QSBMF ("<ann@example.com>:" and
// the reason below), Exim, Exchange 2003, Domino, Sendmail 5, OpenSMTPD, DragonFly, mobile carriers. What they share is read
// here: addresses, with SMTP's codes near them, in front of a copy of the mail.
var (
	// lineAddress is an address that a line is about: nothing but marks and words as "To:" stand before it.
	lineAddress = regexp.MustCompile(`^[\s>"'*•-]*(?:(?i:to|recipient|address|smtp|unknown user|user unknown|final-recipient)\s*:\s*)?(?:(?i:rfc822)\s*;\s*)?[<"']*(` + address + `)[>"']*\s*(?:[:;,(.…\[-].*|(?i:on|invalid|unknown|was|is|in)\s.*)?$`)
	anyAddress  = regexp.MustCompile(address)
	smtpCode    = regexp.MustCompile(`(?:^|[^0-9.])([45]\d\d)(?:[ :)\]-]|$)`)
	fullCode    = regexp.MustCompile(`(?:^|[^0-9.])([245]\.\d{1,3}\.\d{1,3})(?:[^0-9.]|$)`)
	late        = regexp.MustCompile(`(?i)warning|delayed|will be retried|still being retried|not yet been delivered|will continue`)
	fails       = regexp.MustCompile(`(?i)deliver|fail|returned|bounce|reject|refus|unknown|not found|not exist|no such|error|could ?n.t|could not|not reach|unable|full|exceed|unzustellbar|zustell|remis|entrega|consegn|недостав|доставк|配信|送信|退信|投递|반송`)
	asks        = regexp.MustCompile(`(?i)contact|assist|help|question|support|administrator|forward|sender|return-path|envelope-from|http|from:`)
	copyBegins  = regexp.MustCompile(`(?i)^[-\s>]*(?:below this line is a copy|unsent message|original message|returned message|this is a copy of|the header of the original|message header|undelivered message|header of the|original headers)`)
	copyHeader  = regexp.MustCompile(`(?i)^(?:received|return-path|message-id|mime-version|from|date|x-[a-z-]+|dkim-signature):`)
)

const address = `[^\s<>()"';:,=\[\]]+@[^\s<>()"';:,=\[\]@]+\.[^\s<>()"';:,.=\[\]@]+`

// The bounds of a report in words.
const (
	maxReportLines = 200
	maxReportLine  = 1000 // bytes
)

// inWords reads what a mailer says to people. list has addresses that are known already and perhaps lack a reason.
func (c *collector) inWords(list []Recipient, said string) []Recipient {
	lines := strings.SplitN(said, "\n", maxReportLines+1)
	lines = lines[:min(len(lines), maxReportLines)]
	for i := range lines {
		lines[i] = field.Cut(lines[i], maxReportLine)
	}
	report, copied := cutCopy(lines)
	if some := fromStatus([]byte(strings.Join(report, "\n"))); len(some) > 0 {
		return append(list, some...)
	}
	p := words{lines: report, skip: c.notRecipients(), late: late.MatchString(strings.Join(report, "\n")) || late.MatchString(c.word("subject"))}
	known := len(list)
	if all := strings.Join(report, "\n"); !fails.MatchString(all) && !fails.MatchString(c.word("subject")) && !smtpCode.MatchString(all) {
		return list
	}
	for _, pass := range []func(i int) string{p.coded, p.headed, p.mentioned} {
		for i := range report {
			if address := pass(i); address != "" {
				list = reasoned(list, p.recipient(address, i))
			}
		}
		if len(list) > known || known > 0 {
			return list
		}
	}
	return append(list, c.onlyRecipient(copied, p)...)
}

// words is a report in words.
type words struct {
	lines []string
	skip  map[string]bool // addresses of those who send and get the report
	late  bool
}

// coded finds an address with a code in its line or paragraph.
func (w *words) coded(i int) string {
	reason := w.paragraph(i)
	if !smtpCode.MatchString(reason) && !fullCode.MatchString(reason) {
		return ""
	}
	if a := w.headed(i); a != "" {
		return a
	}
	if smtpCode.MatchString(w.lines[i]) || fullCode.MatchString(w.lines[i]) {
		return w.mentioned(i)
	}
	return ""
}

// headed finds the address that a line is about.
func (w *words) headed(i int) string {
	if found := lineAddress.FindStringSubmatch(w.lines[i]); found != nil {
		return w.checked(found[1])
	}
	return ""
}

// mentioned finds an address anywhere in a line that does not tell whom to ask.
func (w *words) mentioned(i int) string {
	if asks.MatchString(w.lines[i]) {
		return ""
	}
	return w.checked(anyAddress.FindString(w.lines[i]))
}

func (w *words) checked(address string) string {
	if address = field.Clean(strings.TrimRight(address, ".…"), nil); w.skip[strings.ToLower(address)] || isMailer(address) {
		return ""
	}
	return address
}

// paragraph returns line i and what follows it up to an empty line or the next address, at most eight lines, as one.
func (w *words) paragraph(i int) string {
	end := i + 1
	for end < len(w.lines) && end < i+8 && strings.TrimSpace(w.lines[end]) != "" && w.headed(end) == "" {
		end++
	}
	return field.Line(strings.Join(w.lines[i:end], " "))
}

// recipient makes a recipient of an address and the words around it.
func (w *words) recipient(address string, i int) Recipient {
	reason := w.paragraph(i)
	r := Recipient{Address: address, Action: "failed", Diagnostic: field.Cut(reason, maxDiagnostic)}
	if full := fullCode.FindStringSubmatch(reason); full != nil {
		r.Status = full[1]
	} else if code := smtpCode.FindStringSubmatch(reason); code != nil {
		r.Status = code[1][:1] + ".0.0"
	}
	if w.late && !strings.HasPrefix(r.Status, "5") {
		r.Action = "delayed"
	}
	return r
}

// reasoned adds a recipient, or the reason to one that is known.
func reasoned(list []Recipient, r Recipient) []Recipient {
	for i := range list {
		if strings.EqualFold(list[i].Address, r.Address) {
			if list[i].Status == "" {
				list[i].Status, list[i].Diagnostic = r.Status, r.Diagnostic
			}
			return list
		}
	}
	return append(list, r)
}

// cutCopy parts a report from the copy of the mail below it.
func cutCopy(lines []string) (report, copied []string) {
	for i, line := range lines {
		if i > 0 && copyBegins.MatchString(line) {
			return lines[:i], lines[i+1:]
		}
		if i > 1 && copyHeader.MatchString(line) && strings.TrimSpace(lines[i-1]) == "" {
			return lines[:i], lines[i:]
		}
	}
	return lines, nil
}

// onlyRecipient returns the recipient of the mail that is sent back, when it had one alone: reports that name nobody are
// about that one.
func (c *collector) onlyRecipient(copied []string, w words) []Recipient {
	raw := c.original
	if len(raw) == 0 {
		raw = bytes.TrimLeft([]byte(strings.Join(copied, "\n")), "\n")
	}
	o := field.Read(raw, nil)
	to := append(field.Addresses(o.Get("to"), "", nil), field.Addresses(o.Get("cc"), "", nil)...)
	if len(to) != 1 || w.checked(to[0].Address) == "" || len(w.lines) == 0 {
		return nil
	}
	r := w.recipient(to[0].Address, 0)
	for i := 0; i < len(w.lines) && r.Status == ""; i++ {
		r = w.recipient(to[0].Address, i)
	}
	return []Recipient{r}
}

// notRecipients are the addresses of those who send the report and get it.
func (c *collector) notRecipients() map[string]bool {
	skip := map[string]bool{"": true}
	for _, name := range []string{"from", "to", "return-path", "reply-to"} {
		for _, a := range field.Addresses(c.header.Get(name), "", nil) {
			skip[strings.ToLower(a.Address)] = true
		}
	}
	return skip
}

// isMailer reports whether an address is a mailer's.
func isMailer(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	return strings.HasPrefix(local, "mailer-daemon") || strings.HasPrefix(local, "postmaster") || local == "post_master" || local == "mdaemon" || local == "mail.delivery.system"
}
