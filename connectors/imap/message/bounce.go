package message

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/field"
)

// The bounds of a delivery report.
const (
	maxRecipients = 100
	maxDiagnostic = 500 // bytes
)

// isReport tells by the header whether a mail reports on the delivery of another: by its type, by Exim's header, or by who
// sends it.
func (c *collector) isReport() bool {
	kind, params := field.Params(c.header.Get("content-type"), "", nil)
	if c.header.Has("x-failed-recipients") {
		return true
	}
	if kind == "multipart/report" {
		of := strings.ToLower(params["report-type"])
		return of != "disposition-notification" && of != "feedback-report" // receipts and complaints (RFC 8098, 5965)
	}
	path := field.ID(c.header.Get("return-path"))
	from := field.Addresses(c.header.Get("from"), "", nil)
	if len(from) == 0 {
		return c.emptyPath()
	}
	name := strings.ToLower(from[0].Name)
	if strings.Contains(name, "mailer-daemon") || strings.Contains(name, "mail delivery s") {
		return true
	}
	mailer := isMailer(from[0].Address)
	if mailer && strings.HasPrefix(strings.ToLower(from[0].Address), "postmaster") { // people write as postmaster too
		return c.emptyPath() || (path == "" || isMailer(path)) && fails.MatchString(c.word("subject"))
	}
	return mailer || isMailer(path) && c.emptyPath()
}

// bounce returns whom a mail did not reach: from the report for machines, from the header of Exim and Google, or from what a
// mailer says in words.
func (c *collector) bounce(said string) *Bounce {
	list := fromStatus(c.status)
	if len(list) == 0 {
		for _, a := range field.Addresses(bytes.Join(c.header.All("x-failed-recipients"), []byte(",")), "", nil) {
			list = append(list, Recipient{Address: a.Address, Action: "failed"})
		}
	}
	if c.report && len(c.status) == 0 {
		list = c.inWords(list, said)
	}
	var kept []Recipient
	for _, r := range list {
		if r.Address != "" && len(kept) < maxRecipients && !listed(kept, r.Address) {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return &Bounce{Recipients: kept}
}

func listed(list []Recipient, address string) bool {
	for _, r := range list {
		if strings.EqualFold(r.Address, address) {
			return true
		}
	}
	return false
}

// failed reports whether anybody was not reached for good; a report may also say that a mail is late, or has arrived.
func failed(b *Bounce) bool {
	for _, r := range b.Recipients {
		if r.Action == "failed" {
			return true
		}
	}
	return false
}

// fromStatus reads message/delivery-status (RFC 3464): groups of fields between empty lines, the first of them about the
// mail, the others about one recipient each.
func fromStatus(raw []byte) (list []Recipient) {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	for group := range bytes.SplitSeq(raw, []byte("\n\n")) {
		fields := statusFields(group)
		address := recipient(fields["original-recipient"])
		if address == "" {
			address = recipient(fields["final-recipient"])
		}
		if address == "" {
			continue
		}
		_, diagnostic, ok := strings.Cut(fields["diagnostic-code"], ";")
		if !ok {
			diagnostic = fields["diagnostic-code"]
		}
		status := statusCode.FindString(fields["status"])
		list = append(list, Recipient{Address: address, Action: action(fields["action"], status), Status: status, Diagnostic: field.Cut(strings.TrimSpace(diagnostic), maxDiagnostic)})
		if len(list) == maxRecipients {
			break
		}
	}
	return list
}

var statusCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}`)

// action returns one of the actions of RFC 3464; what is written instead is told by the status.
func action(value, status string) string {
	switch word, _, _ := strings.Cut(strings.ToLower(value), " "); word {
	case "failed", "delayed", "delivered", "relayed", "expanded":
		return word
	}
	if strings.HasPrefix(status, "2") {
		return "delivered"
	}
	return "failed"
}

// statusFields reads one group.
func statusFields(group []byte) map[string]string {
	fields := make(map[string]string)
	name := ""
	for line := range bytes.SplitSeq(group, []byte("\n")) {
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if name != "" {
				fields[name] += " " + field.Line(charset.Guess("", line, nil))
			}
			continue
		}
		head, value, ok := bytes.Cut(line, []byte(":"))
		name = strings.ToLower(string(bytes.TrimSpace(head)))
		if _, twice := fields[name]; !ok || twice || len(name) > 40 {
			name = ""
			continue
		}
		fields[name] = field.Text(value, "", nil)
	}
	return fields
}

// recipient reads "rfc822; ann@example.com"; the type may be missing, and an address of RFC 6533 encoded.
func recipient(value string) string {
	if kind, rest, ok := strings.Cut(value, ";"); ok {
		if kind = strings.ToLower(strings.TrimSpace(kind)); kind != "rfc822" && kind != "utf-8" && kind != "smtp" {
			return ""
		}
		value = rest
	}
	for _, a := range field.Addresses([]byte(value), "", nil) {
		return a.Address
	}
	return ""
}
