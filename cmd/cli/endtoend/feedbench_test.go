package endtoend

import (
	"context"
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
)

// BenchmarkChangeDataCapture changes b.N of 20,000 accounts one by one as fast as the simulator can, and waits until every change
// was told, fetched and is in the ledger; goal: 2,000 events a second, with the simulator on the same machine.
func BenchmarkChangeDataCapture(b *testing.B) {
	f := startFollowed(b, pubsub.Options{}, "version: 1\nrules: []\n")
	ids := make([]string, 20_000)
	for i := range ids {
		ids[i] = f.account(fmt.Sprint("Mill ", i))
	}
	told := func() int64 {
		state, err := f.hub.ledger.Feed(context.Background(), "sf", "ChangeEvents")
		f.ok(err)
		return state.Hints
	}
	done := func(n int64) {
		f.hub.until("everything is told and fetched", func() bool {
			totals, err := f.hub.ledger.Totals(context.Background())
			return err == nil && totals.Refs["sf"] == 0 && told() >= n
		})
	}
	done(int64(len(ids)))
	b.ResetTimer()
	for n := range b.N {
		f.ok(f.org.Set("Account", map[string]any{"Site": fmt.Sprint("Building ", n)}, ids[n%len(ids)]))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "made/s")
	done(int64(len(ids) + b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
