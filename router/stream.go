package router

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// defaultEvery is the time between two polls of a stream that suggests none.
const defaultEvery = time.Minute

// stream reads one stream of one connection, a page a nudge. Its place is in the ledger; what it holds here may be
// lost at any time.
type stream struct {
	r      *Router
	source *SourceConn
	def    connectors.Stream
	sweep  bool // lists everything with Sweep instead of reading changes
	whole  bool // a pass is a complete listing: a sweep, or a stream that has no changes to read
	begun  time.Time
	passed atomic.Bool // its end was reached once
	gapped atomic.Bool // the ledger may hold a gap of it

	mu      sync.Mutex
	busy    bool // a nudge is being handled
	again   bool // another one came meanwhile
	mended  bool // a person has mended what failed: its wait does not count
	stopped bool
	timer   *time.Timer
	reads   uint64 // reads begun
	waiting []waiter
	trouble trouble // of a sweep
	known   again
	ahead   *readAhead // the next page, on its way while this one is applied
}

// readAhead is a page being read before it is asked for.
type readAhead struct {
	after  connectors.Cursor
	number uint64
	page   connectors.Page
	err    error
	done   chan struct{}
}

func (s *stream) key() string {
	key := s.source.Name + "/" + s.def.Name
	if s.sweep {
		key += "#sweep"
	}
	return key
}

// onPages handles "this stream may have a page".
func (r *Router) onPages(ctx context.Context, payload []byte) {
	if s := r.stream(string(payload)); s != nil {
		s.step(ctx)
	}
}

// step reads and applies at most one page, unless another nudge for the stream is being handled: two readers of one
// cursor would only make one of them stale.
func (s *stream) step(ctx context.Context) {
	s.mu.Lock()
	if s.busy || s.stopped {
		s.again = true
		s.mu.Unlock()
		return
	}
	s.busy, s.again = true, false
	s.mu.Unlock()

	var wait time.Duration
	if err := contain("page of "+s.key(), func() error { wait = s.page(ctx); return nil }); err != nil {
		wait = s.failed(ctx, err)
	}

	s.mu.Lock()
	s.busy = false
	if s.again {
		wait = 0
	}
	s.mu.Unlock()
	if wait > 0 {
		s.schedule(wait)
	} else if ctx.Err() == nil {
		s.r.nudge(bus.Pages, []byte(s.key()))
	}
}

// page reads and applies the next page and returns how long to wait before the one after it.
func (s *stream) page(ctx context.Context) time.Duration {
	l, mended := s.r.o.Ledger, s.takeMended()
	state, err := l.Stream(ctx, s.source.Name, s.def.Name)
	if err != nil {
		return s.failed(ctx, err)
	}
	if wait := s.notBefore(&state).Sub(s.r.now()); wait > 0 && wait <= ledger.FarthestWait && !s.asked() && !mended {
		if wait >= stuckAfter {
			s.giveWay()
		}
		return wait
	}
	if state.Sweep.Reaping && s.whole { // a crash came between the last page and this
		if err := s.reap(ctx); err != nil {
			return s.failed(ctx, err)
		}
	}
	from := s.place(&state)
	if !s.whole && state.CaughtUp {
		s.passed.Store(true)
	}
	page, number, err := s.read(ctx, from)
	if err != nil {
		return s.failed(ctx, err)
	}
	if page.More && page.Wait <= 0 {
		s.readOn(ctx, page.Next)
	}
	begin := s.r.now()
	out, err := l.Apply(ctx, s.batch(from, page))
	if errors.Is(err, ledger.ErrStale) {
		s.forget()
		return 0
	}
	if err != nil {
		return s.failed(ctx, err)
	}
	s.well()
	s.r.store.note(nil, s.r.now())
	s.r.o.Metrics.applied(s.source.Name, s.def.Name, out, s.r.now().Sub(begin))
	s.r.tally.records(out.Counts)
	if !s.whole && state.CaughtUp && out.Applied > 0 {
		s.r.silence.find(s.source.Name, s.def.Name)
	}
	s.r.nudgeChanges(out.Changed, found)
	if page.More {
		return min(max(page.Wait, 0), longestWait)
	}
	if out.Swept {
		if err := s.reap(ctx); err != nil {
			return s.failed(ctx, err)
		}
	}
	behind, err := s.heal(ctx)
	if err != nil {
		return s.failed(ctx, err)
	}
	s.giveWay()
	s.caughtUp(number, nil)
	if behind || s.asked() { // while this page was being read ahead
		return 0
	}
	if s.r.o.Once {
		return never
	}
	return s.interval()
}

// place returns the cursor of the stream or of its full listing.
func (s *stream) place(state *ledger.Stream) connectors.Cursor {
	if s.whole {
		return state.Sweep.Cursor
	}
	return state.Cursor
}

// never is a wait that outlasts every run.
const never = 365 * 24 * time.Hour

// batch is a page as the ledger takes it.
func (s *stream) batch(from connectors.Cursor, page connectors.Page) ledger.Batch {
	b := ledger.Batch{Connection: s.source.Name, Stream: s.def.Name, Object: s.def.Object, Along: s.def.Along, Kind: ledger.Poll, From: from,
		To: page.Next, More: page.More, Complete: page.Complete, Records: page.Records}
	if s.whole {
		b.Kind = ledger.Sweep
	}
	return b
}

