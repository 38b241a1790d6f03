//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"syscall"
)

// leaveToOwner gives what root made of these files to whom the data directory belongs: a command that was run as root beside a
// service that was not up yet would have kept the service from its own ledger. A link to another file is left alone.
func leaveToOwner(dir string, names ...string) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return
	}
	for _, name := range names {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue // it was not made, or is no file of ours
		}
		if info, err = f.Stat(); err == nil {
			if now, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() && now.Uid == 0 && now.Nlink == 1 {
				_ = f.Chown(int(owner.Uid), int(owner.Gid)) // without it the service says that it may not open the file
			}
		}
		_ = f.Close()
	}
}
