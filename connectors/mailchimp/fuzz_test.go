package mailchimp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// FuzzCursor: whatever a ledger holds, a cursor is read as exactly what was written or refused.
func FuzzCursor(f *testing.F) {
	connectortest.FuzzCursor(f, func(text connectors.Cursor) (connectors.Cursor, error) {
		c, err := parseCursor(text)
		return c.String(), err
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
