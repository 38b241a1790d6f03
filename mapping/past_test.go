package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
)

// TestPastOfAnotherRecord: a row of changes names the record whose past it tells, also when a filter keeps it out.
func TestPastOfAnotherRecord(t *testing.T) {
	load := func(past string) (*mapping.Rules, error) {
		return mapping.Load(mapping.File{Name: "rules.yaml", Data: []byte(`
version: 1
objects:
  changes:
    kind: ticket
    past: ` + past + `
    where: {nothing changed: record.status != nil || record.team != nil}
    fields: {status: status, team: team}
`)})
	}
	rules, err := load("{path: ticket, ref: tickets}")
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		`{"ticket":7,"status":"open"}`:    `zd/tickets/7 "" "open" `,
		`{"ticket":"7","team":null}`:      `zd/tickets/7 "nothing changed"  `,
		`{"ticket":7,"subject":"x"}`:      `zd/tickets/7 "nothing changed"  `,
		`{"ticket":null,"status":"open"}`: "error", `{"status":"open"}`: "error", `{"ticket":{},"status":"open"}`: "error",
	} {
		p, o, err := rules.Map(connectors.Record{Ref: connectors.Ref{Connection: "zd", Object: "changes", ID: "1"}, Version: time.Unix(1, 0), Data: []byte(data)})
		got := p.Past + ` "` + o.Filtered + `" ` + string(p.Get("status")) + " " + string(p.Get("team"))
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: got %s (%v), want %s", data, got, err, want)
		}
	}
	for _, bad := range []string{"ticket", "{path: ticket}", "[]", "{ref: tickets}"} {
		if _, err := load(bad); err == nil {
			t.Errorf("past: %s: got no error", bad)
		} else if !strings.Contains(err.Error(), "rules.yaml:6") && !strings.Contains(err.Error(), "rules.yaml:7") {
			t.Errorf("past: %s: got %v, want the place named", bad, err)
		}
	}
}
