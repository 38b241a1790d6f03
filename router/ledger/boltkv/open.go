package boltkv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Options say how a file is opened. Only Buckets is required.
type Options struct {
	// Buckets is the fixed list of buckets; Open creates those that are missing. Buckets of the
	// file that are not listed are kept and cannot be reached.
	Buckets []kv.Bucket
	// LockTimeout is how long Open waits for another process to release the file; 0 means 1 s.
	LockTimeout time.Duration
	// MaxGroup is the most Updates that one commit joins; 0 means 256.
	MaxGroup int
	// MaxGroupBytes ends a group once its functions have written that much; 0 means 8 MiB. One
	// Update alone may write more.
	MaxGroupBytes int
}

func (o Options) withDefaults() Options {
	if o.LockTimeout <= 0 {
		o.LockTimeout = time.Second
	}
	if o.MaxGroup <= 0 {
		o.MaxGroup = 256
	}
	if o.MaxGroupBytes <= 0 {
		o.MaxGroupBytes = 8 << 20
	}
	return o
}

// Open opens or creates (mode 0600) the store in the file path, whose folder must exist, and starts
// its committer. It fails with kv.ErrLocked when another process owns the file, with kv.ErrDamaged
// when the file is not whole, and with kv.ErrFull or kv.ErrUnavailable when the disk refuses.
//
// The whole tree is checked before bbolt sees it, which reads every page once: 0.3 of the 0.45 s that
// opening a file of 700 MB with a million keys takes when it is in the page cache.
func Open(path string, o Options) (*Engine, error) {
	o = o.withDefaults()
	if len(o.Buckets) == 0 {
		return nil, fmt.Errorf("open ledger store %s: no buckets are declared", path)
	}
	fresh, err := isFresh(path)
	if err != nil {
		return nil, fmt.Errorf("open ledger store: %w", err)
	}
	if !fresh {
		if err := precheck(path, o.LockTimeout); err != nil {
			return nil, err
		}
	}
	e := &Engine{path: path, opts: o, queue: newQueue(), done: make(chan struct{}), write: (*bbolt.Tx).Commit}
	if err := e.openFile(); err != nil {
		return nil, err
	}
	if err := e.prepare(fresh); err != nil {
		e.release()
		return nil, err
	}
	writeHolder(path)
	go e.commitLoop()
	return e, nil
}

// isFresh reports whether path does not exist yet or is empty, in which case bbolt initialises it.
func isFresh(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, fmt.Errorf("%s is a folder; name the file itself", path)
	}
	return info.Size() == 0, nil
}

// openFile opens the engine's file for writing.
func (e *Engine) openFile() error {
	s, err := openStore(e.path, e.opts.LockTimeout)
	if err != nil {
		return err
	}
	if !samePlace(s.file, e.path) { // its owner rewrote it while we waited for the lock of the old one
		_ = guard(e.path, s.db.Close)
		return lockedError(e.path)
	}
	_ = os.Remove(rewritePath(e.path)) // what a rewrite left that was killed
	e.open.Store(s)
	return nil
}

// openStore opens a file for writing and keeps the handle: bbolt cannot give up its lock after a panic.
func openStore(path string, wait time.Duration) (*store, error) {
	s := &store{}
	keep := func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		if err == nil && (flag&os.O_RDWR) != 0 {
			s.file = f
		}
		return f, err
	}
	open := func(mapBytes int) error {
		return guard(path, func() (err error) {
			s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
				Timeout:         wait,
				FreelistType:    bbolt.FreelistMapType,
				NoFreelistSync:  true,
				InitialMmapSize: mapBytes,
				OpenFile:        keep,
			})
			return err
		})
	}
	err := open(mapSize(path))
	if err != nil && errors.Is(err, syscall.ENOMEM) { // a limit on address space (ulimit -v)
		err = open(0)
	}
	if err == nil {
		return s, nil
	}
	if errors.Is(err, kv.ErrDamaged) && s.file != nil {
		_ = abandon(s.file) // bbolt panicked and left it open
	}
	return nil, openError(path, err)
}

// samePlace reports whether a path still leads to the open file.
func samePlace(f *os.File, path string) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(here, there)
}

// mapSize is the address space reserved for the file. bbolt must otherwise remap as the file grows
// and waits for every open snapshot before it can: a slow backup would stop all writers. Reserving
// costs no memory and no disk, except on Windows, where the file would grow to the mapped size.
func mapSize(path string) int {
	if strconv.IntSize < 64 || runtime.GOOS == "windows" {
		return 0
	}
	size := int64(4 << 30)
	if info, err := os.Stat(path); err == nil {
		size = max(size, 2*info.Size())
	}
	return int(size)
}

// prepare makes what the file shows durable before anything builds on it, and creates the buckets.
func (e *Engine) prepare(fresh bool) error {
	if !fresh {
		// A predecessor killed between writing its last page and syncing it left a state that
		// only the page cache knows.
		if err := e.fence(); err != nil {
			return fmt.Errorf("open ledger store %s: settle the last commit: %w", e.path, err)
		}
	}
	if err := e.createBuckets(); err != nil {
		return fmt.Errorf("open ledger store %s: create buckets: %w", e.path, err)
	}
	if fresh {
		if err := syncFolder(e.path); err != nil {
			return fmt.Errorf("open ledger store %s: %w: %w", e.path, kv.ErrUnavailable, err)
		}
	}
	return nil
}

func (e *Engine) createBuckets() error {
	var missing []kv.Bucket
	err := e.View(context.Background(), func(r kv.Reader) error {
		for _, b := range e.opts.Buckets {
			if r.(*reader).s.tx.Bucket([]byte(b)) == nil {
				missing = append(missing, b)
			}
		}
		return nil
	})
	if err != nil || len(missing) == 0 {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = guard(e.path, func() error {
		return e.open.Load().db.Update(func(tx *bbolt.Tx) error {
			for _, b := range missing {
				if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
					return fmt.Errorf("bucket %q: %w", b, err)
				}
			}
			return nil
		})
	})
	return e.classify(err)
}

// syncFolder makes the new file's name durable; a file that exists only in an unsynced folder is
// gone after a power loss, with everything Update promised.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
