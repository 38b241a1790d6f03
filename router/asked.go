package router

import "github.com/millrace/millrace/router/bus"

// waiter is told when a pass that began after it asked has caught up.
type waiter struct {
	from uint64
	done chan error
}

// request asks for a pass that begins now; the channel gets nil when it has caught up, or why it cannot.
func (s *stream) request() <-chan error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.waiting = append(s.waiting, waiter{from: s.reads + 1, done: done})
	s.mu.Unlock()
	s.r.nudge(bus.Pages, []byte(s.key()))
	return done
}

// asked reports whether somebody waits for a pass; then an earlier failure's wait does not hold it back.
func (s *stream) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiting {
		if w.from > s.reads {
			return true
		}
	}
	return false
}

// caughtUp tells those who wait for a pass that began no later than the read of that number, and reports whether there
// was anybody.
func (s *stream) caughtUp(number uint64, err error) (told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rest []waiter
	for _, w := range s.waiting {
		if w.from <= number {
			w.done <- err
			told = true
		} else {
			rest = append(rest, w)
		}
	}
	s.waiting = rest
	return told
}
