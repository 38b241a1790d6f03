package hubspot_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// TestRewindReadsOnce: what search had certainly indexed when a live pass began is not read a second time by the
// trailing pass, which after a rewind would be the whole account.
func TestRewindReadsOnce(t *testing.T) {
	h := newHarness(t, "companies", immediate)
	h.Create(t, 2000)
	h.clock.Advance(2 * time.Hour)
	r := h.reader(t, "index_lag", "10m")
	r.drain(t)
	at, err := r.src.(connectors.Rewinder).CursorAt("companies", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	h.log.Reset()
	r.at = at
	r.drain(t)
	r.check(t, h.sim)
	if got, most := h.log.Totals().Requests, 2000/200+3; got > most {
		t.Errorf("reading 2,000 objects again cost %d requests, want at most %d", got, most)
	}
	if lag := h.clock.Now().Sub(r.complete); lag > 11*time.Minute {
		t.Errorf("complete up to %v before now, want index_lag", lag)
	}
}
