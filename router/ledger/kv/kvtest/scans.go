package kvtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/millrace/millrace/router/ledger/kv"
)

func scanBounds(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "", "b", "", "b\x00", "", "b/1", "", "b/2", "", "b\xff", "", "b\xff\xff", "", "c", "", "\xff", "", "\xff\xff", "")
	tests := []struct {
		prefix string
		from   []byte
		want   []string
	}{
		{"", nil, []string{"a", "b", "b\x00", "b/1", "b/2", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{"b", nil, []string{"b", "b\x00", "b/1", "b/2", "b\xff", "b\xff\xff"}},
		{"b/", nil, []string{"b/1", "b/2"}},
		{"b/", []byte("b/2"), []string{"b/2"}},
		{"b/", []byte("b/1\x00"), []string{"b/2"}},
		{"b/", []byte("a"), []string{"b/1", "b/2"}},
		{"b/", []byte("c"), nil},
		{"b/", []byte{}, []string{"b/1", "b/2"}},
		{"b\xff", nil, []string{"b\xff", "b\xff\xff"}},
		{"\xff", nil, []string{"\xff", "\xff\xff"}},
		{"", []byte("b/3"), []string{"b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{"d", nil, nil},
		{"", []byte("\xff\xff\xff"), nil},
	}
	look := func(where string, r kv.Reader) {
		for _, tt := range tests {
			var got []string
			for k := range r.Scan(first, []byte(tt.prefix), tt.from) {
				got = append(got, string(k))
			}
			sameList(t, fmt.Sprintf("%s, scan of %q from %q", where, tt.prefix, tt.from), got, tt.want)
		}
		sameList(t, "scan of an empty bucket", list(r, second, "", nil), nil)
	}
	view(t, e, func(r kv.Reader) { look("view", r) })
	update(t, e, func(tx kv.Tx) error { look("update", tx); return nil })
}

// scanSeesWhatWasThere writes before, at and behind the place of a scan, over many pages.
func scanSeesWhatWasThere(t *testing.T, h Harness) {
	key := func(i int) string { return fmt.Sprintf("p/%04d", i) }
	var all []string
	for i := range 1000 {
		all = append(all, key(i), "old")
	}
	bodies := map[string]func(tx kv.Tx, i int) error{
		"delete the current":  func(tx kv.Tx, i int) error { return tx.Delete(first, []byte(key(i))) },
		"rewrite the current": func(tx kv.Tx, i int) error { return putAll(tx, first, key(i), "new") },
		"delete the next":     func(tx kv.Tx, i int) error { return tx.Delete(first, []byte(key(i+1))) },
		"rewrite the next":    func(tx kv.Tx, i int) error { return putAll(tx, first, key(i+1), "new") },
		"insert ahead":        func(tx kv.Tx, i int) error { return putAll(tx, first, key(i)+"x", "new") },
		"insert behind":       func(tx kv.Tx, i int) error { return putAll(tx, first, "o"+key(i), "new") },
		"insert outside":      func(tx kv.Tx, i int) error { return putAll(tx, first, "q"+key(i), "new", "p0", "new") },
		"delete all": func(tx kv.Tx, i int) error {
			if i != 500 {
				return nil
			}
			for j := range 1000 {
				if err := tx.Delete(first, []byte(key(j))); err != nil {
					return err
				}
			}
			return nil
		},
	}
	e := open(t, h)
	put(t, e, first, all...)
	for name, body := range bodies {
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			var got []string
			for k, v := range tx.Scan(first, []byte("p/"), nil) {
				got = append(got, string(k), string(v))
				if err := body(tx, len(got)/2-1); err != nil {
					return err
				}
			}
			sameList(t, name, got, all)
			return errOn // leaves the bucket as it was for the next one
		})
		if !errors.Is(err, errOn) {
			t.Errorf("%s: got %v, want the function's own error", name, err)
		}
	}
}

func scanLeftAndNested(t *testing.T, h Harness) {
	e := open(t, h)
	put(t, e, first, "a", "1", "b", "2", "c", "3")
	update(t, e, func(tx kv.Tx) error {
		for range tx.Scan(first, nil, nil) {
			break
		}
		var got []string
		for k := range tx.Scan(first, nil, nil) {
			for k2 := range tx.Scan(first, nil, k) {
				got = append(got, string(k)+string(k2))
				if err := tx.Delete(first, k2); err != nil {
					return err
				}
			}
		}
		sameList(t, "nested scans that delete", got, []string{"aa", "ab", "ac"})
		again := tx.Scan(first, nil, nil)
		if err := putAll(tx, first, "d", "4"); err != nil {
			return err
		}
		for range 2 { // a sequence may be ranged over again and begins when it is
			var seen []string
			for k := range again {
				seen = append(seen, string(k))
			}
			sameList(t, "scan ranged over again", seen, []string{"d"})
		}
		return nil
	})
	wantContent(t, e, first, "d", "4")
}

func cancelEndsScan(t *testing.T, h Harness) {
	e := open(t, h)
	var all []string
	for i := range 5000 {
		all = append(all, fmt.Sprintf("%05d", i), "")
	}
	put(t, e, first, all...)
	look := func(cancel func(), r kv.Reader) error {
		n := 0
		for range r.Scan(first, nil, nil) {
			if n++; n == 10 {
				cancel()
			}
		}
		if n == 5000 || !errors.Is(r.Err(), context.Canceled) {
			t.Errorf("scan after cancel: got %d steps and %v, want an early end and %v", n, r.Err(), context.Canceled)
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := e.View(ctx, func(r kv.Reader) error { return look(cancel, r) }); !errors.Is(err, context.Canceled) {
		t.Errorf("view cancelled in a scan: got %v, want %v", err, context.Canceled)
	}
	ctx, cancel = context.WithCancel(context.Background())
	err := e.Update(ctx, func(tx kv.Tx) error {
		if err := putAll(tx, second, "a", "1"); err != nil {
			return err
		}
		return look(cancel, tx)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update cancelled in a scan: got %v, want %v", err, context.Canceled)
	}
	wantContent(t, e, second)
}
