package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/router/ledger/kv"
)

func viewIsASnapshot(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1", "b", "1")
	view(t, e, func(r kv.Reader) {
		before := list(r, first, "", nil)
		for i := range 20 {
			put(t, e, first, "a", strconv.Itoa(i), "c"+strconv.Itoa(i), strings.Repeat("x", 3000))
		}
		update(t, e, func(tx kv.Tx) error { return tx.Delete(first, []byte("b")) })
		sameList(t, "open snapshot after 21 updates", list(r, first, "", nil), before)
		if got := r.Get(first, []byte("b")); string(got) != "1" {
			t.Errorf("key deleted after the snapshot began: got %q, want it as it was", got)
		}
	})
}

// hold occupies the engine with one Update until the returned function is called, so that whatever
// is started meanwhile has to wait and is grouped, where an engine groups.
func hold(t *testing.T, e kv.Engine) (release func()) {
	t.Helper()
	entered, leave, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	go func() {
		defer close(ended)
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			if once.CompareAndSwap(false, true) {
				close(entered)
			}
			<-leave
			return nil
		})
		if err != nil {
			t.Errorf("update that holds the engine: got %v, want nil", err)
		}
	}()
	await(t, entered, "an update to begin")
	return func() { close(leave); await(t, ended, "an update to end") }
}

