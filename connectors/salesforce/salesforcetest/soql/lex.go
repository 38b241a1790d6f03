package soql

import (
	"regexp"
	"strings"
)

type tokenKind int

const (
	end tokenKind = iota
	word
	number
	text
	date
	datetime
	symbol
)

type token struct {
	kind tokenKind
	text string
	at   int
	like string
}

var (
	words     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	numbers   = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?`)
	dates     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	datetimes = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})`)
	symbols   = []string{"<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ".", ":"}
)

// lex cuts the text into tokens, the last of which is the end.
func lex(s string) ([]token, error) {
	var out []token
	for at := 0; ; {
		for at < len(s) && strings.IndexByte(" \t\r\n", s[at]) >= 0 {
			at++
		}
		if at == len(s) {
			return append(out, token{kind: end, text: "<EOF>", at: at}), nil
		}
		if s[at] == '\'' {
			value, like, n, ok := quoted(s[at:])
			if !ok {
				return nil, &Error{at, "line breaks not allowed in string literals"}
			}
			out = append(out, token{text, value, at, like})
			at += n
			continue
		}
		t, ok := plain(s[at:])
		if !ok {
			return nil, &Error{at, "unexpected token: '" + s[at:at+1] + "'"}
		}
		t.at = at
		out = append(out, t)
		at += len(t.text)
	}
}

// plain returns the token that s begins with.
func plain(s string) (token, bool) {
	for _, p := range []struct {
		kind tokenKind
		re   *regexp.Regexp
	}{{word, words}, {datetime, datetimes}, {date, dates}, {number, numbers}} {
		if m := p.re.FindString(s); m != "" {
			return token{kind: p.kind, text: m}, true
		}
	}
	for _, sym := range symbols {
		if strings.HasPrefix(s, sym) {
			return token{kind: symbol, text: sym}, true
		}
	}
	return token{}, false
}

// quoted reads a string literal and returns its value, the same as a pattern of LIKE, and its length. The escapes are
// \n \r \t \b \f \" \' \\ and, for the wildcards of LIKE, \_ and \%.
func quoted(s string) (value, like string, n int, ok bool) {
	var v, l strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '\'':
			return v.String(), l.String(), i + 1, true
		case '\n', '\r':
			return "", "", 0, false
		case '\\':
			i++
			if i == len(s) {
				return "", "", 0, false
			}
			c = unescape(s[i])
			v.WriteByte(c)
			if strings.IndexByte(`_%\`, c) >= 0 {
				l.WriteByte('\\')
			}
			l.WriteByte(c)
		default:
			v.WriteByte(c)
			l.WriteByte(c)
		}
	}
	return "", "", 0, false
}

// escapes are the letters that stand for a control character; any other stands for itself.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}

func unescape(c byte) byte {
	if e, ok := escapes[c|0x20]; ok && c >= 'A' {
		return e
	}
	return c
}
