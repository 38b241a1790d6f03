package kvtest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/millrace/millrace/router/ledger/kv"
)

func readsWhatWasPut(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1", "b", "2", "a", "3")
	put(t, e, second, "a", "other")
	wantContent(t, e, first, "a", "3", "b", "2")
	wantContent(t, e, second, "a", "other")
	view(t, e, func(r kv.Reader) {
		if got := r.Get(first, []byte("c")); got != nil {
			t.Errorf("absent key: got %q, want nil", got)
		}
	})
}

func emptyIsNotAbsent(t *testing.T, h Harness) {
	e := open(t, h)
	look := func(what string, r kv.Reader) {
		for _, k := range []string{"nil", "empty"} {
			if got := r.Get(first, []byte(k)); got == nil || len(got) != 0 {
				t.Errorf("%s, value put as %s: got %#v, want a non-nil empty slice", what, k, got)
			}
		}
		for k, v := range r.Scan(first, nil, nil) {
			if v == nil {
				t.Errorf("%s, scan of %s: got nil, want a non-nil empty slice", what, k)
			}
		}
	}
	update(t, e, func(tx kv.Tx) error {
		err := errors.Join(tx.Put(first, []byte("nil"), nil), tx.Put(first, []byte("empty"), []byte{}))
		look("same transaction", tx)
		return err
	})
	view(t, e, func(r kv.Reader) { look("afterwards", r) })
	// A later write to the same page must not turn an empty value into an absent one.
	update(t, e, func(tx kv.Tx) error { look("next transaction", tx); return putAll(tx, first, "x", "") })
	wantContent(t, e, first, "empty", "", "nil", "", "x", "")
}

func deletingTheAbsent(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1", "b", "2")
	update(t, e, func(tx kv.Tx) error {
		return errors.Join(tx.Delete(first, []byte("a")), tx.Delete(first, []byte("a")), tx.Delete(first, []byte("z")))
	})
	wantContent(t, e, first, "b", "2")
}

