package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A log line must not be written over progress, nor progress over a log line.
func TestLogStandsAboveProgress(t *testing.T) {
	var b bytes.Buffer
	s := &screen{w: &b, tty: true}
	s.progress("10 records", time.Time{})
	fmt.Fprintln(s, "warning")
	s.progress("20 records", time.Time{})
	s.endProgress()
	fmt.Fprintln(s, "done")
	if got, want := shown(b.String()), "warning\n20 records\ndone\n"; got != want {
		t.Errorf("got %q on the terminal, want %q", got, want)
	}
}

// shown is what a terminal shows of a text with clearLine in it.
func shown(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		parts := strings.Split(line, clearLine)
		lines = append(lines, parts[len(parts)-1])
	}
	return strings.Join(lines, "")
}

func TestProgressIsRareWhereItCannotBeRedrawn(t *testing.T) {
	var b bytes.Buffer
	s := &screen{w: &b}
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for range 61 {
		s.progress("reading", at)
		at = at.Add(250 * time.Millisecond)
	}
	if got := strings.Count(b.String(), "reading\n"); got != 3 {
		t.Errorf("got %d lines in 15 s, want 3", got)
	}
}

func TestReadSoFar(t *testing.T) {
	for _, test := range []struct {
		read, all int64
		took      time.Duration
		want      string
	}{
		{0, 0, 0, "0 records read, 0/s"},
		{0, 500, time.Second, "0 of 500 records read, 0/s"},
		{100, 500, 2 * time.Second, "100 of 500 records read, 50/s, about 8s left"},
		{500, 500, 10 * time.Second, "500 records read, 50/s"},
		{700, 500, 10 * time.Second, "700 records read, 70/s"},
	} {
		if got := readSoFar(test.read, test.all, test.took); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	if got := cut("Éclair", 4); got != "Écl…" {
		t.Errorf("got %q, want Écl…", got)
	}
	if got := cut("Éclair", 6); got != "Éclair" {
		t.Errorf("got %q, want it unchanged", got)
	}
}
