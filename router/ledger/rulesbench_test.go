package ledger_test

import (
	"testing"

	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/router/ledger"
)

// BenchmarkHubSpot applies pages of 100 contacts with the rules that ship with the HubSpot connector: new ones (goal:
// 15,000 records a second, durable), and the same again, answered later (goal: 60,000).
func BenchmarkHubSpot(b *testing.B) {
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: hubspot.Connector.Spec.Rules})
	if err != nil {
		b.Fatal(err)
	}
	apply := func(b *testing.B, l *ledger.Ledger, seen int, fate func(ledger.Outcome) int64) {
		pages := makePages(b.N, seen)
		b.ReportAllocs()
		b.ResetTimer()
		for _, records := range pages {
			out, err := l.Apply(b.Context(), ledger.Batch{Connection: "hs", Stream: "contacts", Kind: ledger.Fetch, Records: records})
			if err != nil || fate(out) != pageSize {
				b.Fatalf("got %+v and %v, want %d records of one fate", out, err, pageSize)
			}
		}
	}
	open := func(b *testing.B) *ledger.Ledger {
		l, err := ledger.Open(openBolt(b, b.TempDir()), ledger.Options{Targets: []string{target}, Reach: reach, Mapper: rules})
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	rate := func(b *testing.B) { b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s") }
	b.Run("new", func(b *testing.B) {
		apply(b, open(b), 0, func(o ledger.Outcome) int64 { return o.Applied })
		rate(b)
	})
	b.Run("unchanged", func(b *testing.B) {
		l := open(b)
		apply(b, l, 0, func(o ledger.Outcome) int64 { return o.Applied })
		apply(b, l, 1, func(o ledger.Outcome) int64 { return o.Unchanged })
		rate(b)
	})
}
