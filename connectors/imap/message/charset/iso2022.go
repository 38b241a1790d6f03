package charset

import (
	"bytes"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	shiftOut = 0x0e // double bytes begin
	shiftIn  = 0x0f // ASCII begins
	escape   = 0x1b
)

// iso2022kr reads ISO-2022-KR (RFC 1557): EUC-KR with the high bits taken off between shift out and shift in.
func iso2022kr(text []byte) string { return decoder(korean.EUCKR)(highBits(text)) }

// iso2022cn reads ISO-2022-CN (RFC 1922) as far as it designates GB 2312; the planes of CNS 11643 become wrong characters
// of GB 2312, which no mailer known to us writes.
func iso2022cn(text []byte) string { return decoder(simplifiedchinese.GB18030)(highBits(text)) }

// highBits takes designations (ESC $ ) F) out and sets the high bit of double bytes. A line ends them, as the RFCs say.
func highBits(text []byte) []byte {
	out := make([]byte, 0, len(text))
	double := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == escape && bytes.HasPrefix(text[i:], []byte("\x1b$")) && i+3 < len(text):
			i += 3
		case c == shiftOut || c == shiftIn:
			double = c == shiftOut
		case c == '\n':
			double = false
			out = append(out, c)
		case double && c > ' ' && c < 0x7f:
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	return out
}