// reap has the ledger take for deleted what two complete listings did not show.
func (s *stream) reap(ctx context.Context) error {
	done, err := s.r.o.Ledger.Reap(ctx, s.source.Name, s.def.Name, s.r.forced())
	if done.Refused != "" {
		s.r.log.Error("deletions held back", "source", s.source.Name, "stream", s.def.Name, "error", done.Refused)
	}
	if done.Deleted > 0 {
		s.r.rescanTargets()
	}
	return err
}

// failed writes the failure and the time of the next try to the ledger and returns the wait.
func (s *stream) failed(ctx context.Context, err error) time.Duration {
	s.forget()
	if ctx.Err() != nil {
		return maxWait // stopping; nothing failed
	}
	kind := connectors.KindOf(err)
	state, _ := s.r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
	tries := state.Failure.Attempts + 1
	if s.sweep {
		tries = s.troubled().tries + 1
	}
	if connectors.CursorExpired(err) && s.place(&state) != "" { // whatever failed before it
		if err = s.reopen(ctx, state, err); err == nil {
			return 0
		}
		kind = connectors.KindOf(err)
	}
	if s.sweep {
		return s.sweepFailed(err)
	}
	wait := backoff(tries)
	switch {
	case kind == connectors.Limited && connectors.After(err) > 0:
		wait = min(connectors.After(err), longestWait)
	case needsPerson(kind):
		wait = max(wait, time.Minute)
	}
	s.r.o.Metrics.failed(s.source.Name, kind)
	s.r.store.note(err, s.r.now())
	if storeFailed(err) { // there is nowhere to count the tries
		wait = max(wait, s.r.store.left(s.r.now()))
	} else if e := s.r.o.Ledger.RecordFailure(ctx, s.source.Name, s.def.Name, err, s.r.now().Add(wait)); e != nil {
		s.r.log.Error("record failure", "source", s.source.Name, "stream", s.def.Name, "error", e)
	}
	if needsPerson(kind) || wait >= stuckAfter || tries > 1 && s.r.now().Sub(state.Failure.Since) >= stuckAfter {
		s.giveWay()
	}
	if (needsPerson(kind) || storeFailed(err)) && s.caughtUp(^uint64(0), err) {
		return wait // whoever asked for the pass reports it
	}
	s.r.log.Warn("stream waits", "source", s.source.Name, "stream", s.def.Name, "tries", tries, "error", err)
	return wait
}

// giveWay lets go what waits for the first pass of a stream that cannot make it.
func (s *stream) giveWay() {
	if !s.passed.Swap(true) {
		s.r.rescanTargets()
	}
}

// needsPerson reports whether trying again cannot help.
func needsPerson(k connectors.Kind) bool {
	return k == connectors.Denied || k == connectors.Gone || k == connectors.Rejected
}

// read returns the page after the cursor, the one on its way if it is that.
func (s *stream) read(ctx context.Context, after connectors.Cursor) (connectors.Page, uint64, error) {
	s.mu.Lock()
	a := s.ahead
	s.ahead = nil
	s.mu.Unlock()
	if a != nil && a.after == after {
		select {
		case <-a.done:
			return a.page, a.number, a.err
		case <-ctx.Done():
			return connectors.Page{}, 0, ctx.Err()
		}
	}
	return s.call(ctx, after)
}

func (s *stream) call(ctx context.Context, after connectors.Cursor) (connectors.Page, uint64, error) {
	s.mu.Lock()
	s.reads++
	number := s.reads
	s.mu.Unlock()
	var page connectors.Page
	err := contain("read "+s.def.Name, func() (err error) {
		if s.sweep {
			page, err = s.source.Sweeper.Sweep(ctx, s.def.Name, after)
		} else {
			page, err = s.source.Source.Read(ctx, s.def.Name, after)
		}
		return err
	})
	if err == nil && page.More && (page.Next == "" || page.Next == after) {
		err = &connectors.Error{Kind: connectors.Temporary, Op: "read " + s.def.Name,
			Reason: "the page says that there is more and its cursor leads nowhere new"}
	}
	return page, number, err
}

// readOn starts reading the next page while this one is applied: a cursor makes reading sequential, so this is the
// only overlap there is.
func (s *stream) readOn(ctx context.Context, after connectors.Cursor) {
	a := &readAhead{after: after, done: make(chan struct{})}
	s.mu.Lock()
	s.ahead = a
	s.mu.Unlock()
	s.r.reading.Go(func() {
		defer close(a.done)
		a.page, a.number, a.err = s.call(ctx, after)
	})
}

func (s *stream) forget() {
	s.mu.Lock()
	s.ahead = nil
	s.mu.Unlock()
}

// baseInterval returns the time between two passes.
func (s *stream) baseInterval() time.Duration {
	every := s.source.Every
	if s.sweep {
		every = s.source.Sweep
		if every == 0 {
			every = s.def.Sweep
		}
	} else if every == 0 {
		every = s.def.Every
	}
	if every == 0 {
		every = defaultEvery
	}
	return every
}

// interval returns the time to the next pass, spread by a tenth so that streams do not march in step.
func (s *stream) interval() time.Duration {
	every := s.baseInterval()
	return every - every/10 + rand.N(every/5+1)
}

// schedule nudges the stream after a while.
func (s *stream) schedule(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(wait, func() { s.r.nudge(bus.Pages, []byte(s.key())) })
}

func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
