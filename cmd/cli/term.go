package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unicode/utf8"
)

// isTerminal reports whether a stream is a terminal: progress may be drawn on one line, a question may be asked.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
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

// screen is standard error of a command: log lines and messages, and on a terminal one line below them that shows
// progress and is drawn again. It may be written to by several goroutines.
type screen struct {
	mu   sync.Mutex
	w    io.Writer
	tty  bool
	line string    // the progress that stands on the last line of a terminal
	last time.Time // when progress was last written where nothing can be redrawn
}

// plainEvery is how often progress is written where it cannot be redrawn.
const plainEvery = 5 * time.Second

// clearLine goes to the first column and erases to the end of the line (ECMA-48, EL).
const clearLine = "\r\x1b[K"

// Write writes above the line of progress.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == "" {
		return s.w.Write(p)
	}
	if _, err := io.WriteString(s.w, clearLine); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	if err == nil {
		_, err = io.WriteString(s.w, s.line)
	}
	return n, err
}

// progress shows the line in place of the one before; on anything but a terminal only once in a while.
func (s *screen) progress(line string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tty:
		s.line = cut(line, terminalWidth(s.w)-1)
		fmt.Fprint(s.w, clearLine, s.line)
	case s.last.IsZero(): // a short run needs no progress
		s.last = now
	case now.Sub(s.last) >= plainEvery:
		fmt.Fprintln(s.w, line)
		s.last = now
	}
}

// endProgress leaves the last line standing.
func (s *screen) endProgress() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "" {
		fmt.Fprintln(s.w)
	}
	s.line, s.last = "", time.Time{}
}

// cut shortens a line to so many characters.
func cut(line string, most int) string {
	if most <= 0 || utf8.RuneCountInString(line) <= most {
		return line
	}
	return string([]rune(line)[:most-1]) + "…"
}
