package message

import (
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// Reports without a part for machines name the address in a line and say why in the same or the next ones.
var (
	namedAddress = regexp.MustCompile(`^[\s>"'*•-]*(?:(?i:to|recipient|address|smtp)\s*:\s*)?<?([^\s<>()"';:,]+@[^\s<>()"';:,]+\.[^\s<>()"';:,.]+)>?\s*(?:[:(.…-].*)?$`)
	smtpCode     = regexp.MustCompile(`\b([245]\d\d)[ -]`)
	enhancedCode = regexp.MustCompile(`\b([245]\.\d{1,3}\.\d{1,3})\b`)
)

// maxReportLines is how many lines of a report are looked at.
const maxReportLines = 300

// copied are lines after which the mail itself is copied: qmail's, sendmail's, Exim's and others'. What stands below them is
// not about delivery.
var copied = []string{"--- below this line is a copy", "----- unsent message", "----- original message", "------ this is a copy of the message", "----- message header",
	"------ this is a copy", "----- transcript of session follows"}

// inWords reads what a mailer says to people: qmail's QSBMF ("<ann@example.com>:" and the reason in the lines below), and
// the like of Exim, Exchange 5.5 and Domino. list has addresses that are known already and only lack a reason.
func inWords(list []Recipient, said string) []Recipient {
	lines := strings.SplitN(said, "\n", maxReportLines+1)
	for i, line := range lines[:min(len(lines), maxReportLines)] {
		if startsCopy(line) {
			break
		}
		found := namedAddress.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		address := field.Clean(found[1], nil)
		reason := paragraph(lines, i)
		code, enhanced := smtpCode.FindStringSubmatch(reason), enhancedCode.FindStringSubmatch(reason)
		if code == nil && enhanced == nil && !listed(list, address) {
			continue
		}
		r := Recipient{Address: address, Action: "failed", Diagnostic: field.Cut(reason, maxDiagnostic)}
		switch {
		case enhanced != nil:
			r.Status = enhanced[1]
		case code != nil:
			r.Status = code[1][:1] + ".0.0"
		}
		if strings.HasPrefix(r.Status, "4") {
			r.Action = "delayed"
		}
		list = reasoned(list, r)
	}
	return list
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

func startsCopy(line string) bool {
	line = strings.ToLower(strings.TrimSpace(line))
	for _, c := range copied[:len(copied)-1] {
		if strings.HasPrefix(line, c) {
			return true
		}
	}
	return false
}

// paragraph returns line i and what follows it up to an empty line, at most six lines, as one.
func paragraph(lines []string, i int) string {
	end := i
	for end < len(lines) && end < i+6 && (end == i || strings.TrimSpace(lines[end]) != "") {
		end++
	}
	return field.Line(strings.Join(lines[i:end], " "))
}
