package mime

import (
	"bytes"
	"io"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// uu undoes uuencoding: the lines between "begin 644 name" and "end". Lines that are too short for what their first letter
// says are filled up: mailers take the spaces at their end away.
type uu struct {
	to    io.Writer
	notes *note.List
	begun bool
	ended bool
	long  bool // the line is in pieces, so it is no line of uuencode
	out   []byte
}

func (d *uu) piece(b []byte, last bool) {
	whole := last && !d.long
	d.long = !last
	switch {
	case !whole || d.ended:
	case !d.begun:
		d.begun = bytes.HasPrefix(b, []byte("begin "))
	case bytes.Equal(trimSpaces(b), []byte("end")):
		d.ended = true
	case len(b) > 0:
		d.out = uuLine(d.out[:0], b)
		d.to.Write(d.out)
	}
}

func (d *uu) end() {}

func (d *uu) close() {
	if !d.ended {
		d.notes.Add("broken uuencode")
	}
}

// uuLine adds what one line holds, at most 63 bytes.
func uuLine(out, b []byte) []byte {
	n := int(b[0]-' ') & 0x3f
	b = b[1:]
	for i := 0; len(out) < n; i += 4 {
		var q [4]byte
		for k := range q {
			if i+k < len(b) {
				q[k] = (b[i+k] - ' ') & 0x3f
			}
		}
		out = append(out, q[0]<<2|q[1]>>4, q[1]<<4|q[2]>>2, q[2]<<6|q[3])
	}
	return out[:n]
}
