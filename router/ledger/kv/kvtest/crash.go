package kvtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// childEnv tells the test binary, started again, to write to the named store until it is killed.
const childEnv = "MILLRACE_KVTEST_PLACE"

const (
	crashWriters = 4
	crashRounds  = 6
	crashPage    = 20 // keys of one update
)

// Main is a TestMain for engines: it runs the tests, or plays the process that is killed.
func Main(m *testing.M, open func(place string) (kv.Engine, error)) {
	place := os.Getenv(childEnv)
	if place == "" {
		os.Exit(m.Run())
	}
	e, err := open(place)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for w := range crashWriters {
		go crashWriter(e, w)
	}
	time.Sleep(patience) // an orphan must end by itself
	os.Exit(2)
}

// crashWriter writes page after page, each with the number of the last one, and says on standard
// output what was acknowledged.
func crashWriter(e kv.Engine, w int) {
	for {
		var n int
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			n = number(tx.Get(first, counterKey(w))) + 1
			for i := range crashPage {
				if err := tx.Put(second, pageKey(w, n, i), pageValue(w, n, i)); err != nil {
					return err
				}
			}
			return tx.Put(first, counterKey(w), []byte(strconv.Itoa(n)))
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%d %d\n", w, n)
	}
}

func counterKey(w int) []byte    { return fmt.Appendf(nil, "w%d", w) }
func pageKey(w, n, i int) []byte { return fmt.Appendf(nil, "w%d/%06d/%02d", w, n, i) }
func pageValue(w, n, i int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("%d.%d.%d ", w, n, i), 1+(n*7+i)%60))
}

// killedLosesNothing kills a process in the middle of its commits, several times on the same store.
func killedLosesNothing(t *testing.T, h Harness) {
	place := h.Place(t)
	for round := range crashRounds {
		acked := killAfter(t, place, 15+round*23)
		e, err := h.Open(place)
		if err != nil {
			t.Fatalf("open after kill %d: got %v, want a store", round+1, err)
		}
		view(t, e, func(r kv.Reader) { wantPages(t, r, acked) })
		if err := e.Close(); err != nil {
			t.Fatalf("close after kill %d: got %v, want nil", round+1, err)
		}
	}
}

// killAfter starts the writing process, kills it after it said n lines, and returns the last page
// that each writer was told is durable.
func killAfter(t *testing.T, place string, n int) (acked [crashWriters]int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+place)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("pipe: got %v, want nil", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the writing process: got %v, want nil", err)
	}
	lines := 0
	for s := bufio.NewScanner(out); s.Scan(); lines++ {
		var w, page int
		if _, err := fmt.Sscan(s.Text(), &w, &page); err != nil || w >= crashWriters {
			continue // the kill cut the last line
		}
		acked[w] = max(acked[w], page)
		if lines == n {
			_ = cmd.Process.Kill() // what is in the pipe was acknowledged too and is read on
		}
	}
	_ = cmd.Wait()
	if lines < n {
		t.Fatalf("writing process: got %d lines and %q, want %d before it is killed", lines, stderr.String(), n)
	}
	return acked
}

func wantPages(t *testing.T, r kv.Reader, acked [crashWriters]int) {
	t.Helper()
	want := 0
	for w, last := range acked {
		n := number(r.Get(first, counterKey(w)))
		if n < last {
			t.Fatalf("writer %d: got page %d, want at least the acknowledged %d", w, n, last)
		}
		want += n * crashPage
		for k := range n * crashPage {
			page, i := 1+k/crashPage, k%crashPage
			if got := r.Get(second, pageKey(w, page, i)); string(got) != string(pageValue(w, page, i)) {
				t.Fatalf("key %d of page %d of writer %d: got %.40q, want it whole", i, page, w, got)
			}
		}
	}
	got := 0
	for range r.Scan(second, nil, nil) {
		got++
	}
	if got != want {
		t.Fatalf("keys: got %d, want %d: a page is there in part", got, want)
	}
}
