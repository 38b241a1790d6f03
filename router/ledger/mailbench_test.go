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
