package boltkv

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/millrace/millrace/router/ledger/kv"
)

// holderPath is where the owner of path leaves its process id. The file is a hint for people only:
// the lock itself is the system's, on path, and ends with the process.
func holderPath(path string) string { return path + ".pid" }

// writeHolder leaves the hint; a failure is of no consequence beyond a less helpful sentence later.
func writeHolder(path string) {
	_ = os.WriteFile(holderPath(path), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
}

// removeHolder is called while the lock is still held, so that it never removes a successor's hint.
func removeHolder(path string) { _ = os.Remove(holderPath(path)) }

// readHolder returns the process id of the hint, or 0. The caller must know that the lock is held,
// otherwise the hint may be one of a killed process.
func readHolder(path string) int {
	f, err := os.Open(holderPath(path))
	if err != nil {
		return 0
	}
	defer f.Close()
	buf := make([]byte, 32)
	n, _ := f.Read(buf)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}

func lockedError(path string) error {
	who := "another process"
	if pid := readHolder(path); pid != 0 {
		who = fmt.Sprintf("process %d (named by %s)", pid, holderPath(path))
	}
	return fmt.Errorf("open ledger store %s: %w: %s holds it; let that process do the work over its socket, or stop it and try again (the lock ends with the process, there is no file to delete)",
		path, kv.ErrLocked, who)
}

// openError turns what bbolt.Open returned into the sentence a person needs.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return lockedError(path)
	case errors.Is(err, kv.ErrDamaged):
		return fmt.Errorf("open ledger store: %w", err)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch),
		strings.Contains(err.Error(), "file size too small"):
		return fmt.Errorf("open ledger store: %w", damaged(path, err))
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("open ledger store %s: %w: give this user read and write permission on the file and its folder: %w", path, kv.ErrUnavailable, err)
	}
	return fmt.Errorf("open ledger store %s: %w", path, classify(path, err))
}

// precheck walks the file under bbolt's shared lock, so that nobody writes meanwhile. Opened
// read-only, bbolt reads nothing but the two meta pages.
func precheck(path string, wait time.Duration) error {
	var db *bbolt.DB
	var file *os.File
	keep := func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		f, err = os.OpenFile(name, flag, mode)
		file = f
		return f, err
	}
	err := guard(path, func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: wait, OpenFile: keep})
		return err
	})
	if err != nil {
		return openError(path, err)
	}
	defer db.Close()
	if !samePlace(file, path) { // its owner rewrote it while we waited for the lock of the old one
		return lockedError(path)
	}
	if err := checkFile(path); err != nil {
		return fmt.Errorf("open ledger store: %w", err)
	}
	return nil
}
