package router_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
)

func anybody(connectors.Ref) error { return nil }

func (w *world) tells(ids ...string) {
	w.t.Helper()
	var hints []connectors.Hint
	for _, id := range ids {
		hints = append(hints, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: id}})
	}
	if err := w.router.Hint(w.t.(*testing.T).Context(), hints); err != nil {
		w.t.Fatal(err)
	}
}

// A webhook does not wait behind a backfill: what it tells of is shown while most of what the backfill found is not.
func TestWhatIsToldOfIsShownBeforeABacklog(t *testing.T) {
	const many = 600
	w := newWorld(t)
	w.fill(many)
	w.board.latency = 20 * time.Millisecond // 250 a second
	var at atomic.Int64
	w.board.before = func(want connectors.Want) error {
		if strings.HasPrefix(want.Item.Title, "told") {
			at.Store(int64(w.board.creates) + 1)
		}
		return nil
	}
	w.change = func(o *router.Options) {
		o.Sources[0].Every, o.Sources[0].Getter = time.Hour, getter{w.crm, anybody}
	}
	w.start()
	w.until(func() bool { return w.board.made() > 20 })
	w.crm.set("new", "told of")
	w.tells("new")
	w.until(func() bool { return at.Load() > 0 })
	if n := at.Load(); n > many/2 {
		t.Errorf("it was shown after %d of %d", n, many)
	}
}

// What is shown and was told of does not wait for the first pass over what it gathers, which may take hours; what was only
// found does.
func TestToldOfWhileOthersAreReadForTheFirstTime(t *testing.T) {
	w := newWorld(t)
	w.rules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: 'len(deals) == 0 ? person.name.full : "busy"'
`
	w.kindOf = func(_, object string) canonical.Kind {
		return map[string]canonical.Kind{"contacts": canonical.Person, "deals": canonical.Deal}[object]
	}
	w.crm.set("1", "as it was")
	w.start()
	w.backfill()
	w.halt()
	w.change = func(o *router.Options) {
		o.KindOf = w.kindOf
		o.Sources[0].Getter = getter{w.crm, anybody}
		o.Sources[0].Source = source{crm: w.crm, read: func(_ context.Context, _ string, after connectors.Cursor) (connectors.Page, error) {
			return connectors.Page{Next: after}, nil // else a poll might find what is told
		}}
		o.Sources = append(o.Sources, router.SourceConn{Name: "other", Source: source{crm: w.crm,
			streams: func(context.Context) ([]connectors.Stream, error) {
				return []connectors.Stream{{Name: "deals", Object: "deals"}}, nil
			},
			read: func(ctx context.Context, _ string, _ connectors.Cursor) (connectors.Page, error) {
				<-ctx.Done()
				return connectors.Page{}, ctx.Err()
			}}})
	}
	w.start()
	w.crm.set("1", "as it is")
	w.crm.set("2", "somebody new")
	w.tells("1", "2")
	w.until(func() bool {
		for _, title := range w.board.shows(t) {
			if title == "as it is" {
				return true
			}
		}
		return false
	})
	if n := w.board.made(); n != 1 {
		t.Errorf("%d objects were made although their deals are not read", n)
	}
}

// atOnce is a target that handles the items of a call side by side, as Asana does.
type atOnce struct {
	batcher
	calls, most atomic.Int32 // at the same time
}

func (b *atOnce) UpsertBatch(ctx context.Context, wants []connectors.Want) []connectors.Result {
	defer b.call()()
	results := make([]connectors.Result, len(wants))
	var all sync.WaitGroup
	for i := range wants {
		all.Go(func() { results[i].Link, results[i].Err = b.batcher.Upsert(ctx, wants[i]) })
	}
	all.Wait()
	return results
}

func (b *atOnce) Upsert(ctx context.Context, want connectors.Want) (connectors.Link, error) {
	defer b.call()()
	return b.batcher.Upsert(ctx, want)
}

func (b *atOnce) call() (ended func()) {
	if n := b.calls.Add(1); n > b.most.Load() {
		b.most.Store(n)
	}
	return func() { b.calls.Add(-1) }
}

// Small calls are made side by side, and never more items at the same time than the target takes.
func TestSmallCallsShareTheSlotsOfLargeOnes(t *testing.T) {
	w := newWorld(t)
	w.board.latency = 30 * time.Millisecond
	target := &atOnce{batcher: batcher{board: w.board}}
	w.change = func(o *router.Options) {
		o.Sources[0].Every, o.Sources[0].Getter = time.Hour, getter{w.crm, anybody}
		o.Targets[0].Target, o.Targets[0].Batcher, o.Targets[0].InFlight = target, target, 10
	}
	w.start()
	w.backfill()
	for i := range 40 { // one by one, so that they go in calls of one
		id := fmt.Sprint(i)
		w.crm.set(id, "N "+id)
		w.tells(id)
		time.Sleep(5 * time.Millisecond)
	}
	var many []string
	for i := range 100 { // and then in full ones
		many = append(many, fmt.Sprint("many ", i))
		w.crm.set(many[i], many[i])
	}
	w.until(func() bool { return w.board.made() == 40 })
	if most := target.most.Load(); most < 4 {
		t.Errorf("%d calls of one were made side by side, want more than the two of four that fit", most)
	}
	w.tells(many...)
	w.until(func() bool { return w.board.made() == 140 })
	if most := w.board.maxUse; most > 10 {
		t.Errorf("%d items were written at the same time, want at most 10", most)
	}
}
