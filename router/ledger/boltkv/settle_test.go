package boltkv

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/router/ledger/kv"
)

// failures of bbolt's Commit, as measured with an injected EIO: in the sync of the data the commit
// is absent, in the sync of the meta page it is there.
func absent(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), syscall.EIO) }
func landed(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.EIO) }
func full(tx *bbolt.Tx) error   { return errors.Join(tx.Rollback(), syscall.ENOSPC) }

// failing makes the next commits go the given ways, one after the other.
func failing(e *Engine, ways ...func(*bbolt.Tx) error) {
	e.write = func(tx *bbolt.Tx) error {
		if len(ways) == 0 {
			return tx.Commit()
		}
		way := ways[0]
		ways = ways[1:]
		return way(tx)
	}
}

func TestFailedCommitIsSettled(t *testing.T) {
	tests := []struct {
		name  string
		ways  []func(*bbolt.Tx) error
		want  error // nil: the update is told that it is durable
		never error // must not be wrapped
		there bool
	}{
		{"data not synced", []func(*bbolt.Tx) error{absent}, kv.ErrUnavailable, kv.ErrUnknownOutcome, false},
		{"meta not synced", []func(*bbolt.Tx) error{landed}, nil, nil, true},
		{"disk full", []func(*bbolt.Tx) error{full}, kv.ErrFull, kv.ErrUnknownOutcome, false},
		{"meta not synced, twice", []func(*bbolt.Tx) error{landed, landed}, kv.ErrUnknownOutcome, nil, true},
		{"data not synced, twice", []func(*bbolt.Tx) error{absent, absent}, kv.ErrUnknownOutcome, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := openBox(t, Options{})
			failing(e, tt.ways...)
			ctx := context.Background()
			err := e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("a"), []byte("1")) })
			if !errors.Is(err, tt.want) || (tt.never != nil && errors.Is(err, tt.never)) {
				t.Errorf("update: got %v, want %v", err, tt.want)
			}
			t.Logf("the caller reads: %v", err)
			if err := e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("b"), nil) }); err != nil {
				t.Fatalf("next update, the disk works again: got %v, want nil", err)
			}
			_ = e.View(ctx, func(r kv.Reader) error {
				if got := r.Get(box, []byte("a")) != nil; got != tt.there {
					t.Errorf("key of the failed commit is there: got %t, want %t", got, tt.there)
				}
				return nil
			})
		})
	}
}

// TestNothingBuildsOnDoubt: while the outcome cannot be settled, no function runs.
func TestNothingBuildsOnDoubt(t *testing.T) {
	e := openBox(t, Options{})
	failing(e, landed, absent, absent, absent)
	ctx := context.Background()
	err := e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("a"), nil) })
	if !errors.Is(err, kv.ErrUnknownOutcome) {
		t.Fatalf("update: got %v, want %v", err, kv.ErrUnknownOutcome)
	}
	for range 2 {
		err = e.Update(ctx, func(tx kv.Tx) error { t.Error("function ran, want it to wait for the disk"); return nil })
		if !errors.Is(err, kv.ErrUnavailable) || errors.Is(err, kv.ErrUnknownOutcome) {
			t.Errorf("update in doubt: got %v, want a definite %v", err, kv.ErrUnavailable)
		}
	}
	if err := e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("b"), nil) }); err != nil {
		t.Errorf("update after the disk came back: got %v, want nil", err)
	}
}

// TestPanicInCommitIsDamage: bbolt's locks are in an unknown state, so the engine must refuse and
// still give the file back.
func TestPanicInCommitIsDamage(t *testing.T) {
	e := openBox(t, Options{})
	failing(e, func(*bbolt.Tx) error { panic("page 7 already freed") })
	ctx := context.Background()
	for range 2 {
		err := e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("a"), nil) })
		if !errors.Is(err, kv.ErrDamaged) {
			t.Errorf("update: got %v, want %v", err, kv.ErrDamaged)
		}
	}
	if err := e.Close(); err != nil {
		t.Errorf("close: got %v, want nil", err)
	}
	again, err := Open(e.Path(), Options{Buckets: []kv.Bucket{box}})
	if err != nil {
		t.Fatalf("open again: got %v, want the file to be free and whole", err)
	}
	if err := again.Close(); err != nil {
		t.Errorf("close: got %v, want nil", err)
	}
}
