//go:build unix

package cli

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// assumedWidth is the width of a terminal that does not say its own.
const assumedWidth = 100

// terminalWidth returns the columns of the terminal w, or assumedWidth: progress that is longer than a line would
// leave a trail.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return assumedWidth // a daemon draws for a terminal it does not see
	}
	var size struct{ rows, columns, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if errno != 0 || size.columns == 0 {
		return assumedWidth
	}
	return int(size.columns)
}
