package boltkv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Engine is an open file. It implements kv.Engine.
type Engine struct {
	path  string
	opts  Options
	open  atomic.Pointer[store]
	queue *queue
	done  chan struct{} // closed when the committer has ended
	// leaving are stores that a rewrite replaced and that snapshots still read.
	leaving sync.WaitGroup

	doubt bool                  // committer only: the last commit's outcome is not settled
	stuck atomic.Pointer[error] // bbolt panicked in a commit: it must not be entered again
	close sync.Once

	write func(*bbolt.Tx) error // bbolt's Commit; tests make it fail

	size                                            atomic.Int64
	commits, updates, grouped, reruns, failedCommit atomic.Int64
}

var _ kv.Engine = (*Engine)(nil)

// store is a file that bbolt has open. Rewrite puts another in its place.
type store struct {
	db   *bbolt.DB
	file *os.File // bbolt's own handle, see openFile
}

// Path returns the file the engine was opened with.
func (e *Engine) Path() string { return e.path }

// View runs fn on a snapshot; see kv.Engine. Views do not wait for commits. A snapshot may already
// show a commit whose Update has not returned yet, and that a power loss could still take back. fn
// must not open another View of the same engine: a commit that has to remap the file would wait for
// the outer one and block the inner one.
func (e *Engine) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := e.begin(false)
	if err != nil {
		return fmt.Errorf("begin snapshot: %w", err)
	}
	defer func() { _ = guard(e.path, tx.Rollback) }()
	r := newReader(ctx, newSession(e.path, e.opts.Buckets, tx))
	return r.run(func() error { return fn(r) })
}

// begin starts a transaction of bbolt.
func (e *Engine) begin(writable bool) (tx *bbolt.Tx, err error) {
	if stuck := e.stuck.Load(); stuck != nil && writable {
		return nil, *stuck
	}
	for {
		s := e.open.Load()
		err = guard(e.path, func() (err error) {
			tx, err = s.db.Begin(writable)
			return err
		})
		if errors.Is(err, berrors.ErrDatabaseNotOpen) && e.open.Load() != s {
			continue // it was rewritten between the two lines
		}
		return tx, e.classify(err)
	}
}

// Update queues fn for the next group and runs it on this goroutine when its turn comes; see
// kv.Engine. A panic of fn passes through to the caller after its writes were taken back.
func (e *Engine) Update(ctx context.Context, fn func(kv.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.submit(newUpdate(ctx, fn))
}

// submit queues u and serves its turns until it is ended.
func (e *Engine) submit(u *update) error {
	if err := e.queue.add(u); err != nil {
		return err
	}
	gone := u.ctx.Done()
	for {
		select {
		case t := <-u.turns:
			if t.s == nil {
				return t.err
			}
			u.take(t.s)
		case <-gone:
			if e.queue.withdraw(u) {
				return u.ctx.Err()
			}
			gone = nil // a group has claimed it: its outcome must be known
		}
	}
}

// Backup writes a file that Open accepts; see kv.Engine. It holds one snapshot for as long as w
// takes, so the file grows meanwhile by what is written; hand it a local file rather than a slow
// network.
func (e *Engine) Backup(ctx context.Context, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := e.begin(false)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() { _ = guard(e.path, tx.Rollback) }()
	out := &stoppable{ctx: ctx, w: w}
	err = guard(e.path, func() error {
		_, err := tx.WriteTo(out)
		return err
	})
	switch {
	case out.err != nil:
		return fmt.Errorf("back up: write the copy: %w", out.err)
	case err != nil:
		return fmt.Errorf("back up: %w", e.classify(err))
	}
	return nil
}

// stoppable ends a copy with ctx and remembers the writer's own error, which bbolt flattens.
type stoppable struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (s *stoppable) Write(p []byte) (n int, err error) {
	if err = s.ctx.Err(); err == nil {
		n, err = s.w.Write(p)
	}
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// Stats returns figures of the file and since Open; see kv.Stats. FreeBytes is as of the last
// transaction that wrote.
func (e *Engine) Stats() kv.Stats {
	s := e.open.Load()
	if info, err := s.file.Stat(); err == nil {
		e.size.Store(info.Size())
	}
	return kv.Stats{
		SizeBytes: e.size.Load(),
		FreeBytes: int64(s.db.Stats().FreeAlloc),
		Commits:   e.commits.Load(),
		Updates:   e.updates.Load(),
		Grouped:   e.grouped.Load(),
		Reruns:    e.reruns.Load(),
		Failures:  e.failedCommit.Load(),
	}
}

// Close ends the engine: Updates that wait get kv.ErrClosed, the group that runs and every open
// View or Backup is waited for, then the file and its lock are released. It must not be called from
// inside one of them. Calling it again returns nil.
func (e *Engine) Close() error {
	var err error
	e.close.Do(func() {
		e.queue.shut()
		<-e.done
		e.leaving.Wait()
		err = e.release()
	})
	return err
}

// release gives the file back. After a panic inside a commit bbolt may still hold its own locks, so
// the file is only unlocked and closed; the mapping stays, open snapshots use it.
func (e *Engine) release() error {
	removeHolder(e.path)
	if e.stuck.Load() != nil {
		return abandon(e.open.Load().file)
	}
	if err := guard(e.path, e.open.Load().db.Close); err != nil {
		return fmt.Errorf("close ledger store %s: %w", e.path, err)
	}
	return nil
}
