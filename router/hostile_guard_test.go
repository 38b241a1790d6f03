package router_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// closer is a board whose closing can fail.
type closer struct {
	*board
	fail func() error
}

func (c closer) Close(ctx context.Context, link connectors.Link, how connectors.Closing) error {
	if err := c.fail(); err != nil {
		return err
	}
	return c.board.Close(ctx, link, how)
}

// `backfill --force` must close what the guard holds before it ends, beside a daemon and after a restart, although the
// marks wait for a later time.
func TestLiftedGuardClosesAtOnce(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t)
		w.fill(100)
		w.start()
		w.backfill()
		for i := range 60 {
			w.crm.remove(fmt.Sprint(i))
		}
		w.backfill()
		if held := w.router.Held()["board"]; held != 40 {
			t.Fatalf("held back %d, want 40", held)
		}
		if restart {
			w.halt()
			w.change = func(o *router.Options) { o.Force = true }
			w.start()
			w.backfill()
		} else {
			restore := w.router.LiftGuard()
			w.backfill()
			restore()
		}
		if got := len(w.board.shows(t)); got != 40 || w.board.closes != 60 {
			t.Errorf("restart %v: %d items are shown and %d were closed, want 40 and 60", restart, got, w.board.closes)
		}
		w.halt()
	}
}

// Closings that fail must not use up what a run may close.
func TestFailedClosingsDoNotCount(t *testing.T) {
	w := newWorld(t)
	w.fill(50)
	var calls atomic.Int32
	w.change = func(o *router.Options) {
		o.Targets[0].Target = closer{w.board, func() error {
			if calls.Add(1) <= 6 {
				return &connectors.Error{Kind: connectors.Temporary, Op: "complete task", Status: 503}
			}
			return nil
		}}
	}
	w.start()
	w.backfill()
	for i := range 20 { // as many as a run may close
		w.crm.remove(fmt.Sprint(i))
	}
	w.backfill()
	if held := w.router.Held(); len(held) != 0 || w.board.closes != 20 {
		t.Errorf("held %v, closed %d; want nothing and 20", held, w.board.closes)
	}
}

// sweeper lists the live contacts.
type sweeper struct {
	source
	hide *atomic.Bool
}

func (s sweeper) Sweep(context.Context, string, connectors.Cursor) (connectors.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	var page connectors.Page
	for id, rec := range s.live {
		if s.hide.Load() && len(id) == 2 {
			continue
		}
		rec.Seen = s.clock
		page.Records = append(page.Records, rec)
	}
	return page, nil
}

// What a sweep found missing and the guard refused to believe is deleted by a backfill with the guard lifted.
func TestLiftedGuardReapsWhatWasRefused(t *testing.T) {
	w := newWorld(t)
	w.fill(60)
	var hide atomic.Bool
	w.change = func(o *router.Options) {
		s := sweeper{source{crm: w.crm}, &hide}
		o.Sources[0].Source, o.Sources[0].Sweeper, o.Sources[0].Sweep = s, s, 20*time.Millisecond
	}
	w.start()
	w.backfill()
	hide.Store(true) // 50 of 60 are gone
	w.until(func() bool {
		gaps, err := w.ledger.Gaps(t.Context())
		return err == nil && len(gaps) == 1
	})
	w.halt()
	before := w.change
	w.change = func(o *router.Options) {
		before(o)
		o.Force, o.Once = true, true // as `millrace backfill --force` without a daemon
	}
	w.start()
	w.backfill()
	if got := len(w.board.shows(t)); got != 10 {
		t.Errorf("%d items are shown, want 10", got)
	}
}
