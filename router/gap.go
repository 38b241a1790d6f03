package router

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// cursorExpired is the kind of gap a vendor makes that no longer takes our cursor.
const cursorExpired = "cursor expired"

// gap is the stream's gap of that kind; two of them are one.
func (s *stream) gap(state ledger.Stream, why error) ledger.Gap {
	g := ledger.Gap{Connection: s.source.Name, Stream: s.def.Name, From: state.Complete, Kind: cursorExpired}
	if why != nil {
		g.Reason = why.Error()
	}
	return g
}

// reopen goes on after the vendor refused the cursor as expired: the hole is recorded, and the stream set back to the
// instant up to which it is complete, or to its beginning (invariant 8). The next time it has caught up the gap is
// healed.
func (s *stream) reopen(ctx context.Context, state ledger.Stream, why error) error {
	l := s.r.o.Ledger
	if _, err := l.OpenGap(ctx, s.gap(state, why)); err != nil {
		return err
	}
	s.gapped.Store(true)
	since, err := s.completeTo(ctx, state)
	if err != nil {
		return err
	}
	from, to := state.Cursor, connectors.Cursor("")
	if s.whole {
		from = state.Sweep.Cursor
	} else if to, err = s.cursorAt(since); err != nil {
		return err
	}
	if to == from { // nothing earlier to go back to
		to = ""
	}
	err = l.Rewind(ctx, s.source.Name, s.def.Name, s.whole, from, to)
	if errors.Is(err, ledger.ErrStale) {
		return nil
	}
	return err
}

// completeTo returns the instant up to which the stream is complete. Where it reads again what was lost, that is where
// the gap begins: what was complete before is what is doubted.
func (s *stream) completeTo(ctx context.Context, state ledger.Stream) (time.Time, error) {
	gaps, err := s.polledGaps(ctx)
	since := state.Complete
	for i := range gaps {
		if from := rereadFrom(gaps[i]); from.Before(since) {
			since = from
		}
	}
	return since, err
}

// cursorAt returns a cursor for an instant of the vendor's clock; the beginning when the instant is not known or the
// vendor has no such cursors.
func (s *stream) cursorAt(since time.Time) (connectors.Cursor, error) {
	rewinder, can := s.source.Source.(connectors.Rewinder)
	if !can || since.IsZero() {
		return "", nil
	}
	return rewinder.CursorAt(s.def.Name, since)
}

// heal takes the stream's gaps away after it has caught up, and sets it back for those that came meanwhile; then it has to
// read on at once.
func (s *stream) heal(ctx context.Context) (again bool, err error) {
	if !s.gapped.Swap(false) { // before the ledger is asked: a gap that comes meanwhile sets it again
		return false, nil
	}
	if err = s.r.o.Ledger.HealGap(ctx, s.gap(ledger.Stream{}, nil)); err == nil && !s.sweep {
		again, err = s.healPolled(ctx)
	}
	if again || err != nil {
		s.gapped.Store(true)
	}
	return again, err
}
