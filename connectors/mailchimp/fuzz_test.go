package mailchimp

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// FuzzCursor: whatever a ledger holds, a cursor is read as exactly what was written or refused.
func FuzzCursor(f *testing.F) {
	files, _ := filepath.Glob("testdata/cursors/*.cursor")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimSpace(string(text)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(connectors.Cursor(text))
		if err != nil || text == "" {
			return
		}
		again, err := parseCursor(c.String())
		if err != nil {
			t.Fatalf("%q was read, but %q, what it is written as, was not: %v", text, c.String(), err)
		}
		if again.String() != c.String() {
			t.Errorf("got %s, want %s", again.String(), c.String())
		}
	})
}

// FuzzParse: no delivery breaks the parser, every hint is complete, and no reference holds an address.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhooks/*.form")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range []string{"type=cleaned&fired_at=9999-12-31+23%3A59%3A59&data[list_id]=a", "data[a][b][c][d][e]=1&type=x", "type=upemail&data[new_id]=a@b&data[list_id]=c",
		"type=profile&data[id][]=1&data[[id]]=2", "%5B=1&type=profile", "type=campaign&data[id]=5aa2102003;x"} {
		f.Add([]byte(body))
	}
	a := &account{hooks: hooks{connection: "c", streams: streamNames()}}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := a.Parse(connectors.Delivery{Body: body})
		if err != nil && len(hints) > 0 {
			t.Errorf("got %d hints together with %v", len(hints), err)
		}
		for _, h := range hints {
			if _, ok := findStream(h.Ref.Object); !ok || h.Ref.Connection != "c" || strings.ContainsAny(h.Ref.ID, "@/ ") || len(h.Ref.ID) > 200 {
				t.Errorf("got the reference %+v", h.Ref)
			}
			for part := range strings.SplitSeq(h.Ref.ID, ":") {
				if !isID(part) {
					t.Errorf("got the reference %+v", h.Ref)
				}
			}
		}
	})
}

// FuzzForm: what is read is bounded, and a form without brackets is read as the standard library reads it.
func FuzzForm(f *testing.F) {
	f.Add("a=1&b=2&a=3")
	f.Add("data%5Bmerges%5D%5BEMAIL%5D=x&type=profile")
	f.Add(strings.Repeat("a&", 2000))
	f.Add(strings.Repeat("a[", 10) + strings.Repeat("]", 10) + "=1")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm([]byte(body))
		if err != nil {
			return
		}
		if len(form) > maxPairs {
			t.Errorf("got %d fields", len(form))
		}
		for name := range form {
			if len(name) > maxName {
				t.Errorf("got a name of %d bytes", len(name))
			}
		}
		want, err := url.ParseQuery(body)
		if err != nil || strings.ContainsAny(body, "[.;") || strings.Contains(body, "%") {
			return
		}
		for name := range want {
			if form[name] != want.Get(name) {
				t.Errorf("%s: got %q, want %q", name, form[name], want.Get(name))
			}
		}
	})
}

// TestFormBounds: what is too much is refused.
func TestFormBounds(t *testing.T) {
	for name, body := range map[string]string{"fields": strings.Repeat("a=1&", maxPairs+1), "depth": "a[b][c][d][e]=1", "name": strings.Repeat("a", maxName+1) + "=1",
		"size": "a=" + strings.Repeat("x", maxDelivery), "escape": "a=%zz", "no name": "[a]=1", "open": "a[b=1", "twice": "a[b]]=1"} {
		if form, err := parseForm([]byte(body)); err == nil {
			t.Errorf("%s: got %d fields, want an error", name, len(form))
		}
	}
}
