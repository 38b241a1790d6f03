package message

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

var idShape = regexp.MustCompile(`^[a-z2-7]{26}$`)

// FuzzParse: whatever is sent, a message comes out that is whole, bounded, valid, and the same each time.
func FuzzParse(f *testing.F) {
	for _, raw := range corpus(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := parse(t, raw, ours)
		data := m.JSON()
		check(t, m, data, len(raw))
		if again := parse(t, bytes.Clone(raw), ours); again.ID != m.ID || !bytes.Equal(again.JSON(), data) {
			t.Fatalf("got %s, then %s", data, again.JSON())
		}
		none := ours
		none.Body = None
		if bare := parse(t, raw, none); bare.ID != m.ID || bare.Body != "" || bare.Snippet != "" {
			t.Fatalf("without text: got %s, want %s", bare.JSON(), data)
		}
		header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		assembled := Assemble(Fetched{Header: header, Received: received}, ours)
		check(t, assembled, assembled.JSON(), len(raw))
		var back Message
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if !bytes.Equal(back.JSON(), data) {
			t.Fatalf("%s is read back as %s", data, back.JSON())
		}
	})
}

// check holds what is true of every message.
func check(t *testing.T, m *Message, data []byte, size int) {
	t.Helper()
	if !idShape.MatchString(m.ID) || m.Thread == "" || m.OccurredAt.IsZero() || m.Direction == "" || m.Dated == "" {
		t.Fatalf("%q is not whole: %s", m.ID, data)
	}
	if !utf8.Valid(data) || !json.Valid(data) {
		t.Fatalf("not valid: %q", data)
	}
	if len(data) > 20*size+8192 {
		t.Fatalf("%d bytes became %d", size, len(data))
	}
	if m.Automated != (m.Auto != "") {
		t.Fatalf("automated and why do not agree: %s", data)
	}
	lines := []string{m.MessageID, m.Subject, m.Topic, m.Thread, m.InReplyTo, m.ListID, m.Snippet}
	for _, list := range [][]Address{m.From, m.Sender, m.ReplyTo, m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			lines = append(lines, a.Name, a.Address)
			if again := field.Clean(a.Address, nil); again != a.Address {
				t.Fatalf("the address %q becomes %q when it is read again", a.Address, again)
			}
		}
	}
	for _, a := range m.Attachments {
		lines = append(lines, a.Name, a.Type)
	}
	lines = append(lines, m.Correspondents...)
	lines = append(lines, m.Problems...)
	for _, s := range lines {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }) {
			t.Fatalf("control characters in %q", s)
		}
	}
	if strings.ContainsFunc(m.Body, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		t.Fatalf("control characters in the body %q", m.Body)
	}
	if slices.ContainsFunc(m.Correspondents, ours.Own.Has) {
		t.Fatalf("we correspond with ourselves: %s", data)
	}
}
