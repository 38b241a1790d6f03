package charset

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// utf7 reads UTF-7 (RFC 2152), which x/text does not have: runs of UTF-16 in base64 between + and -, all else ASCII.
func utf7(text []byte) string {
	var out strings.Builder
	for len(text) > 0 {
		c := text[0]
		text = text[1:]
		if c != '+' {
			if c >= 0x80 {
				out.WriteRune('\ufffd')
			} else {
				out.WriteByte(c)
			}
			continue
		}
		n := 0
		for n < len(text) && isBase64(text[n]) {
			n++
		}
		if n == 0 && len(text) > 0 && text[0] == '-' {
			out.WriteByte('+')
		}
		out.WriteString(units(text[:n]))
		if text = text[n:]; len(text) > 0 && text[0] == '-' {
			text = text[1:]
		}
	}
	return out.String()
}

// units decodes one run. Bits that fill no unit are padding.
func units(run []byte) string {
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(run)))
	n, _ := base64.RawStdEncoding.Decode(raw, run)
	list := make([]uint16, 0, n/2)
	for i := 0; i+1 < n; i += 2 {
		list = append(list, binary.BigEndian.Uint16(raw[i:]))
	}
	return string(utf16.Decode(list))
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}
