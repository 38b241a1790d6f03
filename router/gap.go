package router

import (
	"context"
	"errors"

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
	from, to := state.Cursor, connectors.Cursor("")
	if s.whole {
		from = state.Sweep.Cursor
	} else if rewinder, can := s.source.Source.(connectors.Rewinder); can && !state.Complete.IsZero() {
		var err error
		if to, err = rewinder.CursorAt(s.def.Name, state.Complete); err != nil {
			return err
		}
	}
	if to == from { // nothing earlier to go back to
		to = ""
	}
	err := l.Rewind(ctx, s.source.Name, s.def.Name, s.whole, from, to)
	if errors.Is(err, ledger.ErrStale) {
		return nil
	}
	return err
}

// heal takes the gap away after the stream has caught up.
func (s *stream) heal(ctx context.Context) error {
	if !s.gapped.Load() {
		return nil
	}
	if err := s.r.o.Ledger.HealGap(ctx, s.gap(ledger.Stream{}, nil)); err != nil {
		return err
	}
	s.gapped.Store(false)
	return nil
}
