package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// isTerminal reports whether w is a terminal, so that progress may be drawn on one line.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// writeJSON writes v as one line.
func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// progress shows one line that changes on a terminal, and a plain line every few seconds elsewhere.
type progress struct {
	w     io.Writer
	tty   bool
	quiet bool
	last  time.Time
	shown int
}

// plainEvery is how often a line is written where nothing can be redrawn.
const plainEvery = 5 * time.Second

// show displays the line; on anything but a terminal only once in a while.
func (p *progress) show(format string, args ...any) {
	if p.quiet {
		return
	}
	line := fmt.Sprintf(format, args...)
	if !p.tty {
		if time.Since(p.last) >= plainEvery {
			fmt.Fprintln(p.w, line)
			p.last = time.Now()
		}
		return
	}
	pad := strings.Repeat(" ", max(0, p.shown-len(line)))
	fmt.Fprintf(p.w, "\r%s%s", line, pad)
	p.shown = len(line)
}

// end leaves the last line standing.
func (p *progress) end() {
	if p.tty && p.shown > 0 {
		fmt.Fprintln(p.w)
		p.shown = 0
	}
}
