package router

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/bus"
)

// discover asks a connection for its streams until it answers, and starts them.
func (r *Router) discover(ctx context.Context, name string) {
	s, since := r.sources[name], r.now()
	for tries := 1; ctx.Err() == nil; tries++ {
		var defs []connectors.Stream
		again := r.retried(name)
		err := contain("list streams", func() (err error) {
			if defs, err = s.Source.Streams(ctx); err == nil {
				err = connectors.CheckStreams(defs)
			}
			return err
		})
		if err == nil {
			r.begin(ctx, s, defs)
			_ = contain("count records", func() error { r.estimate(ctx, s, defs); return nil }) // it is only an estimate
			return
		}
		if ctx.Err() != nil {
			return
		}
		wait := waitFor(tries, err)
		r.log.Warn("list streams", "source", name, "tries", tries, "error", err)
		if r.setUnlisted(name, err, wait >= stuckAfter || r.now().Sub(since) >= stuckAfter) {
			r.rescanTargets() // what waited for this connection can be shown
		}
		pauseUnless(ctx, wait, again)
	}
}

// pause waits or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) { pauseUnless(ctx, d, nil) }

// pauseUnless is pause that again ends too; it reports whether it did.
func pauseUnless(ctx context.Context, d time.Duration, again <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-again:
		return true
	case <-t.C:
	}
	return false
}

// begin makes the streams of a connection known, nudges each once and has its feeds followed.
func (r *Router) begin(ctx context.Context, s *SourceConn, defs []connectors.Stream) {
	var polls, sweeps []*stream
	r.mu.Lock()
	for _, def := range defs {
		if s.Streams != nil && !slices.Contains(s.Streams, def.Name) {
			continue
		}
		poll := &stream{r: r, source: s, def: def, whole: def.Snapshot, begun: r.now()}
		poll.gapped.Store(true) // perhaps, from an earlier run: looked at once
		r.streams[poll.key()] = poll
		polls = append(polls, poll)
		if r.sweeps(s, def) {
			sweep := &stream{r: r, source: s, def: def, sweep: true, whole: true, begun: r.now()}
			r.streams[sweep.key()] = sweep
			sweeps = append(sweeps, sweep)
		}
	}
	delete(r.unlisted, s.Name)
	r.listed[s.Name] = true
	waiting := r.listeners
	r.listeners = nil
	r.mu.Unlock()
	for _, ch := range waiting {
		close(ch)
	}
	for _, sweep := range sweeps {
		sweep.schedule(sweep.untilSweep(ctx))
	}
	for _, poll := range polls {
		r.nudge(bus.Pages, []byte(poll.key()))
	}
	r.nudge(bus.Refs, []byte(s.Name))
	r.follow(ctx, s, polls)
}

// sweeps reports whether a stream is listed completely now and then. How often is for the configuration to say, but not
// whether it can be: what a stream without a sweep does not list is not gone.
func (r *Router) sweeps(s *SourceConn, def connectors.Stream) bool {
	return s.Sweeper != nil && !def.Snapshot && !r.o.Once && s.Sweep >= 0 && def.Sweep > 0
}

// setUnlisted remembers why a connection's streams are not known. It reports whether from now on nothing waits for them.
func (r *Router) setUnlisted(name string, err error, long bool) (gaveWay bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlisted[name] = err
	refused := needsPerson(connectors.KindOf(err))
	if refused {
		for _, ch := range r.listeners {
			close(ch)
		}
		r.listeners = nil
	}
	if !refused && !long || r.barred[name] {
		return false
	}
	r.barred[name] = true
	return true
}

func (r *Router) stream(key string) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[key]
}

// polls returns the polled streams, ordered by key.
func (r *Router) polls() []*stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*stream
	for _, s := range r.streams {
		if !s.sweep {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *stream) int {
		if a.key() < b.key() {
			return -1
		}
		return 1
	})
	return list
}

func (r *Router) stopTimers() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.streams {
		s.stop()
	}
	for _, f := range r.fetches {
		f.stop()
	}
}
