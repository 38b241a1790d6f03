package router_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// source is a Source made of functions, in front of the crm.
type source struct {
	*crm
	streams func(context.Context) ([]connectors.Stream, error)
	read    func(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error)
}

func (s source) Streams(ctx context.Context) ([]connectors.Stream, error) {
	if s.streams != nil {
		return s.streams(ctx)
	}
	return s.crm.Streams(ctx)
}

func (s source) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	if s.read != nil {
		return s.read(ctx, stream, after)
	}
	return s.crm.Read(ctx, stream, after)
}

// batcher writes several items to the board in one call; spoil changes what it answers.
type batcher struct {
	*board
	spoil func(wants []connectors.Want, results []connectors.Result) []connectors.Result
}

func (b batcher) MaxBatch() int { return 4 }

func (b batcher) UpsertBatch(ctx context.Context, wants []connectors.Want) []connectors.Result {
	var results []connectors.Result
	for _, w := range wants {
		link, err := b.Upsert(ctx, w)
		results = append(results, connectors.Result{Link: link, Err: err})
	}
	if b.spoil != nil {
		results = b.spoil(wants, results)
	}
	return results
}

func (w *world) batches(spoil func([]connectors.Want, []connectors.Result) []connectors.Result) {
	w.change = func(o *router.Options) {
		b := batcher{w.board, spoil}
		o.Targets[0].Target, o.Targets[0].Batcher = b, b
	}
}

func (w *world) fill(n int) {
	for i := range n {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
}

// A connector that breaks its contract must neither end the process nor double an item (invariant 4).
func TestTargetThatBreaksItsContract(t *testing.T) {
	for name, spoil := range map[string]func([]connectors.Want, []connectors.Result) []connectors.Result{
		"results are missing": func(_ []connectors.Want, r []connectors.Result) []connectors.Result { return r[:1] },
		"no results":          func([]connectors.Want, []connectors.Result) []connectors.Result { return nil },
		"too many results": func(_ []connectors.Want, r []connectors.Result) []connectors.Result {
			return append(r, connectors.Result{Link: "t1"})
		},
		"no link": func(_ []connectors.Want, r []connectors.Result) []connectors.Result {
			r[len(r)-1].Link = ""
			return r
		},
		"panic": func([]connectors.Want, []connectors.Result) []connectors.Result { panic("secret of a customer") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(8)
			var broken atomic.Int32
			w.batches(func(wants []connectors.Want, r []connectors.Result) []connectors.Result {
				if broken.Add(1) <= 2 {
					return spoil(wants, r)
				}
				return r
			})
			w.start()
			w.backfill()
			if got := len(w.board.shows(t)); got != 8 || w.board.made() != 8 {
				t.Errorf("%d items are shown and %d were made, want 8 and 8", got, w.board.made())
			}
			w.crm.set("3", "Changed")
			w.crm.remove("4")
			w.backfill()
			if got := len(w.board.shows(t)); got != 7 || w.board.made() != 8 {
				t.Errorf("%d items are shown and %d were made after a change and a deletion, want 7 and 8", got, w.board.made())
			}
		})
	}
}

// A panic while a page is read is a failure of that stream: it is tried again, and the text shows no value.
func TestPanicOfASourceIsAFailure(t *testing.T) {
	w := newWorld(t)
	w.fill(20)
	var calls atomic.Int32
	w.change = func(o *router.Options) {
		o.Sources[0].Source = source{crm: w.crm, read: func(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
			if n := calls.Add(1); n == 1 || n == 3 { // 3 is read ahead, in a goroutine of its own
				panic("secret of a customer")
			}
			return w.crm.Read(ctx, stream, after)
		}}
	}
	w.start()
	w.until(func() bool {
		s, err := w.ledger.Stream(t.Context(), "crm", "contacts")
		if err == nil && strings.Contains(s.Failure.Error, "secret") {
			t.Errorf("failure %q shows the value of the panic", s.Failure.Error)
		}
		return err == nil && s.Failure.Attempts > 0 && strings.Contains(s.Failure.Error, "hostile_test.go:")
	})
	w.backfill()
	if got := len(w.board.shows(t)); got != 20 {
		t.Errorf("%d items are shown, want 20", got)
	}
}

// A page that leads back to itself would be read for ever, at full speed.
func TestPageThatLeadsBackToItselfIsAFailure(t *testing.T) {
	for _, next := range []connectors.Cursor{"", "7"} {
		w := newWorld(t)
		w.fill(20)
		var calls atomic.Int32
		w.change = func(o *router.Options) {
			o.Sources[0].Source = source{crm: w.crm, read: func(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
				page, err := w.crm.Read(ctx, stream, after)
				if after == "7" {
					calls.Add(1)
					page.Next, page.More = next, true
				}
				return page, err
			}}
		}
		w.start()
		w.until(func() bool {
			s, err := w.ledger.Stream(t.Context(), "crm", "contacts")
			return err == nil && s.Failure.Attempts > 0
		})
		if got := calls.Load(); got > 3 {
			t.Errorf("the page was read %d times, want it to wait after the first", got)
		}
		w.halt()
	}
}
