package cli

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

// fieldsOfRecord maps a record whose members are canonical fields of the kind that its object is named after.
type fieldsOfRecord struct{}

func (fieldsOfRecord) Version() string { return "test" }

func (fieldsOfRecord) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	p := canonical.Profile{Kind: canonical.Kind(rec.Ref.Object)}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(rec.Data, &fields)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: fields[name]})
	}
	return p, mapping.Outcome{}, err
}

// A mail is in the timeline of whoever has its address, and in their export, once although two records tell of it, of which
// one names the deal it is about.
func TestTimelineHasMailsByAddress(t *testing.T) {
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "l.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	l, err := ledger.Open(engine, ledger.Options{Mapper: fieldsOfRecord{}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(object, id, data string) {
		t.Helper()
		r := connectors.Record{Ref: connectors.Ref{Connection: "c", Object: object, ID: id}, Data: json.RawMessage(data)}
		if _, err := l.Apply(t.Context(), ledger.Batch{Connection: "c", Stream: object, Kind: ledger.Fetch, Records: []connectors.Record{r}}); err != nil {
			t.Fatal(err)
		}
	}
	put("person", "1", `{"emails":[{"address":"ana@x.example"}],"name.full":"Ana"}`)
	put("deal", "1", `{"contacts":["c/person/1"],"name":"D"}`)
	put("interaction", "1", `{"kind":"email","message_id":"1@x","occurred_at":"2026-11-01T10:00:00Z","participants":[{"role":"from","address":"ana@x.example"}],"subject":"Offer"}`)
	put("interaction", "2", `{"deals":["c/deal/1"],"kind":"email","message_id":"1@x","occurred_at":"2026-11-01T10:00:00Z","subject":"Offer"}`)
	put("interaction", "3", `{"kind":"email","occurred_at":"2026-11-02T10:00:00Z","participants":[{"role":"to","address":"ana@x.example"}],"subject":"Reply"}`)
	var rep customerReport
	out := exportReport{Related: map[string][]exportedThis{}}
	if err := l.Snapshot(t.Context(), func(s *ledger.Snap) error {
		e, err := s.Resolve("c/person/1")
		if err != nil {
			return err
		}
		if err := rep.surroundings(s, e); err != nil {
			return err
		}
		return out.related(s, e)
	}); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range rep.Timeline {
		told = append(told, m.What+" "+m.Label)
	}
	if got := strings.Join(told, ", "); got != "email Reply, email Offer" {
		t.Errorf("the timeline tells %q", got)
	}
	if n := len(out.Related["interaction"]); n != 2 {
		t.Errorf("the export has %d mails, want 2", n)
	}
}
