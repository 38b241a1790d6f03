package mime

import (
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Part is what the header of a part, or an IMAP server, says of it.
type Part struct {
	Type        string            // media type in lower case, "text/plain" when it has none
	Params      map[string]string // of the type: charset, boundary, format
	Disposition string            // "inline", "attachment", "" when it does not say
	File        string            // name of the file, "" when it has none
	Encoding    string            // transfer encoding in lower case
	// Path is the place as IMAP counts it: 1 for a mail of one part, 2.1 for the first part of the second. A multipart has
	// the path of what it stands in and its number; the outermost has none.
	Path []int
	// Around are the types of the multiparts around it, the outermost first.
	Around []string
	// Choice numbers the innermost multipart/alternative around it, 0 for none: of the texts with one number, one counts.
	Choice int
}

// Within returns the type of the multipart the part stands in, "" for none.
func (p *Part) Within() string {
	if len(p.Around) == 0 {
		return ""
	}
	return p.Around[len(p.Around)-1]
}

// Multipart reports whether the part has parts.
func (p *Part) Multipart() bool { return strings.HasPrefix(p.Type, "multipart/") }

// FromHeader reads the fields of a part's header. within is the type of the multipart around it.
func FromHeader(h *field.Header, within string, notes *note.List) *Part {
	p := &Part{Encoding: encoding(h.Get("content-transfer-encoding"))}
	kind, params := field.Params(h.Get("content-type"), "", notes)
	p.Type, p.Params = mediaType(kind, within, notes), params
	disposition, fields := field.Params(h.Get("content-disposition"), params["charset"], notes)
	p.Disposition = disposition
	p.File = FileName(fields["filename"])
	if p.File == "" {
		p.File = FileName(params["name"])
	}
	return p
}

// mediaType returns a type that has a slash and nothing odd; what a part without one is depends on what it stands in.
func mediaType(kind, within string, notes *note.List) string {
	if kind == "" && within == "multipart/digest" {
		return "message/rfc822"
	}
	if kind == "" {
		return "text/plain"
	}
	kind = strings.ReplaceAll(kind, " ", "")
	main, sub, ok := strings.Cut(kind, "/")
	if !ok || main == "" || sub == "" || strings.Contains(sub, "/") || len(kind) > 127 || strings.ContainsAny(kind, "\"<>@,;:\\()[]?=") {
		notes.Add("content type that is none")
		if strings.HasPrefix(kind, "multipart") {
			return "multipart/mixed"
		}
		if kind == "html" || kind == "text/html" {
			return "text/html"
		}
		if main == "text" || kind == "plain" {
			return "text/plain"
		}
		return "application/octet-stream"
	}
	return kind
}

func encoding(value []byte) string {
	kind, _ := field.Params(value, "", nil)
	return kind
}

// longestFile bounds the name of a file, in bytes; file systems stop at 255.
const longestFile = 255

// FileName makes a name that is safe to show: no folders, no control characters.
func FileName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	return field.Cut(strings.TrimSpace(s), longestFile)
}
