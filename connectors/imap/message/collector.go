package message

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/mime"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// The bounds of what is held of a mail.
const (
	maxAttachments = 100
	maxTexts       = 20       // parts that are text
	snippetText    = 64 << 10 // bytes of a text that a snippet is made of: newsletters begin with much that nobody sees
	statusText     = 64 << 10 // bytes of a delivery report
	identityText   = 16 << 10 // bytes of a text that a mail without a Message-ID is told by
)

// collector takes what matters of a mail while it is walked through, whole or by its structure.
type collector struct {
	settings Settings
	notes    note.List
	header   *field.Header
	hint     string // charset of bare bytes in headers
	keep     bool   // texts are needed
	report   bool   // a delivery report, by its header

	texts       []*textPart
	attachments []Attachment
	status      []byte
	original    []byte
	calendar    bool

	role role
	buf  []byte // content of the present part, up to the bound
	size int64
	sum  hash.Hash
	part *mime.Part
	// short says that a server was asked for no more than the beginning of the present part.
	short bool
}

// role is what a part is to us.
type role int

const (
	ignored role = iota
	attached
	said     // text that people read
	status   // the part of a delivery report for machines
	original // the header of what was not delivered
)

// textPart is one text, still in its charset.
type textPart struct {
	part *mime.Part
	text []byte
	cut  bool
}

func newCollector(s Settings) *collector {
	return &collector{settings: s, header: new(field.Header), sum: sha256.New()}
}

// Top decides by the header whether texts are needed.
func (c *collector) Top(h *field.Header) {
	c.header = h
	_, params := field.Params(h.Get("content-type"), "", nil)
	c.hint = params["charset"]
	c.report = c.isReport()
	c.keep = c.settings.Body == Snippet || c.settings.Body == Full || c.report || field.ID(h.Get("message-id")) == ""
}

// Leaf is told of a part whose content follows.
func (c *collector) Leaf(p *mime.Part) io.Writer {
	if c.begin(p) {
		return c
	}
	if c.role == attached {
		c.sum.Reset()
		return c
	}
	return nil
}

// begin decides what a part is, and reports whether its content is read.
func (c *collector) begin(p *mime.Part) bool {
	c.part, c.role, c.buf, c.size = p, c.roleOf(p), nil, 0
	return c.role == said && c.keep && len(c.texts) < maxTexts || c.role == status || c.role == original
}

// roleOf tells what a part is by its type and place.
func (c *collector) roleOf(p *mime.Part) role {
	inReport := p.Within() == "multipart/report"
	main, sub, _ := strings.Cut(p.Type, "/")
	switch {
	case p.Type == "message/delivery-status" || p.Type == "message/global-delivery-status":
		return status
	case (inReport || c.report) && (p.Type == "message/rfc822" || p.Type == "text/rfc822-headers" || p.Type == "message/global" || p.Type == "message/global-headers"):
		return original
	case sub == "pgp-signature" || sub == "pkcs7-signature" || sub == "x-pkcs7-signature" || inReport && main == "message":
		return ignored
	case p.Type == "text/calendar":
		c.calendar = c.calendar || p.Params["method"] != "" && p.Disposition != "attachment"
		if p.Choice > 0 {
			return ignored
		}
		return attached
	case main != "text" || p.Disposition == "attachment" || p.File != "":
		return attached
	case sub == "plain" || sub == "html" || p.Choice == 0 && (sub == "enriched" || sub == "richtext" || sub == "markdown"):
		return said
	case p.Choice > 0:
		return ignored // AMP and what else repeats the text
	}
	return attached
}

// most is how much of the present part is held.
func (c *collector) most() int {
	switch {
	case c.role == status || c.role == original:
		return statusText
	case c.settings.Body == Full && c.part.Type == "text/html":
		return max(snippetText, 2*c.settings.maxBody()) // it needs more than what it says
	case c.settings.Body == Full:
		return max(snippetText, c.settings.maxBody())
	}
	return snippetText
}

// Write takes content of the present part.
func (c *collector) Write(b []byte) (int, error) {
	c.size += int64(len(b))
	if c.role == attached {
		return c.sum.Write(b)
	}
	if room := c.most() - len(c.buf); room > 0 {
		c.buf = append(c.buf, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// Done takes the present part, which is complete.
func (c *collector) Done() {
	switch c.role {
	case attached:
		c.attach(Attachment{Name: c.part.File, Type: c.part.Type, Size: c.size, SHA256: hex.EncodeToString(c.sum.Sum(nil))})
	case said:
		c.takeText()
	case status:
		c.status = append(c.status, c.buf...)
		c.status = c.status[:min(len(c.status), statusText)]
	case original:
		if c.original == nil {
			c.original = c.buf
		}
	}
	c.buf = nil
}

// takeText keeps a text.
func (c *collector) takeText() {
	if !c.keep {
		return
	}
	if len(c.texts) == maxTexts {
		c.notes.Add("more texts than are read")
		return
	}
	t := &textPart{part: c.part, text: c.buf, cut: c.short || c.size > int64(len(c.buf))}
	if t.part.Type == "text/plain" {
		t.text = c.takeFiles(t.text)
	}
	c.texts = append(c.texts, t)
}

// estimate takes an attachment that is not read.
func (c *collector) estimate(p *mime.Part, size int64) {
	if c.role == attached {
		c.attach(Attachment{Name: p.File, Type: p.Type, Size: mime.Decoded(p.Encoding, size)})
	}
}

func (c *collector) attach(a Attachment) {
	if len(c.attachments) == maxAttachments {
		c.notes.Add("more than 100 attachments, the rest is not listed")
		return
	}
	c.attachments = append(c.attachments, a)
}
