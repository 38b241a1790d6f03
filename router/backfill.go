package router

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// Scope limits a backfill. Empty means everything.
type Scope struct {
	Connections []string
	Streams     []string
}

func (s Scope) has(connection, stream string) bool {
	return (len(s.Connections) == 0 || slices.Contains(s.Connections, connection)) &&
		(len(s.Streams) == 0 || slices.Contains(s.Streams, stream))
}

// Backfill reads the streams of the scope up to now on a running router and waits until the targets show everything.
// It returns an error when a stream or a target cannot go on without a person; what did go on is read and shown all
// the same, because one missing scope must not stop the others. With the guard lifted it also deletes what was held
// back.
func (r *Router) Backfill(ctx context.Context, scope Scope) error {
	refused, err := r.readAll(ctx, scope)
	if err != nil {
		return err
	}
	if err := r.believe(ctx, scope); err != nil {
		return errors.Join(refused, err)
	}
	return errors.Join(refused, r.Settle(ctx))
}

// believe deletes what complete listings no longer show and the guard held back, once a person has lifted it
// (invariant 6).
func (r *Router) believe(ctx context.Context, scope Scope) error {
	if !r.forced() {
		return nil
	}
	for _, s := range r.polls() {
		state, err := r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
		if err == nil && state.Sweep.Refused != "" && scope.has(s.source.Name, s.def.Name) {
			err = s.reap(ctx)
		}
		if err != nil && !errors.Is(err, ledger.ErrStale) { // stale: a new listing has begun, and will be believed
			return err
		}
	}
	return nil
}

// ReadAll reads the streams of the scope up to now.
func (r *Router) ReadAll(ctx context.Context, scope Scope) error {
	refused, err := r.readAll(ctx, scope)
	return errors.Join(refused, err)
}

