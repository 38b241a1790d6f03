//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package boltkv

import "os"

// abandon gives a file up that bbolt can no longer close. Here the lock may last until the process ends.
func abandon(f *os.File) error { return f.Close() }
