//go:build !unix

package cli

import "io"

// terminalWidth returns a width that every terminal has.
func terminalWidth(io.Writer) int { return 80 }