// readAll reads the streams of the scope up to now. Refused says which of them need a person; err is why none could be
// read, or the context's.
func (r *Router) readAll(ctx context.Context, scope Scope) (refused, err error) {
	if err := r.awaitListed(ctx, scope); err != nil {
		return nil, err
	}
	waits := map[string]<-chan error{}
	for _, s := range r.polls() {
		if scope.has(s.source.Name, s.def.Name) {
			waits[s.key()] = s.request()
		}
	}
	if len(waits) == 0 {
		return nil, errors.New("no stream is of that connection and name")
	}
	failed := map[string]error{}
	for key, done := range waits {
		select {
		case err := <-done:
			if err != nil {
				failed[key] = err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return joinAlike(failed), nil
}

// joinAlike makes one error of those of several streams. A refused token refuses every stream of a connection: that is
// said once.
func joinAlike(failed map[string]error) error {
	alike := map[string][]string{} // connection and cause -> streams
	for _, key := range slices.Sorted(maps.Keys(failed)) {
		connection, _, _ := strings.Cut(key, "/")
		cause := connection + " " + failed[key].Error()
		var e *connectors.Error
		if errors.As(failed[key], &e) {
			cause = fmt.Sprint(connection, e.Kind, e.Status, e.Reason)
		}
		alike[cause] = append(alike[cause], key)
	}
	var errs []error
	for _, keys := range alike {
		if len(keys) == 1 {
			errs = append(errs, fmt.Errorf("stream %s: %w", keys[0], failed[keys[0]]))
			continue
		}
		errs = append(errs, fmt.Errorf("streams %s: %w", strings.Join(keys, ", "), failed[keys[0]]))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// awaitListed waits until the streams of all connections of the scope are known.
func (r *Router) awaitListed(ctx context.Context, scope Scope) error {
	for {
		r.mu.Lock()
		missing, wait := 0, make(chan struct{})
		var fatal error
		for name := range r.sources {
			if len(scope.Connections) > 0 && !slices.Contains(scope.Connections, name) || r.listed[name] {
				continue
			}
			missing++
			if err := r.unlisted[name]; needsPerson(connectors.KindOf(err)) {
				fatal = fmt.Errorf("connection %s: %w", name, err)
			}
		}
		if missing > 0 && fatal == nil {
			r.listeners = append(r.listeners, wait)
		}
		r.mu.Unlock()
		if fatal != nil || missing == 0 {
			return fatal
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settlePoll is how often Settle looks although nothing was reported.
const settlePoll = time.Second

// Settle waits until nothing is left to fetch or to read again and every target shows everything, or only what is held back.
func (r *Router) Settle(ctx context.Context) error {
	if err := r.release(ctx); err != nil {
		return err
	}
	r.settling.Add(1)
	defer r.settling.Add(-1)
	r.rescanTargets()
	for {
		moved := r.moved()
		left, err := r.left(ctx)
		if err != nil || left == 0 {
			return err
		}
		timer := time.NewTimer(settlePoll)
		select {
		case <-moved:
		case <-timer.C:
			r.rescanTargets() // a mark may have been made by another process, or a nudge lost
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// release makes due at once what the closing guard has put off, now or in an earlier run, while the guard is lifted.
func (r *Router) release(ctx context.Context) error {
	if !r.forced() {
		return nil
	}
	for name := range r.targets {
		if _, err := r.o.Ledger.Hasten(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// left returns how much is still to be fetched and delivered. What the closing guard holds does not count; a target
// that refuses us and a ledger that cannot be written are errors.
func (r *Router) left(ctx context.Context) (int64, error) {
	if err := r.Upkeep(ctx); err != nil {
		return 0, err
	}
	if err := r.store.trouble(); err != nil {
		return 0, err
	}
	totals, err := r.o.Ledger.Totals(ctx)
	if err != nil {
		return 0, err
	}
	left, err := r.readKnown(ctx)
	if err != nil {
		return 0, err
	}
	if r.o.Webhooks != nil {
		left += totals.Inbox
	}
	for name, n := range totals.Refs {
		if f := r.fetches[name]; f != nil && f.source.Getter != nil {
			left += n
		}
	}
	for name, d := range r.targets {
		if err := d.health.trouble(); needsPerson(connectors.KindOf(err)) {
			return 0, fmt.Errorf("target %s: %w", name, err)
		}
		held := d.guard.holding()
		if r.forced() { // nothing is held any more; these are on their way
			held = 0
		}
		left += max(0, totals.Dirty[name]-held)
	}
	return left, nil
}

// Held returns how many closings the guard holds back, by target (invariant 6).
func (r *Router) Held() map[string]int64 {
	held := map[string]int64{}
	for name, d := range r.targets {
		if n := d.guard.holding(); n > 0 {
			held[name] = n
		}
	}
	return held
}

// moved returns a channel that is closed at the next settlement.
func (r *Router) moved() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.movedCh
}

// progressed wakes those who wait for the targets.
func (r *Router) progressed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.movedCh)
	r.movedCh = make(chan struct{})
}

// Rewind sets the streams of the scope back so that what changed since the instant (the vendor's clock) is read again.
// A stream that cannot be set back is an error that names it, before any is.
func (r *Router) Rewind(ctx context.Context, scope Scope, since time.Time) error {
	for name, s := range r.sources {
		rewinder, can := s.Source.(connectors.Rewinder)
		if len(scope.Connections) > 0 && !slices.Contains(scope.Connections, name) {
			continue
		}
		if !can {
			return fmt.Errorf("connection %s cannot read again from an instant; leave --since out to read what is new, or name other connections", name)
		}
		if err := r.awaitListed(ctx, Scope{Connections: []string{name}}); err != nil {
			return err
		}
		for _, st := range r.polls() {
			if st.source.Name != name || st.whole || !scope.has(name, st.def.Name) {
				continue
			}
			to, err := rewinder.CursorAt(st.def.Name, since)
			if err != nil {
				return err
			}
			if err := st.rewind(ctx, since, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// rewind sets the cursor, again if a page was stored in between. A stream that has not been read to its end once, or
// not yet up to the instant, will read it anyway: setting it back would only lose its place, or skip changes.
func (s *stream) rewind(ctx context.Context, since time.Time, to connectors.Cursor) error {
	for {
		state, err := s.r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
		if err != nil {
			return err
		}
		if !state.CaughtUp || !since.Before(state.Complete) {
			return nil
		}
		err = s.r.o.Ledger.Rewind(ctx, s.source.Name, s.def.Name, false, state.Cursor, to)
		if !errors.Is(err, ledger.ErrStale) {
			s.forget()
			return err
		}
	}
}

// Expected returns about how many records the vendors have of the streams that are in their first pass, 0 when they
// do not say. It is for an estimate of the time left.
func (r *Router) Expected() int64 { return r.expected.Load() }

// estimate asks the vendors once how much there is to read.
func (r *Router) estimate(ctx context.Context, s *SourceConn, defs []connectors.Stream) {
	counter, can := s.Source.(connectors.Counter)
	if !can {
		return
	}
	for _, def := range defs {
		state, err := r.o.Ledger.Stream(ctx, s.Name, def.Name)
		if err != nil || state.CaughtUp || def.Snapshot || s.Streams != nil && !slices.Contains(s.Streams, def.Name) {
			continue
		}
		if n, err := counter.Count(ctx, def.Name); err == nil {
			r.expected.Add(max(0, n-state.Counts.Read)) // an earlier run may have come some way
		}
	}
}
