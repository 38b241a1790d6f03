package router_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// sweeping is a source whose sweeps are counted and can fail.
type sweeping struct {
	source
	calls *atomic.Int32
	fail  error
}

func (s sweeping) Sweep(context.Context, string, connectors.Cursor) (connectors.Page, error) {
	s.calls.Add(1)
	return connectors.Page{}, s.fail
}

func (w *world) sweeps(calls *atomic.Int32, fail error, every time.Duration) {
	w.change = func(o *router.Options) {
		s := sweeping{source{crm: w.crm}, calls, fail}
		o.Sources[0].Source, o.Sources[0].Sweeper, o.Sources[0].Sweep = s, s, every
	}
}

// A sweep that is refused must not stop the poll of its stream, and must be seen.
func TestRefusedSweepStopsNoPoll(t *testing.T) {
	w := newWorld(t)
	w.fill(10)
	var calls atomic.Int32
	w.sweeps(&calls, &connectors.Error{Kind: connectors.Denied, Op: "list archived contacts", Status: 403}, time.Millisecond)
	w.start()
	w.until(func() bool { return calls.Load() > 0 && len(w.board.shows(t)) == 10 })
	w.crm.set("10", "Late")
	w.until(func() bool { return len(w.board.shows(t)) == 11 })
	problems, err := w.router.Problems(t.Context())
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "sweep of crm/contacts") {
		t.Errorf("problems = %q, %v; want the sweep that is denied", problems, err)
	}
	if n := calls.Load(); n > 2 {
		t.Errorf("the sweep was tried %d times, want it to wait", n)
	}
}

// A process that is restarted more often than sweeps are due must come to them too.
func TestSweepIsDueAfterARestart(t *testing.T) {
	w := newWorld(t)
	w.fill(10)
	var calls atomic.Int32
	w.sweeps(&calls, nil, 50*time.Second)
	w.start()
	w.backfill()
	w.halt()
	if n := calls.Load(); n != 0 {
		t.Fatalf("swept %d times before the first interval was over", n)
	}
	w.start()
	w.until(func() bool { return calls.Load() == 1 })
}

// lister refuses to list.
type lister struct{ calls *atomic.Int32 }

func (l lister) List(context.Context, string, time.Time, connectors.Cursor) ([]connectors.Shown, connectors.Cursor, error) {
	l.calls.Add(1)
	return nil, "", &connectors.Error{Kind: connectors.Rejected, Op: "list tasks", Status: 400}
}

// A project that the target refuses to list concerns the items in it; asking again and again changes nothing.
func TestProjectThatCannotBeListed(t *testing.T) {
	w := newWorld(t)
	w.fill(30)
	var calls atomic.Int32
	w.change = func(o *router.Options) { o.Targets[0].Lister = lister{&calls} }
	w.start()
	w.backfill()
	dead, _, err := w.ledger.DeadList(t.Context(), "", "", 100)
	if err != nil || len(dead) != 30 || w.board.made() != 0 {
		t.Errorf("%d dead letters, %v, and %d items; want 30 and none", len(dead), err, w.board.made())
	}
	if n := calls.Load(); n > 30 {
		t.Errorf("the project was listed %d times", n)
	}
}