func cancelledBeforeTurn(t *testing.T, h Harness) {
	e := open(t, h)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Update(ctx, func(kv.Tx) error { t.Error("function ran, want it not to"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("update with an ended context: got %v, want %v", err, context.Canceled)
	}
	if err := e.View(ctx, func(kv.Reader) error { t.Error("function ran, want it not to"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("view with an ended context: got %v, want %v", err, context.Canceled)
	}
	release := hold(t, e)
	ctx, cancel = context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		result <- e.Update(ctx, func(tx kv.Tx) error { return putAll(tx, first, "a", "1") })
	}()
	cancel()
	release()
	if err := <-result; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("update cancelled while it waits: got %v, want nil or %v", err, context.Canceled)
	} else {
		want := []string(nil)
		if err == nil { // an engine without a queue may have been done before
			want = []string{"a", "1"}
		}
		wantContent(t, e, first, want...)
	}
}

// runsAgainAreWhole has functions fail on their first runs: what others captured must fit what was
// applied, whatever was run again.
func runsAgainAreWhole(t *testing.T, h Harness) {
	e := open(t, h)
	const writers = 24
	release := hold(t, e)
	var calls []func()
	seen := make([]int, writers)
	for i := range writers {
		calls = append(calls, func() {
			err := e.Update(context.Background(), func(tx kv.Tx) error {
				n := number(tx.Get(first, []byte("n")))
				seen[i] = n // assigned, not added: a function of this run alone
				if err := putAll(tx, first, "n", strconv.Itoa(n+1)); err != nil {
					return err
				}
				if i%4 == 0 {
					return errOn
				}
				return putAll(tx, second, fmt.Sprintf("%02d", i), strconv.Itoa(n))
			})
			if i%4 == 0 != errors.Is(err, errOn) {
				t.Errorf("writer %d: got %v, want an error only of every fourth", i, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { together(t, calls...); close(done) }()
	release()
	await(t, done, "writers to end")
	view(t, e, func(r kv.Reader) {
		if got := number(r.Get(first, []byte("n"))); got != writers*3/4 {
			t.Errorf("counter: got %d, want %d", got, writers*3/4)
		}
		for k, v := range r.Scan(second, nil, nil) {
			if i := number(k); seen[i] != number(v) {
				t.Errorf("writer %d: captured %d, want %s as it wrote", i, seen[i], v)
			}
		}
	})
}

func number(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}

// failuresDisturbNobody mixes functions that fail before and after writing, panic, or leave by
// t.FailNow's way with ones that succeed.
func failuresDisturbNobody(t *testing.T, h Harness) {
	e := open(t, h)
	release := hold(t, e)
	var calls []func()
	for i := range 60 {
		key := fmt.Sprintf("%02d", i)
		calls = append(calls, func() {
			var want error
			defer func() {
				if p := recover(); (p != nil) != (i%5 == 3) {
					t.Errorf("writer %d: got panic %v, want one of every fifth only", i, p)
				}
			}()
			err := e.Update(context.Background(), func(tx kv.Tx) error {
				if i%5 == 1 {
					want = errOn
					return errOn
				}
				if err := putAll(tx, first, key, "x"); err != nil {
					return err
				}
				if i%5 == 3 {
					panic("bug of the caller")
				}
				if i%5 == 2 {
					want = errOn
					return errOn
				}
				return nil
			})
			if !errors.Is(err, want) {
				t.Errorf("writer %d: got %v, want %v", i, err, want)
			}
		})
	}
	done := make(chan struct{})
	go func() { together(t, calls...); close(done) }()
	release()
	await(t, done, "writers to end")
	var want []string
	for i := range 60 {
		if i%5 == 0 || i%5 == 4 {
			want = append(want, fmt.Sprintf("%02d", i), "x")
		}
	}
	wantContent(t, e, first, want...)
}

// countersUnderWriters is compare-and-set in a read-modify-write race: no step may be lost.
func countersUnderWriters(t *testing.T, h Harness) {
	e := open(t, h)
	const writers, steps, counters = 16, 25, 3
	var stale atomic.Int64
	var calls []func()
	for w := range writers {
		key := []byte(strconv.Itoa(w % counters))
		calls = append(calls, func() {
			for done := 0; done < steps; {
				var was []byte
				view(t, e, func(r kv.Reader) { was = bytes.Clone(r.Get(first, key)) })
				err := e.Update(context.Background(), func(tx kv.Tx) error {
					if !bytes.Equal(tx.Get(first, key), was) {
						return errOn
					}
					return tx.Put(first, key, []byte(strconv.Itoa(number(was)+1)))
				})
				switch {
				case errors.Is(err, errOn):
					stale.Add(1)
				case err != nil:
					t.Errorf("writer %d: got %v, want nil or a lost race", w, err)
					return
				default:
					done++
				}
			}
		})
	}
	together(t, calls...)
	total := 0
	view(t, e, func(r kv.Reader) {
		for _, v := range r.Scan(first, nil, nil) {
			total += number(v)
		}
	})
	if total != writers*steps {
		t.Errorf("sum of counters after %d lost races: got %d, want %d", stale.Load(), total, writers*steps)
	}
	if s := e.Stats(); s.Updates < writers*steps || s.SizeBytes <= 0 || s.Commits <= 0 {
		t.Errorf("stats: got %+v, want at least %d updates, some commits and a size", s, writers*steps)
	}
}

// backupUnderLoad takes copies while every update moves two counters together and a large value.
func backupUnderLoad(t *testing.T, h Harness) {
	e := open(t, h)
	stop, began := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			s := strconv.Itoa(n)
			put(t, e, first, "left", s, "right", s, "pad"+strconv.Itoa(n%50), strings.Repeat(s, 2000))
			if n == 20 {
				close(began)
			}
		}
	}()
	await(t, began, "20 updates")
	for range 3 {
		before := 0
		view(t, e, func(r kv.Reader) { before = number(r.Get(first, []byte("left"))) })
		var copied bytes.Buffer
		if err := e.Backup(context.Background(), &copied); err != nil {
			t.Fatalf("backup: got %v, want nil", err)
		}
		b := openAt(t, h, h.Restore(t, copied.Bytes()))
		view(t, b, func(r kv.Reader) {
			left, right := number(r.Get(first, []byte("left"))), number(r.Get(first, []byte("right")))
			if left != right || left < before {
				t.Errorf("counters in the copy: got %d and %d, want the same, at least %d", left, right, before)
			}
		})
	}
	close(stop)
	await(t, ended, "the writer to end")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Backup(ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("backup with an ended context: got %v, want %v", err, context.Canceled)
	}
}
