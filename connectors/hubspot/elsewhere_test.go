package hubspot_test

import (
	"context"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// TestDeactivatedOwnersAreRead: whoever left still owns deals (singer tap-hubspot #224, open). They are not deleted, for
// their name stands on what they own.
func TestDeactivatedOwnersAreRead(t *testing.T) {
	h := newHarness(t, "owners", immediate)
	here := h.sim.AddOwner("Ada", "Byron", "ada@example.com", false)
	left := h.sim.AddOwner("Bob", "Gone", "bob@example.com", true)
	r := h.reader(t)
	r.drain(t)
	for id, archived := range map[string]bool{here: false, left: true} {
		if got := gjson.Get(r.data[id], "archived"); !got.Exists() || got.Bool() != archived {
			t.Errorf("owner %s: got archived %q, want %v", id, got.Raw, archived)
		}
	}
	records, err := r.src.(connectors.Getter).Get(t.Context(), []connectors.Ref{{Connection: "main", Object: "owners", ID: left}})
	if err != nil || len(records) != 1 || records[0].Deleted.Kind != connectors.NotDeleted {
		t.Errorf("get of the deactivated owner: got %+v, %v, want it live", records, err)
	}
}

// TestSweepShowsChangedAssociations: HubSpot moves no time stamp when an association changes (airbyte #27199, #43352,
// #44554, open), so the sweep must bring it, as a later sight of the same version.
func TestSweepShowsChangedAssociations(t *testing.T) {
	h := newHarness(t, "deals", immediate)
	h.clock.Freeze()
	id := h.Create(t, 2)[1]
	before := h.swept(t)[id]
	h.clock.Advance(time.Hour)
	company := h.fixed["companies"][1]
	if err := h.sim.Dissociate("deals", id, "companies", company); err != nil {
		t.Fatal(err)
	}
	after := h.swept(t)[id]
	if had, has := ends(string(before.Data), "companies"), ends(string(after.Data), "companies"); len(had) == 0 || len(has) != 0 {
		t.Errorf("companies of the deal: got %q and then %q, want some and then none", had, has)
	}
	if !after.Version.Equal(before.Version) || !after.Seen.After(before.Seen) {
		t.Errorf("got version %v seen %v, want version %v seen after %v", after.Version, after.Seen, before.Version, before.Seen)
	}
}

// swept returns what a whole sweep lists, by id.
func (h *harness) swept(t *testing.T) map[string]connectors.Record {
	t.Helper()
	sweeper := connectortest.Open(t, h).(connectors.Sweeper)
	found := map[string]connectors.Record{}
	for at := connectors.Cursor(""); ; {
		page, err := sweeper.Sweep(context.Background(), h.stream, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			found[r.Ref.ID] = r
		}
		if at = page.Next; !page.More {
			return found
		}
	}
}
