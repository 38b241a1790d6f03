package ledger_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// contact is 1.1 kB of HubSpot-like JSON with 30 properties, 12 of which are mapped.
func contact(n, edit int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":"%d","archived":false,"createdAt":"2025-03-02T08:11:05.120Z","properties":{`, n)
	fmt.Fprintf(&b, `"firstname":"Anna %d","lastname":"Mueller %d","email":"a.mueller%d@acme%d.example","jobtitle":"COO",`, n, edit, n, n%5000)
	fmt.Fprintf(&b, `"company":"Acme %d","phone":"+49 30 %07d","city":"Berlin","zip":"10115","country":"Germany",`, n%5000, n)
	fmt.Fprintf(&b, `"lifecyclestage":"opportunity","hs_lead_status":"OPEN","hs_language":"de"`)
	for i := range 18 {
		fmt.Fprintf(&b, `,"hs_property_%02d":"value %d of %d"`, i, i, n)
	}
	b.WriteString(`}}`)
	return []byte(b.String())
}

// contacts maps them as cheaply as a mapper can, so that the benchmark shows the ledger.
type contacts struct{}

var mapped = [...][2]string{{"address.country", "country"}, {"address.locality", "city"}, {"address.postcode", "zip"},
	{"company", "company"}, {"emails", "email"}, {"language", "hs_language"}, {"lead.status", "hs_lead_status"},
	{"lifecycle.stage", "lifecyclestage"}, {"name.family", "lastname"}, {"name.given", "firstname"},
	{"phones", "phone"}, {"title", "jobtitle"}}

func (contacts) Version() string { return "bench" }

func (contacts) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	p := canonical.Profile{Kind: canonical.Person, Fields: make([]canonical.Field, 0, len(mapped))}
	properties := gjson.GetBytes(rec.Data, "properties")
	for _, m := range mapped {
		value := properties.Get(m[1]).Raw
		switch m[0] {
		case "emails":
			value = `[{"address":` + value + `,"type":"work"}]`
		case "phones":
			value = `[{"raw":` + value + `}]`
		}
		p.Fields = append(p.Fields, canonical.Field{Name: m[0], Value: []byte(value)})
	}
	return p, mapping.Outcome{}, nil
}

const pageSize = 100

func page(n, seen int) []connectors.Record {
	list := make([]connectors.Record, pageSize)
	for i := range list {
		id := n*pageSize + i
		list[i] = connectors.Record{Ref: connectors.Ref{Connection: "hs", Object: "contacts", ID: fmt.Sprint(100_000 + id)},
			Version: at(id), Seen: at(10_000_000 + seen), Data: contact(100_000+id, 0)}
	}
	return list
}

func benchLedger(b *testing.B) (*ledger.Ledger, kv.Engine) {
	engine := openBolt(b, b.TempDir())
	l, err := ledger.Open(engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: contacts{},
		Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		b.Fatal(err)
	}
	return l, engine
}

// applyPages applies b.N pages by the given number of callers and reports records a second.
func applyPages(b *testing.B, l *ledger.Ledger, callers int, pages [][]connectors.Record) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(pages) {
					return
				}
				_, err := l.Apply(b.Context(), ledger.Batch{Connection: "hs", Stream: "contacts", Kind: ledger.Fetch, Records: pages[n]})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func makePages(n, seen int) [][]connectors.Record {
	pages := make([][]connectors.Record, n)
	for i := range pages {
		pages[i] = page(i, seen)
	}
	return pages
}

// BenchmarkApplyNew applies pages of 100 contacts that the ledger has never seen; goal: 15,000 records a second.
func BenchmarkApplyNew(b *testing.B) {
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l, _ := benchLedger(b)
			pages := makePages(b.N, 0)
			b.ReportAllocs()
			b.ResetTimer()
			applyPages(b, l, callers, pages)
			b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkApplyNewSuppressing is BenchmarkApplyNew with a thousand people on the suppression list: what asking the list
// costs. An empty list costs one look-up a transaction.
func BenchmarkApplyNewSuppressing(b *testing.B) {
	l, _ := benchLedger(b)
	terms := make([]string, 1000)
	for i := range terms {
		terms[i] = fmt.Sprintf("gone%d@elsewhere.example", i)
	}
	if _, err := l.Suppress(b.Context(), terms...); err != nil {
		b.Fatal(err)
	}
	pages := makePages(b.N, 0)
	b.ReportAllocs()
	b.ResetTimer()
	applyPages(b, l, 1, pages)
	b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkApplyUnchanged applies pages again that the vendor answered later; goal: 60,000 records a second.
func BenchmarkApplyUnchanged(b *testing.B) {
	const known = 200
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l, _ := benchLedger(b)
			applyPages(b, l, 1, makePages(known, 0))
			again := makePages(known, 1)
			pages := make([][]connectors.Record, b.N)
			for i := range pages {
				pages[i] = again[i%known]
				for j := range pages[i] {
					pages[i][j].Seen = at(10_000_000 + 1 + i)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			applyPages(b, l, callers, pages)
			b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkRawBolt writes what a new contact writes, without the ledger: the floor of BenchmarkApplyNew.
func BenchmarkRawBolt(b *testing.B) {
	engine := openBolt(b, b.TempDir())
	small, large := make([]byte, 60), make([]byte, 900)
	buckets := ledger.Buckets()
	b.ResetTimer()
	for n := range b.N {
		err := engine.Update(b.Context(), func(tx kv.Tx) error {
			for k, bucket := range buckets[:5] {
				for i := range pageSize {
					key := fmt.Appendf(nil, "default\x00hs\x00contacts\x00\x06%d", 100_000+n*pageSize+i)
					value := small
					if k == 1 {
						value = large
					}
					if err := tx.Put(bucket, key, value); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
}
