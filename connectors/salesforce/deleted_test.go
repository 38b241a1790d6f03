package salesforce_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// logOfDeletions answers getDeleted as an organization does whose rows were purged: the simulator's log has only what is in
// the recycle bin.
type logOfDeletions struct {
	entries  map[string]time.Time
	earliest time.Time
	code     string
	asked    []string
}

func (l *logOfDeletions) answer(h *harness) func(http.ResponseWriter, *http.Request, http.Handler) {
	const form = "2006-01-02T15:04:05.000+0000"
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/deleted/") {
			next.ServeHTTP(w, r)
			return
		}
		q := r.URL.Query()
		l.asked = append(l.asked, q.Get("start")+" "+q.Get("end"))
		if l.code != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `[{"errorCode":%q,"message":"x"}]`, l.code)
			return
		}
		start, _ := time.Parse(time.RFC3339, q.Get("start"))
		end, _ := time.Parse(time.RFC3339, q.Get("end"))
		var list []string
		for id, at := range l.entries {
			if !at.Before(start) && at.Before(end) {
				list = append(list, fmt.Sprintf(`{"id":%q,"deletedDate":%q}`, id, at.UTC().Truncate(time.Second).Format(form)))
			}
		}
		fmt.Fprintf(w, `{"deletedRecords":[%s],"earliestDateAvailable":%q,"latestDateCovered":%q}`, strings.Join(list, ","),
			l.earliest.UTC().Format(form), end.UTC().Truncate(time.Minute).Format(form))
	}
}

// TestPurgedRowsAreSeen: what is deleted for good shows in no query (airbyte #34082). The vendor's log says it within the
// hour; a row that is only in the recycle bin, or came back, is left to polling.
func TestPurgedRowsAreSeen(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.MaxQuery = 5 })
	log := &logOfDeletions{entries: map[string]time.Time{}, earliest: h.clock.Now().Add(-10 * 24 * time.Hour)}
	h.behind(t, log.answer(h))
	ids := h.Create(t, 900)
	h.clock.Advance(h.Settle())
	r := newReader(t, h, "Contact")
	r.drain(t, h)
	h.clock.Advance(10 * time.Minute)
	for i, id := range ids[:850] {
		log.entries[id] = h.clock.Now()
		switch {
		case i == 7:
			h.Delete(t, id) // in the recycle bin
		case i == 8: // came back
		default:
			if err := h.sim.Purge("Contact", id); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.clock.Advance(time.Hour)
	r.drain(t, h)
	r.check(t, h)
	if got := r.records[ids[0]]; got.Deleted.Kind != connectors.Hard || len(got.Data) > 0 {
		t.Errorf("a purged row: got %+v", got.Deleted)
	}
	if got := r.records[ids[7]].Deleted.Kind; got != connectors.Soft {
		t.Errorf("a row in the recycle bin: got %q, want soft", got)
	}
	asked := len(log.asked)
	h.clock.Advance(10 * time.Minute)
	r.drain(t, h)
	if len(log.asked) != asked {
		t.Error("the log was asked again after ten minutes; each question is a call of the day")
	}
}

// TestMergesAreNotTakenForDeletions: the log lists merged rows too, later than their stamp; a merge stays a merge (simple-
// salesforce #34).
func TestMergesAreNotTakenForDeletions(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	log := &logOfDeletions{entries: map[string]time.Time{}, earliest: h.clock.Now().Add(-10 * 24 * time.Hour)}
	h.behind(t, log.answer(h))
	ids := h.Create(t, 2)
	r := newReader(t, h, "Contact")
	r.settle(t, h)
	h.Merge(t, ids[0], ids[1])
	log.entries[ids[1]] = h.clock.Now().Add(time.Minute)
	h.clock.Advance(2 * time.Hour)
	r.settle(t, h)
	if got := r.records[ids[1]].Deleted; got.Kind != connectors.Merged || got.Into.ID != ids[0] {
		t.Errorf("got %+v, want it merged into %s", got, ids[0])
	}
}

// TestLogThatReachesNotBack: when the vendor's log begins after we last read it, deletions may be lost. That is a hole, which
// the router records and heals by reading again; it is not passed over.
func TestLogThatReachesNotBack(t *testing.T) {
	for name, change := range map[string]func(h *harness, l *logOfDeletions){
		"begins later": func(h *harness, l *logOfDeletions) { l.earliest = h.clock.Now().Add(-time.Minute) },
		"too many":     func(_ *harness, l *logOfDeletions) { l.code = "EXCEEDED_ID_LIMIT" },
		"too long ago": func(h *harness, l *logOfDeletions) {
			h.clock.Advance(20 * 24 * time.Hour)
			l.code = "INVALID_REPLICATION_DATE"
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, "Contact", nil)
			log := &logOfDeletions{entries: map[string]time.Time{}, earliest: h.clock.Now().Add(-10 * 24 * time.Hour)}
			h.behind(t, log.answer(h))
			h.Create(t, 3)
			r := newReader(t, h, "Contact")
			r.settle(t, h)
			h.clock.Advance(2 * time.Hour)
			change(h, log)
			var err error
			for err == nil {
				var page connectors.Page
				if page, err = r.src.Read(context.Background(), "Contact", r.at); err == nil {
					r.take(page)
				}
				if err == nil && !page.More {
					t.Fatal("caught up as if nothing had happened")
				}
			}
			if !connectors.CursorExpired(err) {
				t.Fatalf("got %v, want the cursor expired", err)
			}
			// The router sets the stream back to the time up to which it was complete; that must not be a hole again, or it
			// would be set back for ever.
			if r.at, err = r.src.(connectors.Rewinder).CursorAt("Contact", h.clock.Now().Add(-30*24*time.Hour)); err != nil {
				t.Fatal(err)
			}
			r.settle(t, h)
			r.check(t, h)
		})
	}
}

// TestSweepFindsWhatNothingShows: a row that is gone without a trace is missing from two sweeps in a row.
func TestSweepFindsWhatNothingShows(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	ids := h.Create(t, 450)
	r := newReader(t, h, "Contact")
	r.settle(t, h)
	if err := h.sim.Purge("Contact", ids[200]); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(3 * time.Hour)
	r.settle(t, h)
	if _, live := r.live()[ids[200]]; !live {
		t.Fatal("polling saw it; then the sweep need not")
	}
	r.sweep(t, h)
	r.check(t, h)
}

// TestObjectWithoutALog: an object that has no log of deletions, although describe says that it has, is polled all the same.
func TestObjectWithoutALog(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	log := &logOfDeletions{code: "INVALID_TYPE_FOR_OPERATION"}
	h.behind(t, log.answer(h))
	ids := h.Create(t, 3)
	r := newReader(t, h, "Contact")
	r.settle(t, h)
	h.clock.Advance(2 * time.Hour)
	h.Change(t, ids...)
	r.settle(t, h)
	r.check(t, h)
	if len(log.asked) == 0 {
		t.Error("the log was never asked")
	}
}
