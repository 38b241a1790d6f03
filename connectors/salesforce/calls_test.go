package salesforce_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestCallsForAHundredThousandRows: every call is one of the organization's day. By REST the least are 100,000/2,000; by
// Bulk two, and those that ask whether the job is done, and one for each page of its result.
func TestCallsForAHundredThousandRows(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short: a hundred thousand rows")
	}
	const n = 100_000
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.MaxQuery = 2000; o.BulkDelay = 40 * time.Second })
	for i := range n {
		h.create(t, "Contact", map[string]any{"LastName": fmt.Sprintf("row %06d", i)})
	}
	h.clock.Advance(h.Settle())
	for _, way := range []string{"rest", "bulk", "auto"} {
		t.Run(way, func(t *testing.T) {
			r := newReader(t, h, "Contact", "backfill", way)
			h.log.Reset()
			asked := 0
			for scanning := true; scanning; {
				page := r.read(t)
				if page.Wait > 0 {
					asked++
				}
				h.clock.Advance(page.Wait)
				scanning = page.Complete.IsZero() && page.More // the scan's last page says up to when it is complete
			}
			calls, least := h.log.Totals().Requests, 2+asked+n/10_000
			if way == "rest" {
				least = n / 2000
			}
			t.Logf("%d calls for %d rows, the least are %d", calls, n, least)
			if r.rows != n || float64(calls) > 1.1*float64(least) {
				t.Errorf("got %d rows with %d calls, want %d with at most 1.1 times %d", r.rows, calls, n, least)
			}
			h.log.Reset()
			r.drain(t, h)
			h.clock.Advance(h.Settle())
			h.log.Reset()
			r.drain(t, h)
			if calls := h.log.Totals().Requests; calls > 2 {
				t.Errorf("got %d calls for a pass without changes, want 2", calls)
			}
		})
	}
}
