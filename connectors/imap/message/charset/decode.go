package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Decode returns text in a charset as valid UTF-8. It never fails: what cannot be read becomes U+FFFD, an unknown label is
// guessed, and notes say so.
func Decode(label string, text []byte, notes *note.List) string {
	c := find(label)
	switch {
	case c.name == "":
		return guess(text, notes)
	case c.plain && ascii(text):
		return string(text)
	case c.decode == nil && c.name == "utf-8":
		return unicodeText(text, notes)
	case c.decode == nil:
		notes.Add("unknown charset " + c.name)
		return guess(text, nil)
	case c.latin && utf8.Valid(text):
		notes.Add("text called " + c.name + " is UTF-8")
		return string(text)
	}
	decoded := c.decode(text)
	if strings.ContainsRune(decoded, utf8.RuneError) {
		if c.plain && utf8.Valid(text) {
			notes.Add("text called " + c.name + " is UTF-8")
			return string(text)
		}
		notes.Add("text is not all " + c.name)
	}
	return decoded
}

// Known reports whether a label names a charset.
func Known(label string) bool {
	c := find(label)
	return c.decode != nil || c.name == "utf-8"
}

// Guess returns text without a label as valid UTF-8. hint is the label of the text around it, "" when there is none:
// headers that hold bare bytes are in the charset of the body.
func Guess(hint string, text []byte, notes *note.List) string {
	if ascii(text) && !bytes.Contains(text, shiftJIS) {
		return string(text)
	}
	c := find(hint)
	if c.decode == nil || !c.plain || utf8.Valid(text) {
		return guess(text, notes)
	}
	notes.Add("bare bytes in a header, read as " + c.name)
	return c.decode(text)
}

// shiftJIS begins double-byte text in ISO-2022-JP: ESC $ B, or ESC $ @ in the standard of 1978.
var shiftJIS = []byte("\x1b$")

func guess(text []byte, notes *note.List) string {
	switch {
	case ascii(text) && bytes.Contains(text, shiftJIS):
		return decoder(japanese.ISO2022JP)(text)
	case utf8.Valid(text):
		return string(text)
	}
	notes.Add("text in no charset, read as windows-1252")
	return decoder(charmap.Windows1252)(text)
}

// unicodeText reads what is called UTF-8. Text that has not one whole sequence is another charset under a wrong label.
func unicodeText(text []byte, notes *note.List) string {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if utf8.Valid(text) {
		return string(text)
	}
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if size > 1 && r != utf8.RuneError {
			notes.Add("text is not all utf-8")
			return strings.ToValidUTF8(string(text), "\ufffd")
		}
		rest = rest[size:]
	}
	notes.Add("text called utf-8 is not, read as windows-1252")
	return decoder(charmap.Windows1252)(text)
}

// decoder makes a function of a decoder of x/text. Those never fail: they write U+FFFD for what they cannot read.
func decoder(e encoding.Encoding) func([]byte) string {
	return func(text []byte) string {
		out, err := e.NewDecoder().Bytes(text)
		if err != nil {
			return strings.ToValidUTF8(string(text), "\ufffd")
		}
		return strings.ToValidUTF8(string(out), "\ufffd")
	}
}

func ascii(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