func refusals(t *testing.T, h Harness) {
	e := open(t, h)
	longest := []byte(strings.Repeat("k", kv.MaxKeyBytes))
	update(t, e, func(tx kv.Tx) error { return tx.Put(first, longest, []byte("longest")) })
	tests := []struct {
		name string
		want error
		fn   func(tx kv.Tx) error
	}{
		{"put without key", kv.ErrKey, func(tx kv.Tx) error { return tx.Put(first, nil, []byte("v")) }},
		{"put with long key", kv.ErrKey, func(tx kv.Tx) error { return tx.Put(first, append(longest, 'k'), nil) }},
		{"delete without key", kv.ErrKey, func(tx kv.Tx) error { return tx.Delete(first, nil) }},
		{"delete with long key", kv.ErrKey, func(tx kv.Tx) error { return tx.Delete(first, append(longest, 'k')) }},
		{"put of large value", kv.ErrValueTooLarge, func(tx kv.Tx) error {
			return tx.Put(first, []byte("k"), make([]byte, kv.MaxValueBytes+1))
		}},
		{"put into unknown bucket", kv.ErrBucket, func(tx kv.Tx) error { return tx.Put("nobody", []byte("k"), nil) }},
		{"delete from unknown bucket", kv.ErrBucket, func(tx kv.Tx) error { return tx.Delete("nobody", []byte("k")) }},
		{"get from unknown bucket", kv.ErrBucket, func(tx kv.Tx) error { tx.Get("nobody", []byte("k")); return nil }},
		{"scan of unknown bucket", kv.ErrBucket, func(tx kv.Tx) error { list(tx, "nobody", "", nil); return nil }},
	}
	for _, tt := range tests {
		if err := e.Update(context.Background(), tt.fn); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	err := e.View(context.Background(), func(r kv.Reader) error {
		r.Get("nobody", []byte("k"))
		if !errors.Is(r.Err(), kv.ErrBucket) {
			t.Errorf("Err in the view: got %v, want %v", r.Err(), kv.ErrBucket)
		}
		return nil
	})
	if !errors.Is(err, kv.ErrBucket) {
		t.Errorf("view of unknown bucket: got %v, want %v", err, kv.ErrBucket)
	}
	wantContent(t, e, first, string(longest), "longest")
}

func copiesKeyAndValue(t *testing.T, h Harness) {
	e := open(t, h)
	update(t, e, func(tx kv.Tx) error {
		k, v := []byte("a"), []byte("1")
		for range 3 {
			if err := tx.Put(first, k, v); err != nil {
				return err
			}
			k[0]++
			v[0]++
		}
		gone := []byte("b")
		err := tx.Delete(first, gone)
		gone[0] = 'c'
		return err
	})
	wantContent(t, e, first, "a", "1", "c", "3")
}

func readsOwnWrites(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1", "c", "3")
	update(t, e, func(tx kv.Tx) error {
		if err := errors.Join(putAll(tx, first, "b", "2", "c", "4"), tx.Delete(first, []byte("a"))); err != nil {
			return err
		}
		if got := tx.Get(first, []byte("a")); got != nil {
			t.Errorf("deleted in this transaction: got %q, want nil", got)
		}
		sameList(t, "scan in this transaction", list(tx, first, "", nil), []string{"b", "2", "c", "4"})
		return nil
	})
}

func errorTakesBack(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1")
	err := e.Update(context.Background(), func(tx kv.Tx) error {
		return errors.Join(putAll(tx, first, "a", "2", "b", "2"), putAll(tx, second, "c", "2"), tx.Delete(first, []byte("a")), errOn)
	})
	if !errors.Is(err, errOn) {
		t.Errorf("update: got %v, want the function's own error", err)
	}
	wantContent(t, e, first, "a", "1")
	wantContent(t, e, second)
}

func swallowedError(t *testing.T, h Harness) {
	e := open(t, h)
	err := e.Update(context.Background(), func(tx kv.Tx) error {
		_ = tx.Put(first, nil, nil)
		return putAll(tx, first, "a", "1")
	})
	if !errors.Is(err, kv.ErrKey) {
		t.Errorf("update that swallowed an error of Put: got %v, want %v", err, kv.ErrKey)
	}
	wantContent(t, e, first)
}

func panicTakesBack(t *testing.T, h Harness) {
	e := open(t, h)
	func() {
		defer func() {
			if p := recover(); p != "bug of the caller" {
				t.Errorf("panic of the function: got %v, want it to reach the caller", p)
			}
		}()
		_ = e.Update(context.Background(), func(tx kv.Tx) error {
			_ = putAll(tx, first, "a", "1")
			panic("bug of the caller")
		})
	}()
	put(t, e, first, "b", "2")
	wantContent(t, e, first, "b", "2")
}

func survivesReopen(t *testing.T, h Harness) {
	place := h.Place(t)
	e := openAt(t, h, place)
	put(t, e, first, "a", "1")
	for i := range 3 {
		if err := e.Close(); err != nil {
			t.Fatalf("close %d: got %v, want nil", i, err)
		}
		e = openAt(t, h, place)
		wantContent(t, e, first, "a", "1")
	}
}

func largeValues(t *testing.T, h Harness) {
	place := h.Place(t)
	e := openAt(t, h, place)
	large := bytes.Repeat([]byte("0123456789abcdef"), 40<<20/16)
	for i := range 2 {
		update(t, e, func(tx kv.Tx) error {
			large[0] = byte('a' + i)
			return tx.Put(first, []byte{'k', byte(i)}, large)
		})
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	e = openAt(t, h, place)
	view(t, e, func(r kv.Reader) {
		for i := range 2 {
			large[0] = byte('a' + i)
			if got := r.Get(first, []byte{'k', byte(i)}); !bytes.Equal(got, large) {
				t.Errorf("value %d of 40 MB: got %d other bytes, want the same %d", i, len(got), len(large))
			}
		}
	})
}

func closedRefuses(t *testing.T, h Harness) {
	e := open(t, h)
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	ctx := context.Background()
	calls := map[string]error{
		"Update": e.Update(ctx, func(kv.Tx) error { return nil }),
		"View":   e.View(ctx, func(kv.Reader) error { return nil }),
		"Backup": e.Backup(ctx, &bytes.Buffer{}),
	}
	for name, err := range calls {
		if !errors.Is(err, kv.ErrClosed) {
			t.Errorf("%s after Close: got %v, want %v", name, err, kv.ErrClosed)
		}
	}
	_ = e.Stats()
	if err := e.Close(); err != nil {
		t.Errorf("second close: got %v, want nil", err)
	}
}
