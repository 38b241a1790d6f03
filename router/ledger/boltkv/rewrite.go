package boltkv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

var _ kv.Compactor = (*Engine)(nil)

// rewritePath is where a rewrite gathers what is kept, beside the file that it replaces.
func rewritePath(path string) string { return path + ".rewrite" }

// Compact implements kv.Compactor: it writes everything into a new file and puts that in the place of the old one, so
// that neither free pages nor what they held is left. Snapshots and backups that are open go on with the old file, which
// is gone from its folder and ends with them; Compact waits for that. Updates wait meanwhile: about a second for 100 MB.
// It needs as much room again as the content takes. When it fails the old file stays and goes on to serve; a process that
// is killed leaves one whole file or the other.
func (e *Engine) Compact(ctx context.Context) error {
	if runtime.GOOS == "windows" {
		return fmt.Errorf("compact %s while it is open: %w: an open file cannot be replaced there; stop the program and use Compact", e.path, errors.ErrUnsupported)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	u, gone := newUpdate(ctx, nil), make(chan struct{})
	u.alone = func() error { return e.rewrite(gone) }
	if err := e.submit(u); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("compact: a snapshot still reads the old file: %w", ctx.Err())
	}
}

// rewrite is Compact's part on the committer, where nothing is committed meanwhile. It closes gone when nobody reads the
// old file any more.
func (e *Engine) rewrite(gone chan<- struct{}) error {
	if err := e.settled(); err != nil {
		return err
	}
	if stuck := e.stuck.Load(); stuck != nil {
		return *stuck
	}
	path := rewritePath(e.path)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return e.classify(err)
	}
	old := e.open.Load()
	fresh, err := e.copyStore(path, old)
	if err == nil {
		if err = os.Rename(path, e.path); err != nil {
			_ = guard(path, fresh.db.Close)
			err = e.classify(err)
		}
	}
	if err != nil {
		_ = os.Remove(path)
		return err
	}
	// From here on the new file is the store, whatever fails.
	e.open.Store(fresh)
	e.leaving.Go(func() {
		_ = guard(e.path, old.db.Close)
		close(gone)
	})
	return e.classify(syncFolder(e.path))
}

// copyStore writes everything that is committed into a new file, checks it and leaves it open and locked.
func (e *Engine) copyStore(path string, from *store) (*store, error) {
	if err := createNew(path); err != nil {
		return nil, e.classify(err)
	}
	to, err := openStore(path, time.Second)
	if err != nil {
		return nil, err
	}
	err = guard(e.path, func() error { return bbolt.Compact(to.db, from.db, 8<<20) })
	if err == nil {
		err = checkFile(path)
	}
	if errors.Is(err, kv.ErrDamaged) {
		_ = abandon(to.file) // bbolt's locks are in an unknown state: closing could wait for ever
		return nil, err
	}
	if err != nil {
		_ = guard(path, to.db.Close)
		return nil, e.classify(err)
	}
	return to, nil
}
