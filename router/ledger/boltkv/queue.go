package boltkv

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/millrace/millrace/router/ledger/kv"
)

// errAborted marks a function that ended by panic or runtime.Goexit: its caller is gone.
var errAborted = errors.New("function did not return")

// update is one call of Update on its way through the queue and a group.
type update struct {
	ctx      context.Context
	fn       func(kv.Tx) error
	turns    chan turn    // committer to caller; one at a time
	outcomes chan outcome // caller to committer; one per turn with a session
	ran      bool         // committer only: fn has had a turn before
	patient  bool         // kv.Patient
	alone    func() error // instead of fn: what the committer does while it commits nothing
}

// turn hands the caller either a session to run on, or the end of its Update.
type turn struct {
	s   *session
	err error
}

// outcome is what one run of the function did.
type outcome struct {
	err   error
	wrote bool
	bytes int
}

func newUpdate(ctx context.Context, fn func(kv.Tx) error) *update {
	return &update{ctx: ctx, fn: fn, patient: kv.IsPatient(ctx), turns: make(chan turn, 1), outcomes: make(chan outcome, 1)}
}

// take runs the function on the caller's goroutine. The outcome is sent however the function ends,
// otherwise one t.Fatal in a test would stop the committer for everyone.
func (u *update) take(s *session) {
	t := newTx(u.ctx, s)
	o := outcome{err: errAborted}
	defer func() {
		t.over = true
		o.wrote, o.bytes = t.wrote, t.bytes
		u.outcomes <- o
	}()
	o.err = t.run(func() error { return u.fn(t) })
}

// finish ends the Update.
func (u *update) finish(err error) { u.turns <- turn{err: err} }

// queue holds the Updates that wait for a group.
type queue struct {
	mu      sync.Mutex
	waiting []*update
	heavy   bool // the last group had a patient Update
	closed  bool
	wake    chan struct{} // holds one token when there is something to look at
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) add(u *update) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return kv.ErrClosed
	}
	q.waiting = append(q.waiting, u)
	q.signal()
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// withdraw removes u when no group has claimed it yet.
func (q *queue) withdraw(u *update) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, u)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// putBack returns what a group had no room for to the front.
func (q *queue) putBack(us []*update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.Concat(us, q.waiting)
	q.signal()
}

// next claims up to n Updates, waiting for the first one; it returns nil once the queue is shut.
func (q *queue) next(n int) []*update {
	for {
		if us, closed := q.claim(n); len(us) > 0 || closed {
			return us
		}
		<-q.wake
	}
}

func (q *queue) claim(n int) (us []*update, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, true
	}
	return q.group(n), false
}

// group takes the next group out of the queue: in the order of arrival, but with one patient Update at most, and none right
// after a group that had one while others wait. So those others wait for what is being done, and not for the pages of
// fifteen streams that arrived before them; and every other group takes a patient one.
func (q *queue) group(n int) (us []*update) {
	quick := slices.ContainsFunc(q.waiting, func(u *update) bool { return !u.patient })
	room := !quick || !q.heavy // for a patient one
	q.heavy = false
	q.waiting = slices.DeleteFunc(q.waiting, func(u *update) bool {
		if len(us) == n || u.patient && !room {
			return false
		}
		if u.patient {
			room, q.heavy = false, true
		}
		us = append(us, u)
		return true
	})
	return us
}

// shut refuses further Updates and ends those that wait. An Update that a group put back after shut
// is ended by drain.
func (q *queue) shut() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.drain()
}

func (q *queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, u := range q.waiting {
		u.finish(kv.ErrClosed)
	}
	q.waiting = nil
	q.signal()
}
