package field

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Text reads an unstructured field: encoded words (RFC 2047), UTF-8 (RFC 6532) and bare bytes in the charset hint. Encoded
// words that follow each other are joined before they are decoded when their charset is the same: mailers split in the
// middle of a character.
func Text(value []byte, hint string, notes *note.List) string {
	if !bytes.Contains(value, []byte("=?")) {
		return Line(charset.Guess(hint, value, notes))
	}
	var out strings.Builder
	var run word // encoded words that are not written yet
	flush := func() {
		if run.charset != "" {
			out.WriteString(charset.Decode(run.charset, run.text, notes))
		}
		run = word{}
	}
	for len(value) > 0 {
		i := bytes.Index(value, []byte("=?"))
		if i < 0 {
			break
		}
		w, rest, ok := encoded(value[i:], notes)
		if !ok {
			flush()
			out.WriteString(charset.Guess(hint, value[:i+2], notes))
			value = value[i+2:]
			continue
		}
		between := value[:i]
		if run.charset == "" || len(bytes.TrimSpace(between)) > 0 {
			flush()
			out.WriteString(charset.Guess(hint, between, notes))
		}
		if run.charset != "" && !strings.EqualFold(run.charset, w.charset) {
			flush()
		}
		run.charset = w.charset
		run.text = append(run.text, w.text...)
		value = rest
	}
	flush()
	out.WriteString(charset.Guess(hint, value, notes))
	return Line(out.String())
}

type word struct {
	charset string
	text    []byte
}

// longestWord bounds the search for the end of an encoded word. RFC 2047 allows 75; mailers that do not fold write more.
const longestWord = 16 << 10

// encoded reads the encoded word that text begins with: =?charset*language?B or Q?text?=.
func encoded(text []byte, notes *note.List) (w word, rest []byte, ok bool) {
	head := text[:min(len(text), longestWord)]
	mark := bytes.IndexByte(head[2:], '?') + 2
	if mark <= 2 || mark > 66 || bytes.ContainsAny(head[2:mark], " \t<>\"") || len(head) < mark+3 || head[mark+2] != '?' {
		return w, nil, false
	}
	kind := head[mark+1] | 0x20
	body := head[mark+3:]
	end := wordEnd(body, kind)
	if end < 0 {
		return w, nil, false
	}
	name, _, _ := bytes.Cut(head[2:mark], []byte("*")) // RFC 2231 adds a language
	w.charset = string(name)
	switch kind {
	case 'b':
		w.text = base64Word(body[:end], notes)
	case 'q':
		w.text = quotedWord(body[:end])
	default:
		return w, nil, false
	}
	return w, text[mark+3+end+2:], true
}

// wordEnd finds the ?= that ends a word, -1 when there is none. In Q a question mark may stand bare in front of an encoded
// byte: the ?= of ?=41 ends nothing when another one follows in the same word.
func wordEnd(body []byte, kind byte) int {
	end := bytes.Index(body, []byte("?="))
	for kind == 'q' && end >= 0 && end+4 <= len(body) && isHex(body[end+2]) && isHex(body[end+3]) {
		next := bytes.Index(body[end+2:], []byte("?="))
		if next < 0 || bytes.ContainsAny(body[end+2:end+2+next], " \t") {
			break
		}
		end += 2 + next
	}
	return end
}

// quotedWord decodes Q: an underscore is a space, =XX a byte.
func quotedWord(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '_':
			out = append(out, ' ')
		case b[i] == '=' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
		default:
			out = append(out, b[i])
		}
	}
	return out
}

// base64Word decodes B, also without its padding, with spaces in it, or cut off.
func base64Word(b []byte, notes *note.List) []byte {
	clean := make([]byte, 0, len(b))
	for _, c := range b {
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/' {
			clean = append(clean, c)
		}
	}
	if len(clean)%4 == 1 {
		notes.Add("broken base64 in a header")
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, _ := base64.RawStdEncoding.Decode(out, clean)
	return out[:n]
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
