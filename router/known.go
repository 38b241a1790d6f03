package router

import (
	"context"
	"time"

	"github.com/millrace/millrace/router/bus"
	"github.com/millrace/millrace/router/ledger"
)

// What becomes known is read again in the background: the gaps of a stream are one, whose reading begins when the stream has
// caught up, and nobody becomes known so often that a stream does nothing else.
const (
	// knownOverlap is how much earlier than its gap a stream is read again. The gap begins at the version of a record,
	// and a source may go by another time: mail has the date of its sender, up to two days off, and is found by that of
	// its arrival.
	knownOverlap = 72 * time.Hour
	// restShare is how many times as long as a stream was read again it then rests from that, and shortRest the least.
	restShare = 9
	shortRest = time.Minute
)

// again is how a stream is read again for those who became known.
type again struct {
	began time.Time // zero = it is not
	until time.Time // it rests until then
}

// beginAgain notes that the stream was set back.
func (s *stream) beginAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.began = s.r.now()
}

// endAgain notes that a pass over what was set back is through.
func (s *stream) endAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.began.IsZero() {
		return
	}
	now := s.r.now()
	s.known = again{until: now.Add(max(shortRest, restShare*now.Sub(s.known.began)))}
}

// rested reports whether the stream may be read again for those who became known. Nobody rests while somebody waits for
// the end: nothing is being read then that could make others known.
func (s *stream) rested() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.known.until.Sub(s.r.now())
	return wait <= 0 || wait > ledger.FarthestWait || s.r.o.Once || s.r.settling.Load() > 0
}

// readKnown wakes the streams that passed over what is known now, and returns how many have it still before them. Those that
// fail try again by themselves, and nobody waits for them.
func (r *Router) readKnown(ctx context.Context) (left int64, err error) {
	gaps, err := r.o.Ledger.Gaps(ctx)
	if err != nil {
		return 0, err
	}
	for _, g := range gaps {
		s := r.stream(g.Connection + "/" + g.Stream)
		if g.Kind != ledger.BecameKnown || s == nil {
			continue
		}
		state, err := r.o.Ledger.Stream(ctx, g.Connection, g.Stream)
		if err != nil {
			return 0, err
		}
		s.gapped.Store(true)
		if state.Failure.Attempts > 0 {
			continue
		}
		left++
		if !g.Reread && !state.More && state.CaughtUp && s.rested() {
			r.nudge(bus.Pages, []byte(s.key()))
		}
	}
	return left, nil
}
