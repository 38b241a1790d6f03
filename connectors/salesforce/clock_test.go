package salesforce_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// dated says another Date than the organization's.
type dated struct {
	http.ResponseWriter
	now func() time.Time
}

func (d dated) WriteHeader(status int) {
	d.Header().Set("Date", d.now().UTC().Format(http.TimeFormat))
	d.ResponseWriter.WriteHeader(status)
}

func (d dated) Write(p []byte) (int, error) {
	d.Header().Set("Date", d.now().UTC().Format(http.TimeFormat))
	return d.ResponseWriter.Write(p)
}

// TestDateThatRunsAheadLosesNothing: for a while, answers have a Date that is hours ahead. What changes until that time comes
// is read, and so is what changes afterwards; and a Date that is hours behind sends nobody back.
func TestDateThatRunsAheadLosesNothing(t *testing.T) {
	for _, began := range []string{"with the scan", "while polling"} {
		t.Run(began, func(t *testing.T) {
			h := newHarness(t, "Opportunity", nil)
			off := time.Duration(0)
			h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				next.ServeHTTP(dated{w, func() time.Time { return h.clock.Now().Add(off) }}, r)
			})
			ids := h.Create(t, 5)
			h.clock.Advance(h.Settle())
			r := newReader(t, h, "Opportunity")
			if began == "while polling" {
				r.drain(t, h)
			}
			off = 5 * time.Hour
			r.drain(t, h)
			h.clock.Advance(10 * time.Minute)
			h.Change(t, ids[0])
			r.drain(t, h) // within the time that the clock is wrong
			h.clock.Advance(10 * time.Minute)
			h.Change(t, ids[1])
			off = 0
			for range 3 {
				h.clock.Advance(h.Settle())
				h.Create(t, 1)
				r.settle(t, h)
				r.check(t, h)
			}
			rows := r.rows
			off = -5 * time.Hour
			r.drain(t, h)
			h.clock.Advance(time.Minute)
			h.Create(t, 2)
			off = 0
			r.settle(t, h)
			r.check(t, h)
			if again := r.rows - rows; again > 4 {
				t.Errorf("a clock that is behind had %d rows read again", again)
			}
		})
	}
}

// TestRewindIntoTheFuture: a stream that was told to be complete up to a time that has not come, and is set back to it, reads
// what changes until then.
func TestRewindIntoTheFuture(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	r := newReader(t, h, "Contact")
	r.settle(t, h)
	at, err := r.src.(connectors.Rewinder).CursorAt("Contact", h.clock.Now().Add(5*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	r.at = at
	h.clock.Advance(time.Minute)
	h.Create(t, 3)
	h.clock.Advance(time.Minute)
	r.drain(t, h)
	r.check(t, h)
	h.clock.Advance(6 * time.Hour)
	r.drain(t, h)
	r.check(t, h)
}
