package activecampaign

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tidwall/gjson"

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

// FuzzParse: no delivery breaks the parser, and every hint is complete.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/webhooks/*.form")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	a := &account{connection: "c", streams: streamNames()}
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := a.Parse(connectors.Delivery{Body: body})
		if err != nil && len(hints) > 0 {
			t.Errorf("got %d hints together with %v", len(hints), err)
		}
		for _, h := range hints {
			if _, ok := findStream(h.Ref.Object); !ok || !isID(h.Ref.ID) || h.Ref.Connection != "c" || h.Deleted.Kind != connectors.NotDeleted {
				t.Errorf("got the hint %+v", h)
			}
		}
	})
}

// FuzzBeside: whatever stands beside contacts, what is added to one is JSON, and nothing of the contact is lost.
func FuzzBeside(f *testing.F) {
	f.Add(`{"contacts":[{"id":"1","contactLists":["2"]}],"contactLists":[{"id":"2","contact":"1","list":"3","status":"1","sdate":"0000-00-00 00:00:00"}],"contactTags":[],"fieldValues":[{"contact":"1","field":"9","value":"||a||b||"}],"fields":[{"id":"9","type":"checkbox","perstag":"X"}]}`)
	f.Add(`{"contacts":[{"id":"1"}],"contactLists":{},"contactTags":null,"fieldValues":[1]}`)
	a := &account{connection: "c", streams: streamNames(), beside: sideLoads}
	f.Fuzz(func(t *testing.T, body string) {
		if !gjson.Valid(body) {
			return
		}
		n := answer{members: map[string]gjson.Result{}}
		gjson.Parse(body).ForEach(func(k, v gjson.Result) bool { n.members[k.Str] = v; return true })
		records, err := a.contactRecords("read contacts", n, n.members["contacts"].Array())
		if err != nil {
			return
		}
		for _, r := range records {
			if r.Deleted.Kind != connectors.Privacy && !gjson.ValidBytes(r.Data) {
				t.Errorf("got %s", r.Data)
			}
		}
	})
}
