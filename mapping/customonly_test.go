package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
)

// TestOnlyTheNamedAreTaken: a vendor whose own fields stand beside those that customers added (Name__c) has the latter
// taken, and no others.
func TestOnlyTheNamedAreTaken(t *testing.T) {
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: []byte(`
version: 1
objects:
  Account:
    kind: organization
    fields: {name: Name}
    custom: {as: salesforce, only: ["*__c", Tradestyle], except: [Secret__c]}
`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rules.Members("Account"), " "); got != "*__c Name Tradestyle" {
		t.Errorf("members: got %q, want the names and the pattern", got)
	}
	p, _, err := rules.Map(connectors.Record{Ref: connectors.Ref{Connection: "sf", Object: "Account", ID: "1"}, Version: time.Unix(1, 0),
		Data: []byte(`{"Id":"1","Name":"Acme","Jigsaw":"x","Tier__c":"Gold","Secret__c":"y","Tradestyle":"A","Roles__r":[1]}`)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range p.Fields {
		got[f.Name] = string(f.Value)
	}
	if len(got) != 3 || got["custom.salesforce.Tier__c"] != `{"t":"string","v":"Gold"}` || got["custom.salesforce.Tradestyle"] == "" {
		t.Errorf("got %v, want the name, Tier__c and Tradestyle", got)
	}
}
