package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// besides maps contacts, and those of another account that say something of consent.
type besides struct{ contacts }

func (m besides) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	if rec.Ref.Connection == "mc" {
		return consenting{}.Map(rec)
	}
	return m.contacts.Map(rec)
}

// BenchmarkApplyNewAmongConsents is BenchmarkApplyNew with a thousand people who opted out at another account: what asking
// for the addresses of contacts without consents costs. Where nobody ever said anything it is one look-up a transaction.
func BenchmarkApplyNewAmongConsents(b *testing.B) {
	engine := openBolt(b, b.TempDir())
	l, err := ledger.Open(engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: besides{}, Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		b.Fatal(err)
	}
	records := make([]connectors.Record, 1000)
	for i := range records {
		records[i] = spoke(fmt.Sprint("mc/members/", i), 1, word{Email: fmt.Sprintf("gone%d@elsewhere.example", i), Says: []string{"email - opted_out"}})
	}
	if _, err := l.Apply(b.Context(), ledger.Batch{Connection: "mc", Stream: "members", Kind: ledger.Fetch, Records: records}); err != nil {
		b.Fatal(err)
	}
	pages := makePages(b.N, 0)
	b.ReportAllocs()
	b.ResetTimer()
	applyPages(b, l, 1, pages)
	b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
}
