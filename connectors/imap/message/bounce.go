package message

import (
	"bytes"
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
	if kind == "multipart/report" && !strings.EqualFold(params["report-type"], "disposition-notification") || c.header.Has("x-failed-recipients") {
		return true
	}
	from := field.Addresses(c.header.Get("from"), "", nil)
	if len(from) == 0 {
		return c.emptyPath()
	}
	local, _, _ := strings.Cut(strings.ToLower(from[0].Address), "@")
	return local == "mailer-daemon" || local == "postmaster" && (c.emptyPath() || !c.header.Has("return-path"))
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
		list = inWords(list, said)
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
		if r.Action == "failed" || r.Action == "" && !strings.HasPrefix(r.Status, "2") && !strings.HasPrefix(r.Status, "4") {
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
		action, _, _ := strings.Cut(strings.ToLower(fields["action"]), " ")
		status, _, _ := strings.Cut(fields["status"], " ")
		_, diagnostic, ok := strings.Cut(fields["diagnostic-code"], ";")
		if !ok {
			diagnostic = fields["diagnostic-code"]
		}
		list = append(list, Recipient{Address: address, Action: field.Cut(action, 20), Status: field.Cut(status, 20), Diagnostic: field.Cut(strings.TrimSpace(diagnostic), maxDiagnostic)})
		if len(list) == maxRecipients {
			break
		}
	}
	return list
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
