package router

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// stuckAfter is how long a stream may go without progress, and a change without being shown, before readiness goes
// red (invariant 8). A stream that is polled more rarely has three of its intervals.
const stuckAfter = 10 * time.Minute

// Problems lists in sentences why the router is not ready: streams without progress, feeds without contact, deliveries
// that are not parsed, deletions that are held back, targets that refuse. Empty means ready.
func (r *Router) Problems(ctx context.Context) ([]string, error) {
	var list []string
	r.mu.Lock()
	for name, err := range r.unlisted {
		list = append(list, fmt.Sprintf("connection %s cannot be read: %v", name, err))
	}
	r.mu.Unlock()
	for _, s := range r.polls() {
		state, err := r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
		if err != nil {
			return nil, err
		}
		if p := s.stuck(state); p != "" {
			list = append(list, p)
		}
	}
	refused, err := r.refusals(ctx)
	if err != nil {
		return nil, err
	}
	list = append(list, refused...)
	list = append(list, r.sweepTroubles()...)
	silent, err := r.feedTroubles(ctx)
	if err != nil {
		return nil, err
	}
	list = append(list, silent...)
	if waits, err := r.inboxTrouble(ctx); err != nil {
		return nil, err
	} else if waits != "" {
		list = append(list, waits)
	}
	if err := r.store.trouble(); err != nil {
		list = append(list, err.Error())
	}
	for name, d := range r.targets {
		if err := d.health.trouble(); err != nil {
			list = append(list, fmt.Sprintf("target %s does not take anything: %v", name, err))
		}
		if n := d.guard.holding(); n > 0 {
			list = append(list, fmt.Sprintf("target %s: closing the items of %d entities is held back; `millrace backfill --force` closes them", name, n))
		}
	}
	slices.Sort(list)
	return list, nil
}

// refusals lists the deletions that wait for a person (invariant 6).
func (r *Router) refusals(ctx context.Context) ([]string, error) {
	gaps, err := r.o.Ledger.Gaps(ctx)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, g := range gaps {
		if g.Kind == ledger.SweepRefused {
			list = append(list, fmt.Sprintf("stream %s/%s: %s; if they really are gone: millrace backfill --force", g.Connection, g.Stream, g.Reason))
		}
	}
	return list, nil
}

// stuck says why a stream makes no progress, "" when it does.
func (s *stream) stuck(state ledger.Stream) string {
	now := s.r.now()
	limit := max(stuckAfter, 3*s.baseInterval())
	last := later(state.Progress, s.begun)
	f := state.Failure
	switch {
	case f.Attempts > 0 && (now.Sub(f.Since) >= stuckAfter || f.Kind == "denied" || f.Kind == "gone"):
		return fmt.Sprintf("stream %s fails since %s (%d tries): %s", s.key(), f.Since.Format(time.RFC3339), f.Attempts, f.Error)
	case now.Sub(last) > limit:
		return fmt.Sprintf("stream %s has made no progress since %s", s.key(), last.Format(time.RFC3339))
	}
	return ""
}
