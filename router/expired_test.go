package router_test

import (
	"testing"

	"github.com/millrace/millrace/connectors"
)

// A cursor expires while a vendor cannot be reached: what was down for longer than the vendor keeps cursors usually fails
// once or twice before the vendor says so. The hole is found all the same (invariant 8).
func TestCursorThatExpiresAfterOtherFailuresIsAGapThatHeals(t *testing.T) {
	w := newWorld(t)
	w.fill(30)
	w.start()
	w.backfill()
	w.crm.mu.Lock()
	w.crm.fail = &connectors.Error{Kind: connectors.Temporary, Op: "read contacts", Reason: "cannot be reached"}
	w.crm.mu.Unlock()
	failing := func() bool {
		state, err := w.ledger.Stream(t.Context(), "crm", "contacts")
		return err != nil || state.Failure.Attempts > 0
	}
	w.until(failing)
	state, err := w.ledger.Stream(t.Context(), "crm", "contacts")
	if err != nil {
		t.Fatal(err)
	}
	w.crm.mu.Lock()
	w.crm.expired, w.crm.fail = string(state.Cursor), nil
	w.crm.mu.Unlock()
	w.until(func() bool { return w.router.Tally().Read >= 60 })
	w.crm.mu.Lock()
	w.crm.expired = "" // the place that it comes to again is a young one
	w.crm.mu.Unlock()
	w.until(func() bool { return !failing() && len(w.gaps()) == 0 })
}
