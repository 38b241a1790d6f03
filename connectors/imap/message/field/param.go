package field

import (
	"bytes"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// maxParams is how many parameters, or pieces of one (RFC 2231), are read.
const maxParams = 200

// Params reads a field as Content-Type: its value in lower case, and its parameters with their names in lower case. It
// joins continuations and decodes charsets (RFC 2231), and reads encoded words in them, which RFC 2047 forbids and most
// mailers write.
func Params(value []byte, hint string, notes *note.List) (string, map[string]string) {
	main, rest, _ := bytes.Cut(value, []byte(";"))
	kind := strings.ToLower(Line(charset.Guess("", stripComments(main), notes)))
	if len(bytes.TrimSpace(rest)) == 0 {
		return kind, nil
	}
	var list []piece
	for len(rest) > 0 && len(list) < maxParams {
		var p piece
		p, rest = nextParam(rest)
		if p.name != "" {
			list = append(list, p)
		}
	}
	return kind, join(list, hint, notes)
}

// Joined reads parameters that are split into names and values already, as an IMAP server sends them.
func Joined(params map[string]string, hint string, notes *note.List) map[string]string {
	if len(params) == 0 {
		return nil
	}
	var list []piece
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p := parseName(name)
		p.value = []byte(params[name])
		list = append(list, p)
	}
	return join(list[:min(len(list), maxParams)], hint, notes)
}

// piece is one parameter as it is written: name*3*=value is the piece 3 of name, percent-encoded.
type piece struct {
	name    string
	number  int // -1 for a whole parameter
	percent bool
	value   []byte
}

// nextParam reads one name=value from the beginning of b.
func nextParam(b []byte) (piece, []byte) {
	b = bytes.TrimLeft(b, " \t;")
	eq := bytes.IndexAny(b, "=;")
	if eq < 0 {
		return piece{}, nil
	}
	if b[eq] == ';' {
		return piece{}, b[eq+1:]
	}
	p := parseName(string(bytes.TrimSpace(b[:eq])))
	b = bytes.TrimLeft(b[eq+1:], " \t")
	if len(b) > 0 && b[0] == '"' {
		var ok bool
		if p.value, b, ok = quoted(b); ok {
			if i := bytes.IndexByte(b, ';'); i >= 0 {
				return p, b[i+1:]
			}
			return p, nil
		}
		b = b[1:] // a quote that is not closed
	}
	value, rest, _ := bytes.Cut(b, []byte(";"))
	if !bytes.Contains(value, []byte("=?")) {
		value = stripComments(value)
	}
	p.value = bytes.TrimSpace(value)
	return p, rest
}

func parseName(s string) piece {
	p := piece{number: -1}
	if len(s) > 64 {
		return p
	}
	s, p.percent = strings.CutSuffix(strings.ToLower(s), "*")
	name, number, ok := strings.Cut(s, "*")
	if n, err := strconv.Atoi(number); ok && err == nil && n >= 0 && n < maxParams {
		p.number = n
	}
	p.name = name
	return p
}

// quoted reads a quoted string; ok is false when it is not closed. A backslash quotes a quote or a backslash only: Windows
// puts whole paths into file names.
func quoted(b []byte) (value, rest []byte, ok bool) {
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\'):
			value = append(value, b[i+1])
			i++
		case b[i] == '"':
			return value, b[i+1:], true
		default:
			value = append(value, b[i])
		}
	}
	return nil, b, false
}

// join makes parameters of pieces. What is written by RFC 2231 wins over a second, plain one for older readers.
func join(list []piece, hint string, notes *note.List) map[string]string {
	sort.SliceStable(list, func(i, j int) bool { return list[i].number < list[j].number })
	params := make(map[string]string)
	extended := make(map[string][]piece)
	for _, p := range list {
		if p.percent || p.number >= 0 {
			extended[p.name] = append(extended[p.name], p)
		} else if _, ok := params[p.name]; !ok {
			params[p.name] = Text(p.value, hint, notes)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extended)) { // in one order, so that notes are too
		params[name] = together(extended[name], hint, notes)
	}
	return params
}

// together decodes the pieces of one parameter; the first percent-encoded one names the charset: charset'language'text.
func together(pieces []piece, hint string, notes *note.List) string {
	label := ""
	var all []byte
	for i, p := range pieces {
		v := p.value
		if p.percent && i == 0 {
			if parts := bytes.SplitN(v, []byte("'"), 3); len(parts) == 3 {
				label, v = string(parts[0]), parts[2]
			}
		}
		if p.percent {
			v = unpercent(v)
		}
		all = append(all, v...)
	}
	if label == "" {
		return Text(all, hint, notes)
	}
	return Line(charset.Decode(label, all, notes))
}

func unpercent(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}

// stripComments takes comments out, those in comments too. One that is not closed is text.
func stripComments(b []byte) []byte {
	if bytes.IndexByte(b, '(') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '(' {
			if end := comment(b[i:]); end > 0 {
				i += end - 1
				continue
			}
			return append(out, b[i:]...)
		}
		out = append(out, b[i])
	}
	return out
}

// comment returns the length of the comment that b begins with, 0 when it is not closed.
func comment(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
