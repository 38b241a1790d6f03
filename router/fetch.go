package router

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// fetcher fetches what webhooks hinted at, in batches, one batch of a connection at a time.
type fetcher struct {
	r      *Router
	source *SourceConn

	mu    sync.Mutex
	busy  bool
	again bool
	ended bool
	timer *time.Timer

	row     int    // failures in a row; only the one who is busy touches these
	singles int    // so many references are fetched one by one, to find the one the vendor rejects
	last    string // the object of the last batch: that of another comes first
}

// tolerated is how many batches may fail in a row before those that are due wait too: of another object they may
// succeed, and must not wait for a scope that is missing for the first.
const tolerated = 3

// onRefs handles "this connection has references to fetch".
func (r *Router) onRefs(ctx context.Context, payload []byte) {
	if f := r.fetches[string(payload)]; f != nil && f.source.Getter != nil {
		f.step(ctx)
	}
}

func (f *fetcher) step(ctx context.Context) {
	f.mu.Lock()
	if f.busy || f.ended {
		f.again = true
		f.mu.Unlock()
		return
	}
	f.busy, f.again = true, false
	f.mu.Unlock()

	wait, more := f.fetch(ctx)

	f.mu.Lock()
	f.busy = false
	more = more || f.again
	if !more && wait > 0 && !f.ended {
		if f.timer != nil { // else every nudge would leave a timer that renews itself
			f.timer.Stop()
		}
		f.timer = time.AfterFunc(wait, func() { f.r.nudge(bus.Refs, []byte(f.source.Name)) })
	}
	f.mu.Unlock()
	if more && ctx.Err() == nil {
		f.r.nudge(bus.Refs, []byte(f.source.Name))
	}
}

// fetch fetches and applies one batch. It returns when something put off is due, or that more is ready now.
func (f *fetcher) fetch(ctx context.Context) (wait time.Duration, more bool) {
	l := f.r.o.Ledger
	most := f.source.Getter.MaxGet()
	if f.singles > 0 {
		most, f.singles = 1, f.singles-1
	}
	todo, err := l.TakeRefs(ctx, f.source.Name, f.last, most)
	if err != nil {
		f.r.log.Error("read references to fetch", "source", f.source.Name, "error", err)
		return time.Second, false
	}
	if !todo.Wake.IsZero() {
		wait = max(todo.Wake.Sub(f.r.now()), 10*time.Millisecond)
	}
	if len(todo.Due) == 0 {
		return wait, false
	}
	refs := make([]connectors.Ref, len(todo.Due))
	for i := range todo.Due {
		refs[i] = todo.Due[i].Ref
	}
	object := refs[0].Object
	var records []connectors.Record
	err = contain("fetch "+object, func() (err error) { records, err = f.source.Getter.Get(ctx, refs); return err })
	var out ledger.Outcome
	if err == nil {
		out, err = l.Apply(ctx, ledger.Batch{Connection: f.source.Name, Stream: object, Object: object,
			Kind: ledger.Fetch, Records: records, Done: todo.Due})
	}
	if ctx.Err() != nil {
		return 0, false
	}
	if connectors.KindOf(err) == connectors.Rejected {
		return f.rejected(ctx, todo, err)
	}
	if f.singles == 0 { // else its others come first
		f.last = object
	}
	if err != nil {
		f.row++
		return f.failed(ctx, todo.Due, err), todo.More && f.row < tolerated
	}
	f.row = 0
	f.r.tally.records(out.Counts)
	f.r.nudgeChanges(out.Changed, told)
	return wait, todo.More
}

// rejected finds the reference that the vendor will never take, and gives it up: polling brings what there is behind it.
// Otherwise it would hold up the others of its batch for ever.
func (f *fetcher) rejected(ctx context.Context, todo ledger.Fetches, err error) (wait time.Duration, more bool) {
	if n := len(todo.Due); n > 1 {
		f.singles = n
		return 0, true
	}
	f.r.log.Error("reference cannot be fetched; left to polling", "source", f.source.Name, "ref", todo.Due[0].Ref.String(), "error", err)
	f.r.o.Metrics.failed(f.source.Name, connectors.Rejected)
	gone := todo.Due[0]
	gone.Deleted = connectors.Deletion{} // a refusal does not prove a deletion
	_, e := f.r.o.Ledger.Apply(ctx, ledger.Batch{Connection: f.source.Name, Stream: gone.Ref.Object, Kind: ledger.Fetch,
		Done: []ledger.FetchRef{gone}})
	if e != nil {
		return f.failed(ctx, todo.Due, e), false
	}
	return 0, true
}

func (f *fetcher) failed(ctx context.Context, refs []ledger.FetchRef, err error) time.Duration {
	tries := 0
	for i := range refs {
		tries = max(tries, refs[i].Attempts+1)
	}
	wait := waitFor(tries, err)
	f.r.log.Warn("fetch waits", "source", f.source.Name, "tries", tries, "error", err)
	f.r.o.Metrics.failed(f.source.Name, connectors.KindOf(err))
	if e := f.r.o.Ledger.RetryRefs(ctx, refs, f.r.now().Add(wait)); e != nil {
		f.r.log.Error("put off references", "source", f.source.Name, "error", e)
	}
	return wait
}

func (f *fetcher) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	if f.timer != nil {
		f.timer.Stop()
	}
}

// Hint stores what a webhook said and has it fetched. When it returns nil, the hints are durable (invariant 5).
func (r *Router) Hint(ctx context.Context, hints []connectors.Hint) error {
	if err := r.o.Ledger.AddHints(ctx, hints); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, h := range hints {
		if c := h.Ref.Connection; !seen[c] {
			seen[c] = true
			r.nudge(bus.Refs, []byte(c))
		}
	}
	return nil
}
