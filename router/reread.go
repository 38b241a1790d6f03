package router

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// feedOverlap is how much earlier than its gap a stream is read again. A vendor stamps a record when a transaction
// writes it and tells the feed when the transaction ends, minutes later; and where a feed told nothing yet, the gap
// begins at a time of our clock.
const feedOverlap = 15 * time.Minute

// rereadFrom returns the instant from which a gap is read again, zero for the beginning.
func rereadFrom(g ledger.Gap) time.Time {
	switch {
	case g.From.IsZero():
		return g.From
	case g.Kind == ledger.BecameKnown:
		return g.From.Add(-knownOverlap)
	}
	return g.From.Add(-feedOverlap)
}

// healPolled deals with the gaps of the stream that polling has to be set back for, at the end of a pass: one for which the
// stream was set back is healed, for the others it is set back now. A pass that is under way is not interrupted, because
// nobody knows where it is: setting it to an instant could move it forward, and what lies between would be read by none.
func (s *stream) healPolled(ctx context.Context) (again bool, err error) {
	gaps, err := s.polledGaps(ctx)
	if err != nil {
		return false, err
	}
	s.endAgain()
	var unread []ledger.Gap
	for _, g := range gaps {
		if !g.Reread {
			if g.FromFeed() || s.rested() {
				unread = append(unread, g)
			}
			continue
		}
		err := s.r.o.Ledger.HealReread(ctx, g)
		if errors.Is(err, ledger.ErrStale) { // reported again meanwhile
			again = true
			continue
		}
		if err != nil {
			return false, err
		}
		if g.FromFeed() {
			s.r.o.Metrics.healed(g)
		}
		s.r.log.Info("gap healed", "source", s.source.Name, "stream", s.def.Name, "gap", g.Kind, "from", g.From)
	}
	if len(unread) == 0 {
		return again, nil
	}
	return true, s.setBack(ctx, unread)
}

// polledGaps returns the open gaps of the stream that polling has to be set back for.
func (s *stream) polledGaps(ctx context.Context) (list []ledger.Gap, err error) {
	if s.sweep {
		return nil, nil
	}
	gaps, err := s.r.o.Ledger.Gaps(ctx)
	for _, g := range gaps {
		if g.Connection == s.source.Name && g.Stream == s.def.Name && g.Polled() {
			list = append(list, g)
		}
	}
	return list, err
}

// setBack has the stream read again from where the earliest of the gaps begins.
func (s *stream) setBack(ctx context.Context, gaps []ledger.Gap) error {
	state, err := s.r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
	if err != nil {
		return err
	}
	if !s.whole && (state.More || !state.CaughtUp) { // another process began a pass
		return nil
	}
	from, to := s.place(&state), connectors.Cursor("") // a listing begins anew
	if !s.whole {
		if to, err = s.backTo(state, gaps); err != nil {
			return err
		}
	}
	for _, g := range gaps {
		err := s.r.o.Ledger.Reread(ctx, g, s.whole, from, to)
		if errors.Is(err, ledger.ErrStale) {
			return nil // looked at again at the end of the next pass
		}
		if err != nil {
			return err
		}
		s.r.log.Info("reading again", "source", s.source.Name, "stream", s.def.Name, "gap", g.Kind, "from", g.From)
		if g.Kind == ledger.BecameKnown {
			s.beginAgain()
		}
		from = to
	}
	s.forget()
	return nil
}

// backTo returns a cursor behind which the stream reads the gaps again. It is never ahead of the stream's own: one that
// is not complete up to there yet has the span still before it.
func (s *stream) backTo(state ledger.Stream, gaps []ledger.Gap) (connectors.Cursor, error) {
	since := rereadFrom(gaps[0])
	for _, g := range gaps[1:] {
		if from := rereadFrom(g); from.Before(since) {
			since = from
		}
	}
	switch {
	case state.Complete.IsZero() && slices.ContainsFunc(gaps, func(g ledger.Gap) bool { return g.FromFeed() }):
		return "", nil // it never said how far it is
	case !state.Complete.IsZero() && !since.Before(state.Complete):
		return state.Cursor, nil
	}
	return s.cursorAt(since) // what was passed over was read, so the stream is behind it
}
