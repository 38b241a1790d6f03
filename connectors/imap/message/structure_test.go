package message

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// server is what an IMAP server knows of one mail: BODYSTRUCTURE and the encoded content of each part. It is written for
// well-formed mails, without the walker that it judges.
type server struct {
	header    []byte
	structure Structure
	sections  map[string][]byte
}

func newServer(raw []byte) *server {
	s := &server{sections: make(map[string][]byte)}
	s.header, _ = cutHeader(raw)
	s.structure = s.part(raw, nil)
	return s
}

func cutHeader(raw []byte) (header, body []byte) {
	if bytes.HasPrefix(raw, []byte("\r\n")) {
		return nil, raw[2:]
	}
	if i := bytes.Index(raw, []byte("\r\n\r\n")); i >= 0 {
		return raw[:i+2], raw[i+4:]
	}
	return raw, nil
}

func (s *server) part(raw []byte, path []int) Structure {
	header, body := cutHeader(raw)
	h := field.Read(header, nil)
	p := Structure{Encoding: strings.ToUpper(string(h.Get("content-transfer-encoding"))), Size: int64(len(body))}
	p.Type, p.Params = field.Params(h.Get("content-type"), "", nil)
	p.Disposition, p.DispositionParams = field.Params(h.Get("content-disposition"), "", nil)
	if p.Type == "" {
		p.Type = "text/plain"
	}
	if !strings.HasPrefix(p.Type, "multipart/") {
		if len(path) == 0 {
			path = []int{1}
		}
		s.sections[fmt.Sprint(path)] = body
		return p
	}
	body = append([]byte("\r\n"), body...)
	for i, piece := range bytes.Split(body, []byte("\r\n--"+p.Params["boundary"])) {
		if i > 0 && !bytes.HasPrefix(piece, []byte("--")) {
			p.Parts = append(p.Parts, s.part(bytes.TrimPrefix(piece, []byte("\r\n")), append(slices.Clone(path), i)))
		}
	}
	return p
}

// fetch answers what Wanted asks for.
func (s *server) fetch(t *testing.T, set Settings) Fetched {
	f := Fetched{Header: s.header, Structure: &s.structure, Received: received}
	for _, w := range Wanted(s.header, &s.structure, set) {
		data, ok := s.sections[fmt.Sprint(w.Path)]
		if !ok || w.Most < 1 {
			t.Errorf("%v of %v bytes was asked for", w.Path, w.Most)
		}
		w.Data = data[:min(len(data), w.Most)]
		f.Sections = append(f.Sections, w)
	}
	return f
}

// malformed are mails whose structure is a server's guess.
var malformed = []string{"no-boundary", "wrong-boundary", "not-closed", "odd-types", "header-broken", "mbox-line"}

// TestAssembled: a mail that is fetched in pieces is the same as one that is read whole, under every policy.
func TestAssembled(t *testing.T) {
	mails := corpus(t)
	mails["long-text"] = []byte(boundsHead + "\r\n" + strings.Repeat("All work and no play.\r\n", 20_000))
	mails["long-without-id"] = []byte("From: a@b.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=C3=A4=C3=B6=\r\n", 20_000))
	for name, raw := range mails {
		if slices.Contains(malformed, name) {
			continue
		}
		s := newServer(raw)
		for _, policy := range []Policy{None, Snippet, Full} {
			set := ours
			set.Body = policy
			want, got := parse(t, raw, set), Assemble(s.fetch(t, set), set)
			if got.ID != want.ID {
				t.Errorf("%s, %s: got the id %s, want %s", name, policy, got.ID, want.ID)
			}
			if diff := cmp.Diff(sizeless(want), sizeless(got)); diff != "" {
				t.Errorf("%s, %s (-whole +assembled):\n%s", name, policy, diff)
			}
		}
	}
}

// sizeless returns a message without what only the whole mail tells.
func sizeless(m *Message) *Message {
	c := *m
	c.Attachments = slices.Clone(m.Attachments)
	for i := range c.Attachments {
		c.Attachments[i].Size, c.Attachments[i].SHA256 = 0, ""
	}
	return &c
}

