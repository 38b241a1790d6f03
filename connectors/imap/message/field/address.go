package field

import (
	"bytes"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Address is one mailbox of a list.
type Address struct {
	Name string `json:"name,omitempty"`
	// Address has its domain in lower case and as A-labels (IDNA); "" when there is only a name, as in undisclosed lists.
	Address string `json:"address,omitempty"`
}

// maxAddresses is how many mailboxes of one field are read.
const maxAddresses = 1000

// Addresses reads an address list: groups, comments, quoted local parts, routes, and what is written instead: semicolons
// between addresses, commas in names without quotes, encoded words in quotes, angle brackets that are not closed. The
// structure is found first and words are decoded after it, so that no encoded comma or bracket makes an address.
func Addresses(value []byte, hint string, notes *note.List) []Address {
	if bytes.Contains(value, []byte("\x1b$")) { // bare ISO-2022-JP, whose bytes look like brackets and quotes
		value = []byte(charset.Guess(hint, value, notes))
	}
	l := lister{hint: hint, notes: notes}
	for len(value) > 0 {
		if len(l.list) == maxAddresses {
			notes.Add("too many addresses, cut")
			return l.list
		}
		value = l.step(value)
	}
	l.end(false)
	return l.list
}

// lister reads a list from left to right.
type lister struct {
	hint    string
	notes   *note.List
	list    []Address
	phrase  []byte // of the mailbox that is read: words outside of brackets and comments
	quoted  bool   // the phrase has a quoted string
	angle   []byte // what stands in brackets
	closed  bool   // there were brackets
	comment []byte // the last comment: old mailers put the name there
	group   bool
	open    int // comments that were never closed; a quote that was not is the last of them
	// loose is how many words before the last comma had no address: "Doe, John <john@x>" is one mailbox.
	loose int
}

// step reads one token and returns what is left.
func (l *lister) step(b []byte) []byte {
	switch b[0] {
	case ',':
		l.end(true)
	case ';':
		l.end(false)
		l.group = false
	case ':':
		if !l.group && !l.closed && bytes.IndexByte(l.phrase, '@') < 0 {
			l.phrase, l.quoted, l.comment, l.group = nil, false, nil, true
			return b[1:]
		}
		l.phrase = append(l.phrase, ':')
	case '(':
		if n := l.commentLength(b); n > 0 {
			l.comment = unescape(b[1 : n-1])
			l.phrase = append(l.phrase, ' ')
			return b[n:]
		}
		l.phrase = append(l.phrase, '(')
	case '"':
		if l.open < maxOpen {
			if text, rest, ok := quoted(b); ok {
				return l.takeQuoted(b, text, rest)
			}
			l.open = maxOpen
		}
	case '<':
		return l.takeAngle(b[1:])
	default:
		n := bytes.IndexAny(b[1:], ",;:(\"<") + 1
		if n == 0 {
			n = len(b)
		}
		l.phrase = append(l.phrase, b[:n]...)
		return b[n:]
	}
	return b[1:]
}

// Where a comment, a quote or a bracket is open, its end is looked for no farther than longestPart bytes, and for no more than
// maxOpen of them: else a list of nothing but brackets would take hours.
const (
	longestPart = 4 << 10
	maxOpen     = 50
)

func (l *lister) commentLength(b []byte) int {
	if l.open >= maxOpen {
		return 0
	}
	n := comment(b[:min(len(b), longestPart)])
	if n == 0 {
		l.open++
	}
	return n
}

// takeQuoted takes a quoted string: a word of the name, or a local part when @ follows, which keeps its quotes.
func (l *lister) takeQuoted(b, text, rest []byte) []byte {
	if len(rest) > 0 && rest[0] == '@' {
		l.phrase = append(l.phrase, b[:len(b)-len(rest)]...)
		return rest
	}
	l.quoted = true
	l.phrase = append(l.phrase, text...)
	return rest
}

// takeAngle takes what stands in brackets; the end of the mailbox ends it too.
func (l *lister) takeAngle(b []byte) []byte {
	b = bytes.TrimLeft(b, " <")
	if end := angleEnd(b[:min(len(b), longestPart)]); end >= 0 {
		if !l.closed {
			l.angle, l.closed = b[:end], true
		}
		return bytes.TrimLeft(b[end:], ">")
	}
	n := bytes.IndexAny(b, ",;")
	if n < 0 {
		n = len(b)
	}
	l.notes.Add("address with an open bracket")
	l.angle, l.closed = b[:n], true
	return b[n:]
}

// angleEnd finds the bracket that closes, -1 when none does. One in quotes does not, unless it is the only one.
func angleEnd(b []byte) int {
	first, inQuotes := -1, false
	for i, c := range b {
		switch {
		case c == '"':
			inQuotes = !inQuotes
		case c == '<':
			return -1 // that of the next mailbox
		case c == '>' && !inQuotes:
			return i
		case c == '>' && first < 0:
			first = i
		}
	}
	return first
}

// end takes the mailbox that was read into the list.
func (l *lister) end(comma bool) {
	name, addr := l.mailbox()
	l.phrase, l.quoted, l.angle, l.closed, l.comment = nil, false, nil, false, nil
	if name == "" && addr == "" {
		return
	}
	if addr != "" && l.loose > 0 {
		for ; l.loose > 0; l.loose-- {
			last := l.list[len(l.list)-1]
			l.list = l.list[:len(l.list)-1]
			name = Line(last.Name + ", " + name)
		}
	}
	l.loose = 0
	if addr == "" && comma {
		l.loose = 1
	}
	l.list = append(l.list, Address{Name: Cut(name, maxText), Address: addr})
}

// maxText bounds a name; the longest address RFC 5321 allows has 254 bytes.
const maxText = 1000

// mailbox makes name and address of what was read. A bare address has its name in a comment, if anywhere.
func (l *lister) mailbox() (name, addr string) {
	phrase := bytes.TrimSpace(l.phrase)
	if l.closed {
		name = Text(phrase, l.hint, l.notes)
		if name == "" {
			name = Text(l.comment, l.hint, l.notes)
		}
		if addr = Clean(string(l.angle), l.notes); addr == "" && bytes.IndexByte(phrase, '@') > 0 {
			return "", Clean(string(phrase), l.notes)
		}
		if len(name) > 1 && name[0] == '\'' && name[len(name)-1] == '\'' {
			name = name[1 : len(name)-1] // Outlook puts what it does not know into quotes of its own
		}
		if strings.EqualFold(name, addr) {
			name = ""
		}
		return name, addr
	}
	words, bare := split(phrase)
	if bare == nil || l.quoted && len(words) > 0 && bytes.IndexByte(bare, ' ') >= 0 {
		return Text(phrase, l.hint, l.notes), ""
	}
	if len(words) == 0 {
		words = l.comment
	}
	return Text(words, l.hint, l.notes), Clean(string(bare), l.notes)
}

// split parts a mailbox without brackets into its address and words around it; the address is nil when there is none. The
// obsolete syntax lets spaces stand around dots and the @ of an address, so only a whole one is parted from words.
func split(phrase []byte) (words, address []byte) {
	if bytes.IndexByte(phrase, '@') < 0 {
		return nil, nil
	}
	if bytes.IndexByte(phrase, '"') >= 0 {
		return nil, phrase
	}
	list := bytes.Fields(phrase)
	for _, w := range list {
		if strings.IndexByte(".@", w[0]) >= 0 || strings.IndexByte(".@", w[len(w)-1]) >= 0 {
			return nil, phrase
		}
	}
	for i, w := range list {
		if bytes.IndexByte(w, '@') > 0 {
			return bytes.Join(append(list[:i:i], list[i+1:]...), []byte(" ")), w
		}
	}
	return nil, phrase
}

func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		out = append(out, b[i])
	}
	return out
}

// Clean makes one form of an address: no spaces, comments, route or needless quotes, the domain in lower case and as
// A-labels. It returns "" for what is none.
func Clean(s string, notes *note.List) string {
	s = strings.Map(uncontrolled, charset.Guess("", stripComments([]byte(s)), notes))
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return ""
	}
	if i := strings.IndexByte(s, ':'); i > 0 && (s[0] == '@' || strings.EqualFold(s[:i], "mailto")) { // a route, or a link
		s = s[i+1:]
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return ""
	}
	local, host := localPart(s[:at]), domain(s[at+1:])
	if local == "" || host == "" {
		return ""
	}
	return local + "@" + host
}
