package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// mailOf is 1 kB of a mail between us and the n-th of so many customers, as connectors/imap composes it.
func mailOf(n, customers int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"message_id":"%d.1732272000@mx.acme.example","subject":"Re: offer %d","occurred_at":%q,"thread":"%d@mx.acme.example",`,
		n, n, at(n).Format(time.RFC3339), n/4)
	fmt.Fprintf(&b, `"from":[{"name":"Anna Mueller","address":"a.mueller%d@acme%d.example"}],"to":[{"name":"Sales","address":"sales@ours.example"}],`,
		100_000+n%customers, (100_000+n%customers)%5000)
	fmt.Fprintf(&b, `"direction":"inbound","automated":false,"snippet":"%s"}`, strings.Repeat("Thank you for the offer. ", 20))
	return []byte(b.String())
}

// mails maps them, and contacts, as cheaply as a mapper can.
type mails struct{ contacts }

func (m mails) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	if rec.Ref.Object != "messages" {
		return m.contacts.Map(rec)
	}
	p := canonical.Profile{Kind: canonical.Interaction}
	claim := func(name, value string) {
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: []byte(value)})
	}
	of := gjson.ParseBytes(rec.Data)
	claim("automated", of.Get("automated").Raw)
	claim("direction", of.Get("direction").Raw)
	claim("kind", `"email"`)
	claim("message_id", of.Get("message_id").Raw)
	claim("occurred_at", of.Get("occurred_at").Raw)
	claim("participants", `[{"role":"from",`+of.Get("from.0").Raw[1:]+`,{"role":"to",`+of.Get("to.0").Raw[1:]+`]`)
	claim("snippet", of.Get("snippet").Raw)
	claim("subject", of.Get("subject").Raw)
	claim("thread", of.Get("thread").Raw)
	return p, mapping.Outcome{}, nil
}

// mailID is an id that grows with time, as those of most vendors do.
func mailID(n int) string { return fmt.Sprintf("%08x%08x%010x", n, uint32(n)*2654435761, n) }

const mailPageSize = 500

func mailPage(n, customers int) []connectors.Record {
	list := make([]connectors.Record, mailPageSize)
	for i := range list {
		id := n*mailPageSize + i
		list[i] = connectors.Record{Ref: connectors.Ref{Connection: "hs", Object: "messages", ID: mailID(id)},
			Version: at(id), Seen: at(10_000_000), Data: mailOf(id, customers)}
	}
	return list
}

// mailReach is that of rules that show on a card what happened last.
func mailReach(k canonical.Kind) work.Reach {
	if k == canonical.Interaction {
		return work.Reach{Referenced: []canonical.Kind{canonical.Person, canonical.Organization}}
	}
	return reach(k)
}

func mailLedger(b *testing.B, reach func(canonical.Kind) work.Reach) (*ledger.Ledger, kv.Engine) {
	engine := openBolt(b, b.TempDir())
	l, err := ledger.Open(engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: mails{}, KindOf: knownKind,
		Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		b.Fatal(err)
	}
	return l, engine
}

// BenchmarkApplyMails applies pages of 500 mails of 10,000 customers that the ledger knows; goal: 20,000 records a second.
func BenchmarkApplyMails(b *testing.B) {
	const customers = 10_000
	for name, reach := range map[string]func(canonical.Kind) work.Reach{"unread": reach, "shown": mailReach} {
		b.Run(name, func(b *testing.B) {
			l, _ := mailLedger(b, reach)
			applyPages(b, l, 1, makePages(customers/pageSize, 0))
			pages := make([][]connectors.Record, b.N)
			for i := range pages {
				pages[i] = mailPage(i, customers)
			}
			b.ReportAllocs()
			b.ResetTimer()
			applyPages(b, l, 1, pages)
			b.ReportMetric(float64(b.N*mailPageSize)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkRecent reads the ten newest mails of one customer who has ten, and of one who has very many.
func BenchmarkRecent(b *testing.B) {
	for _, mails := range []int{10, 50_000} {
		b.Run(fmt.Sprint("mails=", mails), func(b *testing.B) {
			l, _ := mailLedger(b, reach)
			applyPages(b, l, 1, makePages(1, 0))
			for n := range (mails + mailPageSize - 1) / mailPageSize {
				page := mailPage(n, 1)
				applyPages(b, l, 1, [][]connectors.Record{page[:min(mails, len(page))]})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				err := l.Snapshot(b.Context(), func(s *ledger.Snap) error {
					e, err := s.Resolve("hs/contacts/100000")
					if err != nil {
						return err
					}
					list, err := s.Recent(e, 10, func(*work.Entity) bool { return true })
					if len(list) != 10 {
						b.Fatalf("%d mails", len(list))
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// acquainted is mails that are kept only with somebody who is known.
type acquainted struct{ mails }

func (m acquainted) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	p, out, err := m.mails.Map(rec)
	if p.Kind == canonical.Interaction {
		out.Known = &mapping.Known{Addresses: []string{gjson.GetBytes(rec.Data, "from.0.address").Str}}
	}
	return p, out, err
}

func strangersLedger(b *testing.B) *ledger.Ledger {
	l, err := ledger.Open(openBolt(b, b.TempDir()), ledger.Options{Targets: []string{target}, Reach: reach, Mapper: acquainted{}, KindOf: knownKind,
		Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// BenchmarkPassOver passes over mails of strangers.
func BenchmarkPassOver(b *testing.B) {
	l := strangersLedger(b)
	pages := make([][]connectors.Record, b.N)
	for i := range pages {
		pages[i] = mailPage(i, 10_000)
	}
	b.ResetTimer()
	applyPages(b, l, 1, pages)
	b.ReportMetric(float64(b.N*mailPageSize)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkApplyNewAmongStrangers is BenchmarkApplyNew where ten thousand strangers were sighted, of whom the contacts are
// none: what looking for them costs. Without strangers it is one look-up a transaction.
func BenchmarkApplyNewAmongStrangers(b *testing.B) {
	l := strangersLedger(b)
	for n := range 20 {
		page := mailPage(n, 1<<30)
		for i := range page {
			page[i].Data = []byte(strings.ReplaceAll(string(page[i].Data), "@acme", "@elsewhere"))
		}
		applyPages(b, l, 1, [][]connectors.Record{page})
	}
	pages := makePages(b.N, 0)
	b.ResetTimer()
	applyPages(b, l, 1, pages)
	b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "records/s")
}
