package field

import (
	"bytes"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Fields as they are found: folded, without spaces, in any case, with spaces in front of the colon.
func TestHeader(t *testing.T) {
	h := Read([]byte("From ann Mon Nov 30\r\nSUBJECT:a\r\n\tb\r\n  c\r\nTo : x\nX-Other: y\r\n folded\r\nCc: 1\r\nCc: 2\r\n: none\r\nSender:\r\n\r\nDate: not a field\r\n"), nil)
	for name, want := range map[string]string{"subject": "a b c", "to": "x", "cc": "1", "date": "", "sender": "", "from": ""} {
		if got := string(h.Get(name)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := bytes.Join(h.All("cc"), []byte(",")); string(got) != "1,2" {
		t.Errorf("got %q", got)
	}
	if h.Has("date") || !h.Has("sender") {
		t.Errorf("got a date %v and a sender %v, want only the sender", h.Has("date"), h.Has("sender"))
	}
}

func TestOnce(t *testing.T) {
	var notes note.List
	h := Read([]byte("Subject: a\r\nSubject: b\r\nDate: c\r\n"), &notes)
	if a, c := h.Once("subject", &notes), h.Once("date", &notes); string(a) != "a" || string(c) != "c" {
		t.Errorf("got %q and %q", a, c)
	}
	if got := strings.Join(notes.All(), ";"); got != "more than one subject" {
		t.Errorf("got the notes %q", got)
	}
}

// However many fields there are and however long, what is kept is bounded, and says that it was cut.
func TestHeaderIsBounded(t *testing.T) {
	for name, raw := range map[string]string{
		"one": "Cc: " + strings.Repeat("a", 1<<20), "many": strings.Repeat("Cc: "+strings.Repeat("a", 50_000)+"\r\n", 40), "of all names": strings.Join(Names, ": "+strings.Repeat("a", 60_000)+"\r\n"),
		"folded": "Cc: a" + strings.Repeat("\r\n "+strings.Repeat("a", 100), 10_000), "short ones": strings.Repeat("Cc: a\r\n", 10_000),
	} {
		var notes note.List
		h := Read([]byte(raw+"\r\n"), &notes)
		total, longest := 0, 0
		for _, f := range h.fields {
			total, longest = total+len(f.value), max(longest, len(f.value))
		}
		if total > 256<<10 || longest > 64<<10 || h.count("cc") > 100 {
			t.Errorf("%s: %d fields with %d bytes are kept, the longest of %d", name, len(h.fields), total, longest)
		}
		if cut := len(notes.All()) > 0; cut != (name != "short ones") {
			t.Errorf("%s: got the notes %q", name, notes.All())
		}
	}
}
