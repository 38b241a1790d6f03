package boltkv

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

const box kv.Bucket = "box"

func openBox(t testing.TB, o Options) *Engine {
	t.Helper()
	o.Buckets = []kv.Bucket{box}
	e, err := Open(filepath.Join(t.TempDir(), "ledger.db"), o)
	if err != nil {
		t.Fatalf("open: got %v, want a store", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	})
	return e
}

// inOneGroup lets all functions wait before the committer may look at them, and returns their errors.
func inOneGroup(t *testing.T, e *Engine, fns ...func(kv.Tx) error) []error {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = e.Update(context.Background(), func(kv.Tx) error { close(entered); <-leave; return nil })
	})
	<-entered
	for i, fn := range fns {
		wg.Go(func() { errs[i] = e.Update(context.Background(), fn) })
		waitFor(t, "the function to wait in the queue", func() bool {
			e.queue.mu.Lock()
			defer e.queue.mu.Unlock()
			return len(e.queue.waiting) == i+1
		})
	}
	close(leave)
	wg.Wait()
	return errs
}

func waitFor(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waiting for %s: got nothing in 20 s", what)
		}
	}
}

func count(tx kv.Tx) (int, error) {
	n, _ := strconv.Atoi(string(tx.Get(box, []byte("n"))))
	return n, tx.Put(box, []byte("n"), []byte(strconv.Itoa(n+1)))
}

func TestGroupIsOneCommit(t *testing.T) {
	e := openBox(t, Options{})
	before := e.Stats()
	var fns []func(kv.Tx) error
	for range 50 {
		fns = append(fns, func(tx kv.Tx) error { _, err := count(tx); return err })
	}
	if err := errors.Join(inOneGroup(t, e, fns...)...); err != nil {
		t.Fatalf("group: got %v, want nil", err)
	}
	s := e.Stats()
	if got := s.Commits - before.Commits; got != 1 {
		t.Errorf("commits for 50 waiting updates: got %d, want 1", got)
	}
	if s.Grouped != 50 || s.Reruns != 0 {
		t.Errorf("stats: got %d grouped and %d run again, want 50 and 0", s.Grouped, s.Reruns)
	}
}

func TestGroupEndsAtItsBounds(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want int64
	}{
		{"count", Options{MaxGroup: 10}, 2},
		{"bytes", Options{MaxGroupBytes: 4500}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := openBox(t, tt.o)
			before := e.Stats().Commits
			var fns []func(kv.Tx) error
			for i := range 20 {
				fns = append(fns, func(tx kv.Tx) error { return tx.Put(box, []byte{byte(i)}, make([]byte, 999)) })
			}
			if err := errors.Join(inOneGroup(t, e, fns...)...); err != nil {
				t.Fatalf("group: got %v, want nil", err)
			}
			if got := e.Stats().Commits - before; got != tt.want {
				t.Errorf("commits: got %d, want %d", got, tt.want)
			}
		})
	}
}

// TestFailureIsJudgedOnCommittedData: the second function fails because of what the first one wrote,
// the first is taken back with it, and must be committed before the second may be told.
func TestFailureIsJudgedOnCommittedData(t *testing.T) {
	e := openBox(t, Options{})
	errTaken := errors.New("taken")
	saw := -1
	errs := inOneGroup(t, e,
		func(tx kv.Tx) error { _, err := count(tx); return err },
		func(tx kv.Tx) error {
			n, err := count(tx)
			if saw = n; n > 0 {
				return errors.Join(err, errTaken)
			}
			return err
		},
		func(tx kv.Tx) error { _, err := count(tx); return err },
	)
	if errs[0] != nil || !errors.Is(errs[1], errTaken) || errs[2] != nil {
		t.Errorf("errors: got %v, want only the second to fail", errs)
	}
	if saw != 2 {
		t.Errorf("count the failing function saw last: got %d, want 2, after the others' commit", saw)
	}
}

func TestReadOnlyFailureTakesNothingBack(t *testing.T) {
	e := openBox(t, Options{})
	errStale := errors.New("stale")
	runs := 0
	errs := inOneGroup(t, e,
		func(tx kv.Tx) error { runs++; _, err := count(tx); return err },
		func(tx kv.Tx) error { return errStale },
		func(tx kv.Tx) error { _, err := count(tx); return err },
	)
	if errs[0] != nil || !errors.Is(errs[1], errStale) || errs[2] != nil || runs != 1 {
		t.Errorf("got %v and %d runs of the first, want only the second to fail and 1 run", errs, runs)
	}
}

// TestRunsAreBounded: half of a large group fails after writing; nobody runs more than three times.
func TestRunsAreBounded(t *testing.T) {
	e := openBox(t, Options{})
	errNo := errors.New("no")
	runs := make([]int, 40)
	var fns []func(kv.Tx) error
	for i := range runs {
		fns = append(fns, func(tx kv.Tx) error {
			runs[i]++
			if _, err := count(tx); err != nil || i%2 == 0 {
				return errors.Join(err, errNo)
			}
			return nil
		})
	}
	errs := inOneGroup(t, e, fns...)
	for i, n := range runs {
		if n > maxJoint+1 {
			t.Errorf("function %d: got %d runs, want at most %d", i, n, maxJoint+1)
		}
		if errors.Is(errs[i], errNo) != (i%2 == 0) {
			t.Errorf("function %d: got %v, want an error of every other one", i, errs[i])
		}
	}
}

func TestCloseEndsWhoeverWaits(t *testing.T) {
	e := openBox(t, Options{})
	entered, leave := make(chan struct{}), make(chan struct{})
	var holding, waiting error
	var wg sync.WaitGroup
	wg.Go(func() {
		holding = e.Update(context.Background(), func(tx kv.Tx) error {
			close(entered)
			<-leave
			return tx.Put(box, []byte("a"), nil)
		})
	})
	<-entered
	wg.Go(func() {
		waiting = e.Update(context.Background(), func(tx kv.Tx) error { t.Error("function ran after Close"); return nil })
	})
	waitFor(t, "an update to wait", func() bool {
		e.queue.mu.Lock()
		defer e.queue.mu.Unlock()
		return len(e.queue.waiting) == 1
	})
	wg.Go(func() { _ = e.Close() })
	waitFor(t, "the queue to be shut", func() bool {
		e.queue.mu.Lock()
		defer e.queue.mu.Unlock()
		return e.queue.closed
	})
	close(leave)
	wg.Wait()
	if holding != nil || !errors.Is(waiting, kv.ErrClosed) {
		t.Errorf("Close: got %v for the running and %v for the waiting update, want nil and %v", holding, waiting, kv.ErrClosed)
	}
}
