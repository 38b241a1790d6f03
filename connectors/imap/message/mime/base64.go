package mime

import (
	"io"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// base64 undoes base64 as it is found: lines of any length, bytes of no meaning between (RFC 2045 lets them be), several
// streams with padding behind each other, and an end that is cut off.
type base64 struct {
	to    io.Writer
	notes *note.List
	bits  uint32
	have  int // letters in bits
	out   []byte
}

// values of the letters; 0xff for what is none.
var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		v[c] = byte(i)
	}
	return v
}()

func (d *base64) piece(b []byte, _ bool) {
	out := d.out[:0]
	for _, c := range b {
		v := values[c]
		if v == 0xff {
			if c == '=' {
				out = d.rest(out)
			}
			continue
		}
		d.bits = d.bits<<6 | uint32(v)
		if d.have++; d.have == 4 {
			out = append(out, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
			d.bits, d.have = 0, 0
		}
	}
	d.out = out
	d.to.Write(out)
}

// rest writes what fewer than four letters hold. One letter alone holds nothing.
func (d *base64) rest(out []byte) []byte {
	switch d.have {
	case 1:
		d.notes.Add("broken base64")
	case 2:
		out = append(out, byte(d.bits>>4))
	case 3:
		out = append(out, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.bits, d.have = 0, 0
	return out
}

func (d *base64) end() {}

func (d *base64) close() { d.to.Write(d.rest(d.out[:0])) }
