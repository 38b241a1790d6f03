package mime

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// The bounds of a mail's structure.
const (
	maxDepth    = 32   // multiparts in each other; a deeper one is one part
	maxParts    = 1000 // parts of a mail; what follows is not looked at
	maxBoundary = 256  // bytes; RFC 2046 allows 70
)

// Visitor is told what stands in a mail, in its order.
type Visitor interface {
	// Top is told of the mail's own header before anything else.
	Top(h *field.Header)
	// Leaf is told of a part without parts. The content, decoded, goes to what it returns; nil for nowhere.
	Leaf(p *Part) io.Writer
	// Done follows when the content of the last Leaf is complete.
	Done()
}

// Walk reads a mail to its end. The error is the reader's: nothing in a mail is one.
func Walk(r io.Reader, v Visitor, notes *note.List) error {
	w := walker{visitor: v, notes: notes, header: new(field.Header)}
	err := lines(r, w.line)
	w.finish()
	return err
}

// walker is where a walk stands: in a header, in content, or between parts.
type walker struct {
	visitor Visitor
	notes   *note.List
	stack   []level
	header  *field.Header // that is read; nil in content
	top     bool          // the mail's own header is read
	content *content      // nil between parts
	parts   int
	choices int
	// likely is the last line, when it looks like the boundary of a multipart that has had no part yet.
	likely string
}

// level is a multipart that is open.
type level struct {
	boundary string // "" until the first line that looks like one, when the header names none
	kind     string
	choice   int
	parts    int
	ended    bool // its closing boundary was there
}

// line takes a line without its end, or a piece of one.
func (w *walker) line(b []byte, first, last bool) {
	if w.parts > maxParts {
		return
	}
	if len(w.stack) > 0 && first && (w.likely != "" || len(b) > 1 && b[0] == '-' && b[1] == '-') && w.between(b) {
		return
	}
	switch {
	case w.header != nil:
		if w.header.Line(b, first, last, w.notes) {
			w.headerEnds()
		}
	case w.content != nil:
		w.content.line(b, last)
	}
}

// between reports whether a line is a boundary. A multipart in which the boundary that its header names never comes has
// another one: gateways rewrite headers. It is a line of dashes and more in front of a first field of MIME.
func (w *walker) between(b []byte) bool {
	l := &w.stack[len(w.stack)-1]
	likely := w.likely
	w.likely = ""
	if likely != "" && hasPrefixFold(b, "content-") {
		w.notes.Add("multipart with another boundary than its header names")
		l.boundary = likely
		w.boundary([]byte("--" + likely))
		return false
	}
	if !bytes.HasPrefix(b, []byte("--")) {
		return false
	}
	if w.boundary(b) {
		return true
	}
	if l.parts == 0 && w.header == nil && len(b) > 10 && len(b) <= maxBoundary && bytes.IndexByte(b, ' ') < 0 {
		w.likely = string(b[2:])
	}
	return false
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// boundary reports whether a line is the boundary of a multipart that is open, and goes there.
func (w *walker) boundary(b []byte) bool {
	b = bytes.TrimRight(b[2:], " \t")
	for i := len(w.stack) - 1; i >= 0; i-- {
		l := &w.stack[i]
		if l.boundary == "" && len(b) > 2 && len(b) <= maxBoundary {
			l.boundary = string(b)
		}
		rest, ok := bytes.CutPrefix(b, []byte(l.boundary))
		if !ok || l.ended || l.boundary == "" || len(rest) > 0 && string(rest) != "--" {
			continue
		}
		w.close()
		w.pop(i + 1)
		if len(rest) > 0 {
			w.stack[i].ended = true
			return true
		}
		w.stack[i].parts++
		w.header = new(field.Header)
		return true
	}
	return false
}

// pop leaves all multiparts but n.
func (w *walker) pop(n int) {
	for _, l := range w.stack[n:] {
		if !l.ended {
			w.notes.Add("multipart without its end")
		}
	}
	w.stack = w.stack[:n]
}

// close ends what is read: content, or a header that has no content.
func (w *walker) close() {
	if w.header != nil {
		w.headerEnds()
	}
	if w.content != nil {
		w.content.close()
		w.visitor.Done()
		w.content = nil
	}
}

// headerEnds begins the part whose header was read.
func (w *walker) headerEnds() {
	h := w.header
	w.header = nil
	if !w.top {
		w.top = true
		w.visitor.Top(h)
	}
	if w.parts++; w.parts > maxParts {
		w.notes.Add("more than " + strconv.Itoa(maxParts) + " parts, the rest is not looked at")
		return
	}
	p := FromHeader(h, w.within(), w.notes)
	w.place(p)
	if p.Multipart() && w.enter(p) {
		return
	}
	w.content = newContent(p.Encoding, w.visitor.Leaf(p), w.notes)
}

func (w *walker) within() string {
	if len(w.stack) == 0 {
		return ""
	}
	return w.stack[len(w.stack)-1].kind
}

// place says where a part stands.
func (w *walker) place(p *Part) {
	for _, l := range w.stack {
		p.Around = append(p.Around, l.kind)
		p.Path = append(p.Path, l.parts)
		if l.choice > 0 {
			p.Choice = l.choice
		}
	}
	if len(w.stack) == 0 && !p.Multipart() {
		p.Path = []int{1}
	}
}

// enter opens a multipart, and reports false when there are too many around it.
func (w *walker) enter(p *Part) bool {
	if len(w.stack) == maxDepth {
		w.notes.Add("parts nested deeper than " + strconv.Itoa(maxDepth))
		return false
	}
	l := level{kind: p.Type, boundary: p.Params["boundary"]}
	if l.boundary == "" || len(l.boundary) > maxBoundary {
		w.notes.Add("multipart without a boundary")
		l.boundary = ""
	}
	if p.Type == "multipart/alternative" {
		w.choices++
		l.choice = w.choices
	}
	w.stack = append(w.stack, l)
	return true
}

// finish ends the mail.
func (w *walker) finish() {
	w.close()
	w.pop(0)
}
