package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// serverError is an answer of 500 and above for the breaker: its status.
type serverError int

func (e serverError) Error() string { return fmt.Sprintf("HTTP %d", int(e)) }

// breaker stops asking a vendor that is down, so that its recovery is not met by every worker at once.
type breaker struct {
	next   http.RoundTripper
	gate   *gobreaker.CircuitBreaker[*http.Response]
	now    func() time.Time
	pause  time.Duration
	opened atomic.Int64          // unix nanoseconds
	cause  atomic.Pointer[error] // of the newest failure, fit to be shown: whoever meets the open breaker asks why
}

func newBreaker(c Config, next http.RoundTripper) *breaker {
	b := &breaker{next: next, now: c.Now, pause: c.BreakFor}
	b.gate = gobreaker.NewCircuitBreaker[*http.Response](gobreaker.Settings{
		Name:        c.Connection,
		Timeout:     c.BreakFor,
		ReadyToTrip: func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= c.BreakAfter },
		IsExcluded:  excluded,
		OnStateChange: func(_ string, _, to gobreaker.State) {
			b.changed(c.Logger, c.Connection, to)
		},
	})
	return b
}

// excluded are failures that say nothing about the vendor's health: the caller left, or sign-in was refused.
func excluded(err error) bool {
	var known *connectors.Error
	return errors.Is(err, context.Canceled) || errors.As(err, &known)
}

func (b *breaker) changed(logger *slog.Logger, connection string, to gobreaker.State) {
	switch to {
	case gobreaker.StateOpen:
		b.opened.Store(b.now().UnixNano())
		logger.Warn("vendor fails again and again: requests stopped", "source", connection, "for", b.pause, "error", b.why())
	case gobreaker.StateClosed:
		logger.Info("vendor answers again", "source", connection)
	}
}

func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.gate.Execute(func() (*http.Response, error) {
		resp, err := b.next.RoundTrip(req)
		if err == nil && resp.StatusCode >= http.StatusInternalServerError {
			err = serverError(resp.StatusCode)
		}
		b.note(err)
		return resp, err
	})
	var answered serverError
	switch {
	case errors.As(err, &answered):
		return resp, nil
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		closeBody(req)
		return nil, &connectors.Error{Kind: connectors.Temporary, Op: "call", After: b.left(),
			Reason: "the vendor failed again and again and is given a rest", Err: b.why()}
	case err != nil:
		return nil, err
	}
	return resp, nil
}

// note remembers why a request failed, less what must not be shown (invariant 9).
func (b *breaker) note(err error) {
	var answered serverError
	switch {
	case err == nil || excluded(err):
		return
	case !errors.As(err, &answered):
		err = rest.Cause(err)
	}
	b.cause.Store(&err)
}

// why returns the newest failure, nil before the first.
func (b *breaker) why() error {
	if p := b.cause.Load(); p != nil {
		return *p
	}
	return nil
}

// left is how long the breaker stays open, at least a second for a probe to come back, and never longer than the pause:
// our clock may have been set back since.
func (b *breaker) left() time.Duration {
	return max(time.Second, min(b.pause, b.pause-b.now().Sub(time.Unix(0, b.opened.Load()))))
}
