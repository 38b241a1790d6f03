package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errTooMuch ends a connection whose server answers more than anybody asked for.
var errTooMuch = errors.New("the answer is too large")

// meter is the connection below everything: it counts what arrives and remembers why it ended, because the library
// keeps neither.
type meter struct {
	net.Conn
	left atomic.Int64 // bytes that may still arrive
	mu   sync.Mutex
	why  error
}

// Read implements net.Conn.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		n, err = 0, errTooMuch
	}
	if err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.why == nil {
			m.why = err
		}
	}
	return n, err
}

// ended returns why nothing arrives any more, nil while it does.
func (m *meter) ended() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.why
}

// run does what fn does, for at most patience and what its answer takes on a slow line, and ends the connection when that or ctx is over: the library's own
// waiting does not know of it. The error has a kind.
func (s *Session) run(ctx context.Context, op string, fn func() error) error {
	return s.runFor(ctx, op, usualBytes, fn)
}

// runFor is run for an answer of at most so many bytes.
func (s *Session) runFor(ctx context.Context, op string, most int64, fn func() error) error {
	if s.failed {
		return broken(op, "the connection was given up")
	}
	limited, cancel := context.WithTimeout(ctx, patience+time.Duration(most/slowLine)*time.Second)
	defer cancel()
	s.conn.left.Store(most)
	stop := context.AfterFunc(limited, func() { _ = s.conn.Close() })
	err := s.bounded(limited, fn)
	if !stop() { // it was closed, whatever fn says
		s.failed = true
	}
	if err == nil {
		s.done = true
		return nil
	}
	err = s.explain(ctx, limited, op, err)
	if !refused(err) {
		s.failed = true
	} else {
		s.done = true
	}
	return err
}

// slowLine is how many bytes arrive in a second at least.
const slowLine = 1 << 20

// grace is how long fn may take to notice that the connection ended.
const grace = time.Second

// bounded waits for fn, but not for ever: where the library itself waits for what never comes, ending the connection does not
// free it. Then it is left behind with the session.
func (s *Session) bounded(ctx context.Context, fn func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- fn() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(grace):
		s.stuck = true
		return ctx.Err()
	}
}
