package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// feed follows one feed of one connection. Its place is in the ledger; it holds nothing that a crash could lose.
type feed struct {
	r       *Router
	source  *SourceConn
	name    string
	streams []string        // whose changes it tells, those that are read here
	objects map[string]bool // of the connection's records, those that are read here
	begun   time.Time
}

func (f *feed) key() string { return f.source.Name + "/" + f.name }

// follow begins to follow the feeds of a connection whose streams are known. A run that ends by itself follows none:
// polling tells it everything, and a feed's end is not known.
func (r *Router) follow(ctx context.Context, s *SourceConn, polls []*stream) {
	if s.Feeder == nil || r.o.Once {
		return
	}
	var defs []connectors.Feed
	if err := contain("list feeds", func() error { defs = s.Feeder.Feeds(); return nil }); err != nil {
		r.log.Error("list feeds", "source", s.Name, "error", err)
		return
	}
	for _, def := range defs {
		f := &feed{r: r, source: s, name: def.Name, objects: map[string]bool{}, begun: r.now()}
		for _, p := range polls {
			f.objects[p.def.Object] = true
			if slices.Contains(def.Streams, p.def.Name) {
				f.streams = append(f.streams, p.def.Name)
			}
		}
		if len(f.streams) == 0 { // nothing that it tells is read here
			continue
		}
		r.mu.Lock()
		r.feeds = append(r.feeds, f)
		r.mu.Unlock()
		r.background.Go(func() { f.run(ctx) })
	}
}

// run follows the feed until ctx ends, again after every error.
func (f *feed) run(ctx context.Context) {
	mended := false // by a person: an earlier wait does not count
	for ctx.Err() == nil {
		again := f.r.retried(f.source.Name)
		err := contain("follow "+f.key(), func() error { return f.once(ctx, mended) })
		if ctx.Err() == nil {
			mended = pauseUnless(ctx, f.failed(ctx, err), again)
		}
	}
}

// once follows the feed behind the stored cursor until an error, which it returns, ends it.
func (f *feed) once(ctx context.Context, mended bool) error {
	state, err := f.r.o.Ledger.Feed(ctx, f.source.Name, f.name)
	if err != nil {
		return err
	}
	if wait := state.Failure.NotBefore.Sub(f.r.now()); !mended && wait > 0 && wait <= ledger.FarthestWait {
		pauseUnless(ctx, wait, f.r.retried(f.source.Name)) // an earlier run was told to wait
	}
	at := state.Cursor
	follower, err := f.source.Feeder.Follow(ctx, f.name, at)
	if err == nil {
		defer func() { _ = contain("close "+f.key(), follower.Close) }()
		for err == nil {
			at, err = f.next(ctx, follower, at)
		}
	}
	if connectors.CursorExpired(err) && at != "" {
		return f.expired(ctx, at, err)
	}
	return err
}

// next waits for news, stores them and returns the cursor behind them.
func (f *feed) next(ctx context.Context, follower connectors.Follower, at connectors.Cursor) (connectors.Cursor, error) {
	told, err := follower.Next(ctx)
	if err != nil {
		return at, err
	}
	hints, gaps := f.sift(told)
	for len(hints) > ledger.MaxBatch { // the cursor waits for the last of them
		part := ledger.News{Connection: f.source.Name, Feed: f.name, From: at, To: at, Hints: hints[:ledger.MaxBatch]}
		if err := f.r.o.Ledger.StoreNews(ctx, part); err != nil {
			return at, err
		}
		hints = hints[ledger.MaxBatch:]
		f.r.nudge(bus.Refs, []byte(f.source.Name))
	}
	err = f.r.o.Ledger.StoreNews(ctx, ledger.News{Connection: f.source.Name, Feed: f.name, From: at, To: told.Next,
		Hints: hints, Event: told.At, Gaps: gaps})
	f.r.store.note(err, f.r.now())
	if err != nil {
		return at, err
	}
	f.r.o.Metrics.told(f.source.Name, f.name, len(told.Hints))
	if len(hints) > 0 {
		f.r.nudge(bus.Refs, []byte(f.source.Name))
	}
	f.lost(gaps)
	f.ready(told.Ready)
	return told.Next, nil
}

// ready has streams polled of which the vendor says that there is something new, but not which records.
func (f *feed) ready(names []string) {
	for _, name := range names {
		if slices.Contains(f.streams, name) {
			f.r.nudge(bus.Pages, []byte(f.source.Name+"/"+name))
		}
	}
}

