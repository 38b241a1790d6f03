package hubspot

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// FuzzCursor: whatever a ledger holds, a cursor is read as exactly what was written or refused.
func FuzzCursor(f *testing.F) {
	connectortest.FuzzCursor(f, func(text connectors.Cursor) (connectors.Cursor, error) {
		c, err := parseCursor(text)
		return c.String(), err
	}, `{"v":1,"phase":"poll"}`)
}

// FuzzParse: no delivery breaks the parser, and every hint is complete.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhooks/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`[{"subscriptionType":"contact.merge","objectId":1e400,"mergedObjectIds":[[],{}]}]`))
	a := &account{hooks: hooks{connection: "c", objects: objects}}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := a.Parse(connectors.Delivery{Body: body})
		if err != nil && len(hints) > 0 {
			t.Errorf("got %d hints together with %v", len(hints), err)
		}
		for _, h := range hints {
			if _, ok := streamObject(h.Ref.Object); !ok || !isID(h.Ref.ID) || h.Ref.Connection != "c" {
				t.Errorf("got the reference %+v", h.Ref)
			}
			if (h.Deleted.Kind == connectors.Merged) != !h.Deleted.Into.IsZero() || h.Deleted.Into == h.Ref {
				t.Errorf("got the deletion %+v of %s", h.Deleted, h.Ref)
			}
		}
	})
}

// TestComposeTouchesNothingElse: writing the associations anew leaves every other byte of the object as it was.
func TestComposeTouchesNothingElse(t *testing.T) {
	value := rapid.SampledFrom([]string{`"x"`, `null`, `{"associations":1}`, `"\"associations\":"`, `[1, 2]`, `"}"`, ` 7 `})
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.Permutation([]string{"id", "properties", "associations", "url"}).Draw(t, "order")
		names = names[:rapid.IntRange(0, len(names)).Draw(t, "members")]
		space := rapid.SampledFrom([]string{"", " ", "\n  "}).Draw(t, "space")
		var all, rest []string
		for _, name := range names {
			member := `"` + name + `":` + space + value.Draw(t, name)
			all = append(all, member)
			if name != "associations" {
				rest = append(rest, strings.TrimSpace(member))
			}
		}
		object := "{" + space + strings.Join(all, space+","+space) + space + "}"
		if !json.Valid([]byte(object)) {
			t.Fatalf("the test made %s", object)
		}
		for _, set := range []map[string][]link{nil, {"companies": {{"10", "b"}, {"9", "a"}, {"9", "a"}}}} {
			got := compose(json.RawMessage(object), set)
			if !json.Valid(got) {
				t.Fatalf("%s became %s, which is no JSON", object, got)
			}
			for _, member := range rest {
				if !strings.Contains(string(got), member) {
					t.Fatalf("%s became %s, without %s", object, got, member)
				}
			}
			want := ""
			if set != nil {
				want = `{"companies":{"results":[{"id":"9","type":"a"},{"id":"10","type":"b"}]}}`
			}
			if links := gjson.GetBytes(got, "associations").Raw; links != want {
				t.Fatalf("%s became %s, whose associations are %s, want %s", object, got, links, want)
			}
		}
	})
}
