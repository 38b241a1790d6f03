package imap

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// keptFor is how long a connection that nobody uses stays open: over the pages of a pass, not from one pass to the next.
const keptFor = 20 * time.Second

// with runs fn over a connection that is signed in. One that was put aside may have been ended by the server meanwhile,
// which says nothing about the server: then fn runs over a new one, once, for nothing was answered yet.
func (a *account) with(ctx context.Context, fn func(*wire.Session) error) error {
	if a.unsigned {
		return &connectors.Error{Kind: connectors.Denied, Op: "sign in", Reason: "the connection is not signed in"}
	}
	s := a.take()
	if s != nil {
		err := fn(s)
		a.put(s)
		if err == nil || ctx.Err() != nil || !s.Stale() {
			return err
		}
	}
	s, err := wire.Dial(ctx, a.server)
	if err != nil {
		return err
	}
	err = fn(s)
	a.put(s)
	return err
}

// take returns the connection that was put aside, nil when there is none.
func (a *account) take() *wire.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.kept
	a.kept = nil
	if a.ends != nil {
		a.ends.Stop()
	}
	return s
}

// put puts a connection aside, or closes it when it failed or another one is there.
func (a *account) put(s *wire.Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.Failed() || a.kept != nil {
		s.Close()
		return
	}
	s.Rest()
	a.kept = s
	a.ends = time.AfterFunc(keptFor, func() { a.drop(s) })
}

// drop closes a connection that is still put aside.
func (a *account) drop(s *wire.Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == s {
		a.kept = nil
		s.Close()
	}
}

// patient is how often a page may be no IMAP before it is read without what servers get wrong most, the structure of
// messages: one message must not keep a mailbox from being read. Before that it may be the network's fault.
const patient = 3

// stuck reports whether the page after the cursor could not be read so often. A process that begins anew tries again.
func (a *account) stuck(after connectors.Cursor) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failedAt == after && a.failures >= patient
}

// unread notes whether the page after the cursor could be read.
func (a *account) unread(after connectors.Cursor, failed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !failed:
		a.failures = 0
	case a.failedAt == after:
		a.failures++
	default:
		a.failedAt, a.failures = after, 1
	}
}
