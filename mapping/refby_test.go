package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
)

// TestReferenceByBeginning: one member of a Salesforce row points to contacts or leads, and the id says to which.
func TestReferenceByBeginning(t *testing.T) {
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: []byte(`
version: 1
objects:
  Task:
    kind: task
    fields:
      assignee: {path: OwnerId, ref: {"005": User}}
      contacts: {path: WhoId, ref: {"003": Contact, "00Q": Lead}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		`{"WhoId":"0031","OwnerId":"0051"}`: `["sf/Contact/0031"] "sf/User/0051"`,
		`{"WhoId":"00Q1","OwnerId":"00G1"}`: `["sf/Lead/00Q1"] `,
		`{"WhoId":"7011","OwnerId":null}`:   `null null`,
	} {
		p, o, err := rules.Map(connectors.Record{Ref: connectors.Ref{Connection: "sf", Object: "Task", ID: "1"}, Version: time.Unix(1, 0), Data: []byte(data)})
		if err != nil || len(o.Warnings) > 0 {
			t.Errorf("%s: got %v and %v", data, err, o.Warnings)
		}
		if got := string(p.Get("contacts")) + " " + string(p.Get("assignee")); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
	_, err = mapping.Load(mapping.File{Name: "rules.yaml", Data: []byte(`
version: 1
objects:
  Task: {kind: task, fields: {contacts: {path: WhoId, ref: {"00": Contact, "00Q": Lead}}}}
`)})
	if err == nil || !strings.Contains(err.Error(), `may begin with`) {
		t.Errorf("got %v for beginnings that are not apart, want them refused", err)
	}
}
