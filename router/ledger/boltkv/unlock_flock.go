//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package boltkv

import (
	"errors"
	"os"
	"syscall"
)

// abandon gives a file up that bbolt can no longer close. Closing the handle is not enough: the
// mapping keeps it, and with it the lock, alive.
func abandon(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
