package endtoend

import (
	"context"
	"testing"

	"github.com/millrace/millrace/router/ledger"
)

// swept is a hub that sweeps all the time.
func swept(t *testing.T) (*vendors, *hub) {
	t.Helper()
	v := start(t)
	v.hs["every"], v.hs["sweep"] = "1h", "30ms"
	return v, v.open()
}

// sweep returns where the sweep of contacts stands.
func (h *hub) sweep() ledger.SweepState {
	h.t.Helper()
	s, err := h.ledger.Stream(context.Background(), "hubspot", "contacts")
	h.v.ok(err)
	return s.Sweep
}

// TestPurgedContact: a person who is gone without a trace is missed by two sweeps in a row; then the card is closed.
func TestPurgedContact(t *testing.T) {
	v, h := swept(t)
	ids := v.people(30)
	h.settle()
	v.later()
	v.ok(v.hubspot.Purge("contacts", ids[4], ids[5]))
	h.until("the cards are closed", func() bool {
		return v.card("contacts", ids[4]).Completed && v.card("contacts", ids[5]).Completed
	})
	if open := len(v.in("Customers")); open != 28 {
		t.Errorf("%d cards are open, want 28", open)
	}
	h.noProblems()
	v.audit()
}

// TestMassPurgeIsHeldBack: when far more is missing than a run may take for deleted, nothing is; status says so with
// the numbers and what to do, and only then it is done (invariant 6).
func TestMassPurgeIsHeldBack(t *testing.T) {
	v := start(t)
	v.hs["every"], v.hs["sweep"] = "1h", "500ms" // a pause between two sweeps that is long enough to stop in
	h := v.open()
	ids := v.people(100)
	h.settle()
	v.later()
	v.ok(v.hubspot.Purge("contacts", ids[:40]...))
	h.until("the deletions are refused", func() bool { return h.sweep().Refused != "" })
	first := h.sweep().Pass
	h.until("they are refused again", func() bool { s := h.sweep(); return s.Pass > first && s.Refused != "" })
	h.stop()
	if open := len(v.in("Customers")); open != 100 {
		t.Errorf("%d cards are open, want all 100", open)
	}
	const why = "sweep refused: it would delete 40 of 100 records; the most is 20 without force"
	v.says(v.millrace("status"), 0, "gap: hubspot/contacts", why, "problem: stream hubspot/contacts: "+why+"; if they really are gone: millrace backfill --force")
	if s := v.backfill(); s.Items.Closed != 0 {
		t.Errorf("a backfill without --force closed %d items, want none", s.Items.Closed)
	}
	if s := v.backfill("--force"); s.Items.Closed != 40 {
		t.Errorf("a backfill with --force closed %d items, want 40", s.Items.Closed)
	}
	v.audit()
	if st := v.status(); !st.Ready || len(st.Gaps) != 0 {
		t.Errorf("status says ready: %v with the gaps %v, want it ready without", st.Ready, st.Gaps)
	}
}