// TestPolicyKeepsIdentity: how much of a mail is kept does not change which record it is.
func TestPolicyKeepsIdentity(t *testing.T) {
	for name, raw := range corpus(t) {
		want := parse(t, raw, ours)
		for _, policy := range []Policy{"", None, Snippet} {
			set := ours
			set.Body = policy
			got := parse(t, raw, set)
			if got.ID != want.ID || got.Thread != want.Thread || got.Auto != want.Auto || !cmp.Equal(got.Correspondents, want.Correspondents) {
				t.Errorf("%s, %q: got %s, want %s", name, policy, got.JSON(), want.JSON())
			}
			if got.Body != "" || policy != Snippet && got.Snippet != "" {
				t.Errorf("%s, %q: keeps text: %s", name, policy, got.JSON())
			}
		}
	}
}

// TestLittleIsAskedFor: under the policy None a mail costs its header alone, but where its text decides what it is.
func TestLittleIsAskedFor(t *testing.T) {
	for name, raw := range corpus(t) {
		s := newServer(raw)
		none := Wanted(s.header, &s.structure, Settings{Own: ours.Own})
		needed := strings.HasPrefix(name, "bounce-") || strings.HasPrefix(name, "no-") || name == "nothing"
		if len(none) > 0 && !needed {
			t.Errorf("%s: %d sections are asked for", name, len(none))
		}
		if len(none) == 0 && strings.HasPrefix(name, "bounce-") {
			t.Errorf("%s: its report is not asked for", name)
		}
	}
}

// Of a mail of a thousand texts no more is asked for than is read.
func TestSectionsAreBounded(t *testing.T) {
	s := Structure{Type: "multipart/report"}
	for range 400 {
		s.Parts = append(s.Parts, Structure{Type: "text/plain"}, Structure{Type: "message/delivery-status"})
	}
	if got := Wanted([]byte(boundsHead), &s, ours); len(got) > 22 {
		t.Errorf("%d sections are asked for", len(got))
	}
}

// Of a text that is there twice, plain and as HTML, a snippet needs the plain one.
func TestSnippetNeedsNoHTML(t *testing.T) {
	for size, want := range map[int64]int{enough: 1, enough - 1: 2} {
		s := Structure{Type: "multipart/alternative", Parts: []Structure{{Type: "text/plain", Size: size}, {Type: "text/html", Size: 90_000}}}
		if got := Wanted([]byte(boundsHead), &s, Settings{Body: Snippet}); len(got) != want {
			t.Errorf("%d bytes of plain text: %d sections are asked for, want %d", size, len(got), want)
		}
		if got := Wanted([]byte("Subject: no id\r\n"), &s, Settings{Body: Snippet}); len(got) != 2 {
			t.Errorf("without a Message-ID %d sections are asked for, want both: they are in the id", len(got))
		}
	}
}

// A server's answer may lack anything.
func TestAssembledOfLittle(t *testing.T) {
	for name, f := range map[string]Fetched{
		"nothing": {}, "no structure": {Header: []byte(boundsHead)}, "empty structure": {Header: []byte(boundsHead), Structure: &Structure{}},
		"no sections":         {Header: []byte(boundsHead), Structure: &Structure{Type: "TEXT/PLAIN"}},
		"multipart of none":   {Header: []byte(boundsHead), Structure: &Structure{Type: "multipart/mixed"}},
		"section of no part":  {Structure: &Structure{Type: "text/plain"}, Sections: []Section{{Path: []int{7}, Data: []byte("x")}}},
		"parts of a text":     {Structure: &Structure{Type: "text/plain", Parts: []Structure{{Type: "text/plain"}}}},
		"negative size":       {Structure: &Structure{Type: "image/png", Size: -1, Encoding: "base64"}},
		"header without end":  {Header: []byte("Subject: x")},
		"garbage for headers": {Header: []byte("\x00\xff\r\n\x80:")},
	} {
		if m := Assemble(f, ours); len(m.ID) != idLength || m.Thread == "" {
			t.Errorf("%s: got %s", name, m.JSON())
		}
	}
	deep := Structure{Type: "text/plain"}
	for range 10_000 {
		deep = Structure{Type: "multipart/mixed", Parts: []Structure{deep}}
	}
	if m := Assemble(Fetched{Header: []byte(boundsHead), Structure: &deep}, ours); len(m.Problems) == 0 {
		t.Error("ten thousand parts in each other are no problem")
	}
}
