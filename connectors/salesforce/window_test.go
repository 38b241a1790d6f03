package salesforce_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// late makes rows visible up to four minutes after their stamp, out of order.
func late(o *salesforcetest.Options) {
	o.CommitLag, o.CommitJitter = 10*time.Second, 4*time.Minute
}

// TestFiveThousandRowsOnOneStamp: a mass update gives thousands of rows one stamp. With a page of one row the cursor has
// to find its way through them by the id alone (supaglue #532).
func TestFiveThousandRowsOnOneStamp(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.MaxQuery = 1 })
	h.clock.Freeze()
	n := 5000
	if testing.Short() {
		n = 500
	}
	r := newReader(t, h, "Contact")
	r.drain(t, h)
	h.clock.Advance(h.Settle())
	h.Create(t, n)
	h.clock.Advance(h.Settle())
	r.drain(t, h)
	r.check(t, h)
	if r.pages < n {
		t.Errorf("got %d pages, want one for each row", r.pages)
	}
}

// TestLateRowsAreReadAgain: a row becomes visible minutes after its stamp, when rows stamped later have been read (airbyte
// #27146). The overlap brings it.
func TestLateRowsAreReadAgain(t *testing.T) {
	h := newHarness(t, "Contact", late)
	h.clock.Freeze()
	r := newReader(t, h, "Contact")
	for range 60 {
		h.Create(t, 3)
		h.clock.Advance(7 * time.Second)
		r.drain(t, h)
	}
	r.settle(t, h)
	r.check(t, h)
	for _, q := range h.queries() {
		if strings.Contains(q, "ORDER BY SystemModstamp") && !strings.Contains(q, "SystemModstamp <= ") {
			t.Fatalf("a window has no end: %s", q)
		}
	}
}

// TestAnyInterleavingConverges: creations, mass updates, deletions, restores, merges and purges, committed late and out of
// order, with pages, sweeps and restarts between them, end in the organization's truth; and a page never says that it is
// complete up to a time when something before it is missing.
func TestAnyInterleavingConverges(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4, 5} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := newHarness(t, "Contact", func(o *salesforcetest.Options) { late(o); o.MaxQuery = 7 })
			h.clock.Freeze()
			m := &mixer{h: h, rnd: rand.New(rand.NewPCG(seed, 7)), r: newReader(t, h, "Contact")}
			for range 400 {
				m.step(t)
			}
			h.clock.Advance(h.Settle())
			m.r.settle(t, h)
			h.clock.Advance(2 * time.Hour) // the log of deletions is asked again
			m.r.settle(t, h)
			m.r.sweep(t, h)
			m.r.check(t, h)
			m.checkMerges(t)
		})
	}
}

// mixer does something at random.
type mixer struct {
	h      *harness
	rnd    *rand.Rand
	r      *reader
	ids    []string
	gone   []string
	merged map[string]string
}

func (m *mixer) one() string { return m.ids[m.rnd.IntN(len(m.ids))] }

// drop takes an id from those that live.
func (m *mixer) drop(id string) {
	m.ids = slices.DeleteFunc(m.ids, func(one string) bool { return one == id })
}

func (m *mixer) step(t *testing.T) {
	h := m.h
	switch what := m.rnd.IntN(14); {
	case what < 2 || len(m.ids) < 4:
		m.ids = append(m.ids, h.Create(t, 1+m.rnd.IntN(9))...)
	case what < 4:
		h.Change(t, m.one(), m.one())
	case what == 4:
		h.Change(t, m.ids...) // a tie of all
	case what == 5:
		id := m.one()
		h.Delete(t, id)
		m.drop(id)
		m.gone = append(m.gone, id)
	case what == 6 && len(m.gone) > 0:
		id := m.gone[0]
		m.gone = m.gone[1:]
		if err := h.sim.Undelete("Contact", id); err == nil {
			m.ids = append(m.ids, id)
		}
	case what == 7:
		m.merge(t)
	case what == 8 && m.rnd.IntN(3) == 0:
		id := m.one()
		if err := h.sim.Purge("Contact", id); err != nil {
			t.Fatal(err)
		}
		m.drop(id)
	case what < 11:
		h.clock.Advance(time.Duration(m.rnd.Int64N(int64(2 * time.Minute))).Truncate(time.Millisecond))
	default:
		page := m.r.read(t)
		m.complete(t, page.Complete)
	}
}

func (m *mixer) merge(t *testing.T) {
	first, second := m.one(), m.one()
	if first == second {
		return
	}
	m.h.Merge(t, first, second)
	m.drop(second)
	if m.merged == nil {
		m.merged = map[string]string{}
	}
	m.merged[second] = first
}

// complete fails when a row stamped before the time has not been returned.
func (m *mixer) complete(t *testing.T, at time.Time) {
	t.Helper()
	for _, row := range m.h.sim.Rows("Contact") {
		if got := m.r.records[row.ID]; row.Modified.Before(at) && got.Version.Before(row.Modified) {
			t.Fatalf("the page is complete up to %v, but row %s was changed at %v and last seen at %v", at, row.ID, row.Modified, got.Version)
		}
	}
}

// checkMerges: whoever was merged away, and is still known, says into whom.
func (m *mixer) checkMerges(t *testing.T) {
	t.Helper()
	seen := 0
	for loser, winner := range m.merged {
		rec, known := m.r.records[loser]
		if !known {
			continue
		}
		seen++
		if rec.Deleted.Kind != connectors.Merged || rec.Deleted.Into.ID != winner {
			t.Errorf("row %s: got %+v, want it merged into %s", loser, rec.Deleted, winner)
		}
	}
	if len(m.merged) > 3 && seen == 0 {
		t.Errorf("none of %d merges was seen", len(m.merged))
	}
}
