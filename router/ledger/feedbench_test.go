package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// BenchmarkFeed brings b.N changes of contacts from a feed to entities: news of 100 hints are stored, and fetched 200 at
// a time, with every record changed; goal: 2,000 hints a second. Behind the backlog 100,000 wishes wait for later.
func BenchmarkFeed(b *testing.B) {
	for _, backlog := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("backlog=%d", backlog), func(b *testing.B) {
			l, _ := benchLedger(b)
			putOff(b, l, backlog)
			b.ReportAllocs()
			b.ResetTimer()
			cursor := connectors.Cursor("")
			for n := 0; n < b.N; n += pageSize {
				news := ledger.News{Connection: "hs", Feed: "f", From: cursor, To: connectors.Cursor(fmt.Sprint(n + 1)), Hints: make([]connectors.Hint, pageSize)}
				for i := range news.Hints {
					news.Hints[i] = connectors.Hint{Ref: connectors.Ref{Connection: "hs", Object: "contacts", ID: fmt.Sprint(100_000 + (n+i)%20_000)}, At: at(n)}
				}
				if err := l.StoreNews(b.Context(), news); err != nil {
					b.Fatal(err)
				}
				cursor = news.To
				if n/pageSize%2 == 1 {
					fetchDue(b, l, n)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hints/s")
		})
	}
}

// putOff stores wishes that are not due, of objects that come first.
func putOff(b *testing.B, l *ledger.Ledger, n int) {
	for done := 0; done < n; done += ledger.MaxBatch {
		list, object := make([]connectors.Hint, ledger.MaxBatch), fmt.Sprintf("accounts%d", done)
		for i := range list {
			list[i].Ref = connectors.Ref{Connection: "hs", Object: object, ID: fmt.Sprint(i)}
		}
		if err := l.AddHints(b.Context(), list); err != nil {
			b.Fatal(err)
		}
		f, err := l.TakeRefs(b.Context(), "hs", "", len(list))
		if err == nil {
			err = l.RetryRefs(b.Context(), f.Due, time.Now().Add(time.Hour))
		}
		if err != nil || len(f.Due) != len(list) {
			b.Fatal(len(f.Due), err)
		}
	}
}

// fetchDue fetches what is due as the router does.
func fetchDue(b *testing.B, l *ledger.Ledger, edit int) {
	for more := true; more; {
		todo, err := l.TakeRefs(b.Context(), "hs", "", 200)
		if err != nil {
			b.Fatal(err)
		}
		if more = todo.More; len(todo.Due) == 0 {
			continue
		}
		batch := ledger.Batch{Connection: "hs", Stream: todo.Due[0].Ref.Object, Kind: ledger.Fetch, Done: todo.Due}
		for _, d := range todo.Due {
			batch.Records = append(batch.Records, connectors.Record{Ref: d.Ref, Version: at(edit), Seen: at(edit), Data: contact(edit, edit)})
		}
		if _, err := l.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