// sift returns the hints of objects that are read here, and the gaps of what is missing in the news: streams of which
// the vendor left changes out, and those of hints that no record can be fetched by.
func (f *feed) sift(told connectors.News) (hints []connectors.Hint, gaps []ledger.Gap) {
	missed := map[string]string{} // stream -> reason
	for _, name := range told.Missed {
		if slices.Contains(f.streams, name) {
			missed[name] = "the vendor told feed " + f.name + " that it left changes out"
		}
	}
	for _, h := range told.Hints {
		err := ledger.CheckRef(h.Ref)
		if err == nil && h.Ref.Connection != f.source.Name {
			err = errors.New("a hint names another connection")
		}
		switch {
		case err != nil:
			for _, name := range f.streams { // nobody knows which of them it was meant for
				missed[name] = fmt.Sprintf("feed %s: %v", f.name, err)
			}
		case f.objects[h.Ref.Object] && f.source.Getter == nil:
			for _, name := range f.streams {
				missed[name] = "feed " + f.name + " names records, and the connection cannot fetch any"
			}
		case f.objects[h.Ref.Object]:
			hints = append(hints, h)
		}
	}
	for _, name := range f.streams {
		if why, ok := missed[name]; ok {
			gaps = append(gaps, ledger.Gap{Connection: f.source.Name, Stream: name, Kind: ledger.FeedMissed, Reason: why})
		}
	}
	return hints, gaps
}

// lost has the streams of gaps that were recorded read again.
func (f *feed) lost(gaps []ledger.Gap) {
	for _, g := range gaps {
		f.r.o.Metrics.opened(g)
		f.r.log.Warn("feed lost changes; its stream is read again", "source", g.Connection, "stream", g.Stream, "gap", g.Kind, "reason", g.Reason)
		if s := f.r.stream(g.Connection + "/" + g.Stream); s != nil {
			s.gapped.Store(true)
			f.r.nudge(bus.Pages, []byte(s.key()))
		}
	}
}

// expired records what a cursor that the vendor no longer takes means: everything since is missing (invariant 8).
func (f *feed) expired(ctx context.Context, cursor connectors.Cursor, cause error) error {
	err := f.r.o.Ledger.ExpireFeed(ctx, f.source.Name, f.name, cursor, f.streams, cause)
	if err != nil {
		return err
	}
	gaps := make([]ledger.Gap, len(f.streams))
	for i, name := range f.streams {
		gaps[i] = ledger.Gap{Connection: f.source.Name, Stream: name, Kind: ledger.FeedExpired, Reason: cause.Error()}
	}
	f.lost(gaps)
	return nil
}

// failed notes the failure and returns how long to wait before following again. Nil is none: a cursor was given up.
func (f *feed) failed(ctx context.Context, err error) time.Duration {
	if err == nil {
		return 0
	}
	state, _ := f.r.o.Ledger.Feed(ctx, f.source.Name, f.name)
	tries := state.Failure.Attempts + 1
	wait := waitFor(tries, err)
	if needsPerson(connectors.KindOf(err)) {
		wait = max(wait, time.Minute)
	}
	f.r.o.Metrics.failed(f.source.Name, connectors.KindOf(err))
	f.r.store.note(err, f.r.now())
	if storeFailed(err) { // there is nowhere to count the tries
		wait = max(wait, f.r.store.left(f.r.now()))
	} else if e := f.r.o.Ledger.RecordFeedFailure(ctx, f.source.Name, f.name, err, f.r.now().Add(wait)); e != nil {
		f.r.log.Error("record failure", "source", f.source.Name, "feed", f.name, "error", e)
	}
	f.r.log.Warn("feed waits", "source", f.source.Name, "feed", f.name, "tries", tries, "error", err)
	return wait
}

// feedTroubles lists the feeds that make no contact: without them changes come as late as polling brings them
// (invariant 8).
func (r *Router) feedTroubles(ctx context.Context) (list []string, err error) {
	r.mu.Lock()
	feeds := slices.Clone(r.feeds)
	r.mu.Unlock()
	for _, f := range feeds {
		state, err := r.o.Ledger.Feed(ctx, f.source.Name, f.name)
		if err != nil {
			return nil, err
		}
		last, now, fail := later(state.Contact, f.begun), r.now(), state.Failure
		switch {
		case fail.Attempts > 0 && (now.Sub(fail.Since) >= stuckAfter || fail.Kind == "denied" || fail.Kind == "gone"):
			list = append(list, fmt.Sprintf("feed %s fails since %s (%d tries): %s", f.key(), fail.Since.Format(time.RFC3339), fail.Attempts, fail.Error))
		case now.Sub(last) > stuckAfter:
			list = append(list, fmt.Sprintf("feed %s has told nothing since %s", f.key(), last.Format(time.RFC3339)))
		}
	}
	return list, nil
}
