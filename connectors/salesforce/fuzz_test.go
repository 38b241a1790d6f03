package salesforce

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
)

// FuzzCursor: whatever a ledger holds, a cursor is read as exactly what was written or refused; and what it holds cannot
// leave its place in a query.
func FuzzCursor(f *testing.F) {
	files, _ := filepath.Glob("testdata/cursors/*.cursor")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimSpace(string(text)))
	}
	f.Add(`{"v":1,"phase":"scan","bound":1,"id":"' OR Name != '"}`)
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
		l := contacts()
		for _, part := range append(c.New, after(c.ID)) {
			if strings.Count(part, "'")%2 != 0 || strings.ContainsAny(part, "\\;") {
				t.Errorf("%q puts %q into a query", text, part)
			}
		}
		if c.Window != nil && strings.Count(strings.Join(l.within(*c.Window), ""), "'") > 2 {
			t.Errorf("%q puts %v into a query", text, l.within(*c.Window))
		}
	})
}

// FuzzSOAP: no message breaks the parser, and every hint is complete.
func FuzzSOAP(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhooks/*.xml")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`))
	a := &account{connection: "c", objects: objects, streams: allStreams}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := a.Parse(connectors.Delivery{Body: body})
		if err != nil && len(hints) > 0 {
			t.Errorf("got %d hints together with %v", len(hints), err)
		}
		for _, h := range hints {
			if _, ok := a.object(h.Ref.Object); !ok || !isID(h.Ref.ID) || len(h.Ref.ID) != longID || h.Ref.Connection != "c" {
				t.Errorf("got the reference %+v", h.Ref)
			}
		}
	})
}

// TestDocumentTypesAreRefused: a message with a document type could name files or grow without end.
func TestDocumentTypesAreRefused(t *testing.T) {
	good, err := os.ReadFile("testdata/webhooks/contacts.xml")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(good), "\n")
	a := &account{connection: "c", objects: objects}
	for name, text := range map[string]string{
		"external": head + `<!DOCTYPE e [<!ENTITY f SYSTEM "file:///etc/passwd">]>` + strings.Replace(body, "Jeraldine", "&f;", 1),
		"laughs":   head + `<!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>` + strings.Replace(body, "Jeraldine", "&b;", 1),
		"bare":     head + `<!DOCTYPE e>` + body,
		"unknown":  head + strings.Replace(body, "Jeraldine", "&f;", 1),
		"deep":     strings.Repeat("<a>", 100_000),
		"many":     head + strings.Replace(body, "<Notification>", "<Notification>"+strings.Repeat("</Notification><Notification>", 2000), 1),
		"other":    strings.Replace(string(good), "2005/09/outbound", "2005/09/inbound", 1),
	} {
		if hints, err := a.Parse(connectors.Delivery{Body: []byte(text)}); err == nil || len(hints) > 0 {
			t.Errorf("%s: got %d hints and %v, want it refused", name, len(hints), err)
		}
	}
	if hints, err := a.Parse(connectors.Delivery{Body: good}); err != nil || len(hints) != 3 {
		t.Errorf("the message itself: got %d hints and %v", len(hints), err)
	}
}

// TestNumbersAreOneText: REST and Bulk write the same number in different ways.
func TestNumbersAreOneText(t *testing.T) {
	for text, want := range map[string]string{"50000.00": "50000", "50000.0": "50000", "50000": "50000", "1.2E7": "12000000", "1.25e-3": "0.00125", "0.10": "0.1",
		"-0.0": "0", "-12.50": "-12.5", "0": "0", "100": "100", "1E2": "100", "12.34E1": "123.4", "1e400": "1e400"} {
		if got := number(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "thousandths")) / 1000
		for _, text := range []string{gjson.Parse(fmtFloat(f, 'e')).Raw, gjson.Parse(fmtFloat(f, 'f')).Raw} {
			if got := gjson.Parse(number(text)).Num; got != f {
				t.Fatalf("%s became %s", text, number(text))
			}
		}
		if a, b := number(fmtFloat(f, 'e')), number(fmtFloat(f, 'f')); a != b {
			t.Fatalf("got %s and %s for one number", a, b)
		}
	})
}

// TestIDs: the checksum is the capitals' place, and what is no id stays what it is.
func TestIDs(t *testing.T) {
	for id, want := range map[string]string{"0014S000007Nxml": "0014S000007NxmlQAC", "0014S000007NxmlQAC": "0014S000007NxmlQAC", "0014S000007Nxmlqac": "0014S000007NxmlQAC",
		"001000000000000": "001000000000000AAA", "short": "short", "0014S000007Nxm'": "0014S000007Nxm'", "": ""} {
		if got := long(id); got != want {
			t.Errorf("%q: got %q, want %q", id, got, want)
		}
	}
}

// TestMarks: a new field is noticed, one that went is not.
func TestMarks(t *testing.T) {
	marked := marks([]string{"Id", "Name", "Tier__c"})
	if got := unmarked(marked, []string{"Name", "Id"}); len(got) > 0 {
		t.Errorf("got %v, want none", got)
	}
	if got := unmarked(marked, []string{"Name", "Id", "Phone", "Fax"}); strings.Join(got, " ") != "Phone Fax" {
		t.Errorf("got %v, want Phone and Fax", got)
	}
}
