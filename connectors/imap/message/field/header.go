package field

import (
	"bytes"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// The bounds of a header. What is beyond them is not kept; the fields after it still are found.
const (
	maxValue = 64 << 10  // bytes of one field
	maxKept  = 256 << 10 // bytes of all fields that are kept
	maxSame  = 100       // fields of one name
	maxName  = 40        // bytes of a name that is looked up
)

// Names are the fields that are read, in lower case; a server may be asked for these alone.
var Names = []string{"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
	"content-transfer-encoding", "content-disposition", "content-id", "content-class", "auto-submitted", "precedence", "list-id", "list-post", "list-unsubscribe", "mailing-list",
	"feedback-id", "x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-failed-recipients", "x-original-from", "return-path", "received"}

var wanted = func() map[string]string {
	m := make(map[string]string)
	for _, n := range Names {
		m[n] = n
	}
	return m
}()

// Header takes the lines of a header and keeps the fields that matter. The zero value is empty and ready.
type Header struct {
	fields []entry
	kept   int
	begun  bool
	open   bool // the last line's field is kept, and a line that continues it too
}

type entry struct {
	name  string
	value []byte // unfolded, without the space around it
}

// Read takes a whole header, up to its blank line or its end.
func Read(header []byte, notes *note.List) *Header {
	h := new(Header)
	for len(header) > 0 {
		line, rest, _ := bytes.Cut(header, []byte("\n"))
		header = rest
		if h.Line(bytes.TrimSuffix(line, []byte("\r")), true, true, notes) {
			break
		}
	}
	return h
}

// Line takes one line, without its end, or a piece of one: first and last say whether it begins and ends there. It reports
// whether the header has ended, which is after a blank line.
func (h *Header) Line(line []byte, first, last bool, notes *note.List) bool {
	switch {
	case !first:
		h.extend(line, notes)
	case len(line) == 0 && last:
		return true
	case line[0] == ' ' || line[0] == '\t':
		if h.open && h.begun {
			h.extend([]byte{' '}, notes)
		}
		h.extend(bytes.TrimLeft(line, " \t"), notes)
	default:
		h.start(line, notes)
	}
	h.begun = true
	return false
}

// start begins a field.
func (h *Header) start(line []byte, notes *note.List) {
	h.open = false
	colon := bytes.IndexByte(line, ':')
	name := bytes.TrimRight(line[:max(colon, 0)], " \t")
	if colon <= 0 || !isName(name) {
		if !bytes.HasPrefix(line, []byte("From ")) && !bytes.HasPrefix(line, []byte(">From ")) { // the envelope of an mbox
			notes.Add("header line that is no field")
		}
		return
	}
	if len(name) > maxName {
		return
	}
	var lower [maxName]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	known, ok := wanted[string(lower[:len(name)])]
	if !ok {
		return
	}
	if h.count(known) >= maxSame || known == "received" && h.count(known) > 0 {
		return
	}
	h.open = true
	h.fields = append(h.fields, entry{name: known})
	h.extend(bytes.TrimLeft(line[colon+1:], " \t"), notes)
}

// extend adds to the field that is open.
func (h *Header) extend(b []byte, notes *note.List) {
	if !h.open {
		return
	}
	e := &h.fields[len(h.fields)-1]
	if room := min(maxValue-len(e.value), maxKept-h.kept); len(b) > room {
		notes.Add("header too long, cut")
		b = b[:max(room, 0)]
		h.open = false
	}
	e.value = append(e.value, b...)
	h.kept += len(b)
}

// isName accepts the names of RFC 5322: printable ASCII without a colon.
func isName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

func (h *Header) count(name string) (n int) {
	for i := range h.fields {
		if h.fields[i].name == name {
			n++
		}
	}
	return n
}

// Get returns the first field of a name, nil when there is none. Names are in lower case.
func (h *Header) Get(name string) []byte {
	for i := range h.fields {
		if h.fields[i].name == name {
			return bytes.TrimSpace(h.fields[i].value)
		}
	}
	return nil
}

// Has reports whether there is a field of the name.
func (h *Header) Has(name string) bool { return h.count(name) > 0 }

// Once returns the only field of a name. A second one is against RFC 5322 and often forged: the first counts.
func (h *Header) Once(name string, notes *note.List) []byte {
	if h.count(name) > 1 {
		notes.Add("more than one " + name)
	}
	return h.Get(name)
}

// All returns every field of a name.
func (h *Header) All(name string) (values [][]byte) {
	for i := range h.fields {
		if h.fields[i].name == name {
			values = append(values, bytes.TrimSpace(h.fields[i].value))
		}
	}
	return values
}
