package boltkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

func put(t *testing.T, e *Engine, key, value string) {
	t.Helper()
	if err := e.Update(t.Context(), func(tx kv.Tx) error { return tx.Put("a", []byte(key), []byte(value)) }); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func value(t *testing.T, e *Engine, key string) (got string) {
	t.Helper()
	if err := e.View(t.Context(), func(r kv.Reader) error {
		got = string(r.Get("a", []byte(key)))
		return nil
	}); err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	return got
}

func openHere(t *testing.T, path string) *Engine {
	t.Helper()
	e, err := Open(path, Options{Buckets: []kv.Bucket{"a"}, LockTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// holds reports whether a file of the folder holds the text.
func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}

func TestCompactWhileOpenLeavesNoByteOfWhatWasDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	e := openHere(t, path)
	const secret = "Żofia Quarkbaum"
	for i := range 200 {
		put(t, e, fmt.Sprint("k", i), fmt.Sprint(secret, i))
	}
	put(t, e, "kept", "stays")
	if err := e.Update(t.Context(), func(tx kv.Tx) error {
		for i := range 200 {
			if err := tx.Delete("a", fmt.Append(nil, "k", i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !holds(t, filepath.Dir(path), secret) {
		t.Fatal("freed pages do not hold the text: the test has no teeth")
	}
	if err := e.Compact(t.Context()); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	if holds(t, filepath.Dir(path), secret) {
		t.Error("a file of the folder still holds what was deleted")
	}
	put(t, e, "later", "is written")
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	e = openHere(t, path)
	if value(t, e, "kept") != "stays" || value(t, e, "later") != "is written" {
		t.Errorf("after opening again: got %q and %q", value(t, e, "kept"), value(t, e, "later"))
	}
}

func TestCompactLosesNothingOfConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	e := openHere(t, path)
	const writers, each = 4, 25
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				key := fmt.Sprint(w, "/", i)
				if err := e.Update(t.Context(), func(tx kv.Tx) error { return tx.Put("a", []byte(key), []byte(key)) }); err != nil {
					t.Errorf("put %s: %v", key, err)
				}
			}
		})
	}
	for range 3 {
		if err := e.Compact(t.Context()); err != nil {
			t.Errorf("Compact: %v", err)
		}
	}
	all.Wait()
	for range 2 {
		for w := range writers {
			for i := range each {
				if key := fmt.Sprint(w, "/", i); value(t, e, key) != key {
					t.Fatalf("%s: got %q", key, value(t, e, key))
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = openHere(t, path)
	}
}

func TestCompactWaitsForSnapshotsOfTheOldFile(t *testing.T) {
	e := openHere(t, filepath.Join(t.TempDir(), "ledger.db"))
	put(t, e, "k", "old")
	err := e.View(t.Context(), func(r kv.Reader) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := e.Compact(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a snapshot open: got %v, want a deadline: its bytes are not gone", err)
		}
		put(t, e, "k", "new")
		if got := string(r.Get("a", []byte("k"))); got != "old" {
			t.Errorf("in the snapshot: got %q, want what it began with", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, e, "k"); got != "new" {
		t.Errorf("afterwards: got %q, want the later value", got)
	}
}

// Who waits for the lock of the old file must not get a file that is in no folder any more: all its writes would be lost.
func TestWaitingProcessNeverGetsTheReplacedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	e := openHere(t, path)
	put(t, e, "k", "v")
	opened := make(chan error, 1)
	go func() {
		other, err := Open(path, Options{Buckets: []kv.Bucket{"a"}, LockTimeout: 2 * time.Second})
		if err == nil {
			_ = other.Close()
		}
		opened <- err
	}()
	for ended := false; !ended; {
		if err := e.Compact(t.Context()); err != nil {
			t.Fatalf("Compact: %v", err)
		}
		select {
		case err := <-opened:
			ended = true
			if !errors.Is(err, kv.ErrLocked) {
				t.Errorf("the other: got %v, want ErrLocked", err)
			}
		default:
		}
	}
}

func TestCompactThatFailsLeavesTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	e := openHere(t, path)
	put(t, e, "k", "v")
	if err := os.MkdirAll(filepath.Join(rewritePath(path), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.Compact(t.Context()); !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	put(t, e, "l", "w")
	if value(t, e, "k") != "v" || value(t, e, "l") != "w" {
		t.Error("the store does not go on after a compaction that failed")
	}
}

func TestOpenRemovesWhatAKilledRewriteLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(rewritePath(path), []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	openHere(t, path)
	if _, err := os.Stat(rewritePath(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want it gone", err)
	}
}
