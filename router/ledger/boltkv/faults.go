package boltkv

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/millrace/millrace/router/ledger/kv"
)

// damaged wraps what was found in kv.ErrDamaged with the ways back.
func damaged(path string, found any) error {
	return fmt.Errorf("%s: %w: %v; keep a copy of the file, then restore the newest backup, or move it away: everything is read again, and what targets show is found by its key", path, kv.ErrDamaged, found)
}

// guard runs a call into bbolt and turns its panics, which all mean contradictory content, into
// kv.ErrDamaged. Nothing of a caller's own code may run inside fn.
func guard(path string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged(path, describe(p))
		}
	}()
	return fn()
}

// describe keeps a panic to one line without content of the store.
func describe(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return "bbolt met " + e.Error()
	}
	s, _, _ := strings.Cut(fmt.Sprint(p), "\n")
	if len(s) > 200 {
		s = s[:200]
	}
	return "bbolt says: " + s
}

// isFault reports whether a panic is the read of a page that is not there (the file was cut short
// under the mapping), which debug.SetPanicOnFault turns from a crash into a panic with an address.
func isFault(p any) bool {
	e, ok := p.(runtime.Error)
	if !ok {
		return false
	}
	_, ok = e.(interface{ Addr() uintptr })
	return ok
}

func (e *Engine) classify(err error) error { return classify(e.path, err) }

// classify gives a failure of the disk the kv sentinel that callers test for. bbolt flattens some
// system errors into text (grow, mmap), so the text is looked at too.
func classify(path string, err error) error {
	switch {
	case err == nil, errors.Is(err, kv.ErrDamaged), errors.Is(err, kv.ErrFull), errors.Is(err, kv.ErrUnavailable):
		return err
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return kv.ErrClosed
	case isFull(err):
		return fmt.Errorf("%w: make room on the disk that holds %s, or raise its quota or file size limit, then try again: %w", kv.ErrFull, path, err)
	}
	return fmt.Errorf("%w: look at the disk that holds %s and at the system log: %w", kv.ErrUnavailable, path, err)
}

func isFull(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		return true
	}
	for _, n := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, n) || strings.Contains(err.Error(), n.Error()) {
			return true
		}
	}
	return strings.Contains(err.Error(), "not enough space on the disk") // Windows
}
