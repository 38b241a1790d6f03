package salesforce_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestHiddenFieldOfChildIsLeftOut: a field of the contact roles or of the stage history that the user may not read, or may
// not any longer, is left out. No describe of the opportunity lists it, and the deals are read all the same.
func TestHiddenFieldOfChildIsLeftOut(t *testing.T) {
	for _, hidden := range []string{"OpportunityContactRole.Role", "OpportunityContactRole.IsPrimary", "OpportunityHistory.CreatedById"} {
		for _, when := range []string{"before", "meanwhile"} {
			t.Run(hidden+" "+when, func(t *testing.T) {
				h := newHarness(t, "Opportunity", nil)
				ids := h.Create(t, 5)
				r := newReader(t, h, "Opportunity")
				if when == "meanwhile" {
					r.settle(t, h)
					h.Change(t, ids...)
				}
				object, name, _ := strings.Cut(hidden, ".")
				h.sim.HideField(object, name)
				r.settle(t, h)
				r.check(t, h)
				data := string(r.records[ids[0]].Data)
				if strings.Contains(data, `"`+name+`":"Decision`) || !strings.Contains(data, `"ContactId":"003`) || !strings.Contains(data, `"StageName":"Prospecting"`) {
					t.Errorf("got %s, want all but %s", data, hidden)
				}
			})
		}
	}
}

// TestHiddenParentIsLeftOut: in an organization with person accounts the user may lose the way to the person behind a deal.
func TestHiddenParentIsLeftOut(t *testing.T) {
	for _, hidden := range []string{"Account.PersonContactId", "Opportunity.AccountId"} {
		t.Run(hidden, func(t *testing.T) {
			h := newHarness(t, "Opportunity", nil)
			h.sim.AddField("Account", salesforcetest.Field{Name: "PersonContactId", Type: "reference", ReferenceTo: []string{"Contact"}, Relationship: "PersonContact"})
			ids := h.Create(t, 5)
			r := newReader(t, h, "Opportunity")
			r.settle(t, h)
			if !strings.Contains(string(r.records[ids[0]].Data), `"PersonContactId"`) {
				t.Fatalf("got %s, want it with the person's contact", r.records[ids[0]].Data)
			}
			object, name, _ := strings.Cut(hidden, ".")
			h.sim.HideField(object, name)
			h.Change(t, ids...)
			r.settle(t, h)
			r.check(t, h)
		})
	}
}
