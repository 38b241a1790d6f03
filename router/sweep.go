package router

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// soon is a moment within the first minute after the start, for a sweep that is due: those of all streams, and the
// polls, must not begin together.
func soon(every time.Duration) time.Duration { return rand.N(min(time.Minute, every/50) + 1) }

// untilSweep returns how long a sweep waits after the router started: a process that is restarted more often than
// sweeps are due must come to them too.
func (s *stream) untilSweep(ctx context.Context) time.Duration {
	every := s.interval()
	state, err := s.r.o.Ledger.Stream(ctx, s.source.Name, s.def.Name)
	w := state.Sweep
	switch {
	case err != nil, !state.CaughtUp: // the first pass shows everything anyway
		return every
	case w.Running, w.Reaping && w.Refused == "": // one was interrupted
		return soon(every)
	}
	gone := s.r.now().Sub(later(w.Began, w.Done))
	if gone < 0 { // our clock was set back
		return every
	}
	return max(every-gone, soon(every))
}

// trouble is why and since when a sweep fails. It is not the stream's failure in the ledger: the poll of the same
// stream must neither wait for it nor clear it.
type trouble struct {
	tries        int
	since, until time.Time
	err          error
}

// sweepFailed notes the failure of a sweep and returns the wait.
func (s *stream) sweepFailed(err error) time.Duration {
	kind := connectors.KindOf(err)
	now := s.r.now()
	s.mu.Lock()
	if s.trouble.tries == 0 {
		s.trouble.since = now
	}
	s.trouble.tries++
	tries := s.trouble.tries
	wait := waitFor(tries, err)
	if needsPerson(kind) {
		wait = max(wait, time.Minute)
	}
	s.trouble.err, s.trouble.until = err, now.Add(wait)
	s.mu.Unlock()
	s.r.o.Metrics.failed(s.source.Name, kind)
	s.r.log.Warn("sweep waits", "source", s.source.Name, "stream", s.def.Name, "tries", tries, "error", err)
	return wait
}

// notBefore returns until when the stream waits after a failure.
func (s *stream) notBefore(state *ledger.Stream) time.Time {
	if !s.sweep {
		return state.Failure.NotBefore
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble.until
}

// well forgets a sweep's failures.
func (s *stream) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = trouble{}
}

// troubled returns a sweep's failures.
func (s *stream) troubled() trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// sweepTroubles lists the sweeps that fail for long or need a person: without them deletions are not seen.
func (r *Router) sweepTroubles() []string {
	r.mu.Lock()
	var sweeps []*stream
	for _, s := range r.streams {
		if s.sweep {
			sweeps = append(sweeps, s)
		}
	}
	r.mu.Unlock()
	var list []string
	for _, s := range sweeps {
		t := s.troubled()
		if t.tries > 0 && (needsPerson(connectors.KindOf(t.err)) || r.now().Sub(t.since) >= stuckAfter) {
			list = append(list, fmt.Sprintf("sweep of %s/%s fails since %s (%d tries), so deletions are not seen: %v",
				s.source.Name, s.def.Name, t.since.Format(time.RFC3339), t.tries, t.err))
		}
	}
	return list
}
