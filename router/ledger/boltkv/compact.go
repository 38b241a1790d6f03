package boltkv

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Compact writes the content of the store src into the new file dst (mode 0600), which must not
// exist, without the free pages that bbolt never gives back. Nobody may have src open: it fails with
// kv.ErrLocked. dst is synced and checked before Compact returns nil, and removed when it fails;
// putting it in src's place is the caller's decision.
func Compact(src, dst string) (err error) {
	if err := precheck(src, time.Second); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	if err := createNew(dst); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(dst)
		}
	}()
	from, err := bbolt.Open(src, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return fmt.Errorf("compact: %w", openError(src, err))
	}
	defer from.Close()
	if err := copyInto(dst, from); err != nil {
		return fmt.Errorf("compact into %s: %w", dst, err)
	}
	if err := checkFile(dst); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return syncFolder(dst)
}

// copyInto fills an empty file. Transactions of 8 MiB bound the memory it takes.
func copyInto(dst string, from *bbolt.DB) error {
	to, err := bbolt.Open(dst, 0o600, &bbolt.Options{
		Timeout:         time.Second,
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  true,
		InitialMmapSize: mapSize(from.Path()),
	})
	if err != nil {
		return classify(dst, err)
	}
	err = guard(from.Path(), func() error { return bbolt.Compact(to, from, 8<<20) })
	if errors.Is(err, kv.ErrDamaged) {
		return err // bbolt's locks are in an unknown state: closing could wait for ever
	}
	return classify(dst, errors.Join(err, to.Close()))
}

// createNew makes an empty file that nobody had before.
func createNew(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create the copy: %w", err)
	}
	return f.Close()
}
