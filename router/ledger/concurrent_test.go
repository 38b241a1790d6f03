package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

func TestConcurrentWritersAgree(t *testing.T) { // invariant 2, on the engine with group commits
	var history []connectors.Record
	for i := range 80 {
		history = append(history, rapid.Custom(drawVersion).Example(i))
	}
	one := newWorld(t, newMemory())
	for _, r := range history {
		one.fetch(r)
	}
	many := newWorld(t, openBolt(t, t.TempDir()))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(history)); n = next.Add(1) - 1 {
				r := history[n]
				_, err := many.Apply(t.Context(), ledger.Batch{Connection: r.Ref.Connection, Stream: r.Ref.Object,
					Kind: ledger.Fetch, Records: []connectors.Record{r}})
				if err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
	}
	wg.Wait()
	equalLines(t, "entities of four writers", many.entities(), one.entities())
	if got, want := fmt.Sprint(many.totals().Entities), fmt.Sprint(one.totals().Entities); got != want {
		t.Errorf("counters: got %s, want %s", got, want)
	}
}

func TestOneOfManyReadersOfACursorWins(t *testing.T) { // invariant 1
	w := newWorld(t, openBolt(t, t.TempDir()))
	var won, stale atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := w.Apply(t.Context(), pollBatch("", connectors.Cursor(fmt.Sprint("p", i)), rec(fmt.Sprint("a/contacts/", i), 1, say{Name: "A"})))
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ledger.ErrStale):
				stale.Add(1)
			default:
				t.Errorf("Apply: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || stale.Load() != 7 || len(w.entities()) != 1 {
		t.Errorf("got %d winners, %d stale and %d entities, want 1, 7, 1", won.Load(), stale.Load(), len(w.entities()))
	}
}
