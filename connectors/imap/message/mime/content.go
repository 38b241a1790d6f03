package mime

import (
	"bytes"
	"io"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// content undoes a transfer encoding while lines stream past. The line end in front of a boundary belongs to the boundary,
// so each is held back until more follows.
type content struct {
	decode decoder
	held   bool // the end of the last line is still to come
}

// decoder undoes one transfer encoding.
type decoder interface {
	// piece takes a piece of a line without its end.
	piece(b []byte, last bool)
	// end takes the end of a line, when more follows.
	end()
	// close takes the end of everything.
	close()
}

// newContent returns the decoder for an encoding. One that nobody knows is taken for none, as RFC 2045 does not; what it
// hides can still be read by people.
func newContent(encoding string, to io.Writer, notes *note.List) *content {
	if to == nil {
		return &content{decode: nowhere{}}
	}
	switch encoding {
	case "base64", "base-64", "b64":
		return &content{decode: &base64{to: to, notes: notes}}
	case "quoted-printable", "quotedprintable", "qp":
		return &content{decode: &quotable{to: to}}
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return &content{decode: &uu{to: to, notes: notes}}
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
	default:
		notes.Add("unknown transfer encoding")
	}
	return &content{decode: &identity{to: to}}
}

func (c *content) line(b []byte, last bool) {
	if c.held {
		c.decode.end()
	}
	c.held = last
	c.decode.piece(b, last)
}

func (c *content) close() { c.decode.close() }

// Decode undoes a transfer encoding of what an IMAP server sent of a part, which may break off anywhere: what is left of a
// quoted byte at the end is dropped.
func Decode(encoding string, raw []byte, to io.Writer, notes *note.List) {
	c := newContent(encoding, to, notes)
	if _, ok := c.decode.(*quotable); ok {
		raw = raw[:len(raw)-unfinished(raw)]
	}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		c.line(bytes.TrimSuffix(line, []byte("\r")), true)
		raw = rest
	}
	c.close()
}

// crlf is what ends a line in what is decoded, whatever ended it before: servers and files differ, hashes must not.
var crlf = []byte("\r\n")

// nowhere drops everything.
type nowhere struct{}

func (nowhere) piece([]byte, bool) {}
func (nowhere) end()               {}
func (nowhere) close()             {}

// identity is 7bit, 8bit and binary.
type identity struct{ to io.Writer }

func (d *identity) piece(b []byte, _ bool) { d.to.Write(b) }
func (d *identity) end()                   { d.to.Write(crlf) }
func (d *identity) close()                 {}

// quotable is quoted-printable (RFC 2045 6.7).
type quotable struct {
	to   io.Writer
	tail []byte // at the end of a piece: spaces, or an = that waits for its digits
	soft bool   // the last line ended in =, so its end is none
	out  []byte
}

func (d *quotable) piece(b []byte, last bool) {
	if len(d.tail) > 0 {
		b = append(d.tail, b...)
		d.tail = nil
	}
	if last {
		b = trimSpaces(b)
		d.soft = len(b) > 0 && b[len(b)-1] == '='
		if d.soft {
			b = b[:len(b)-1]
		}
	} else if n := unfinished(b); n > 0 {
		d.tail = append([]byte(nil), b[len(b)-n:]...)
		b = b[:len(b)-n]
	}
	d.out = d.out[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			d.out = append(d.out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
			continue
		}
		d.out = append(d.out, b[i])
	}
	d.to.Write(d.out)
}

func (d *quotable) end() {
	if !d.soft {
		d.to.Write(crlf)
	}
}

func (d *quotable) close() {}

// unfinished returns how many bytes at the end of a piece say nothing yet. Spaces before the bound of a line are spaces.
func unfinished(b []byte) int {
	for n := 1; n <= 2 && n <= len(b); n++ {
		if b[len(b)-n] == '=' && (n == 1 || isHex(b[len(b)-1])) {
			return n
		}
	}
	return 0
}

func trimSpaces(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
