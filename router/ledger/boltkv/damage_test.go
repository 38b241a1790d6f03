package boltkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/router/ledger/kv"
)

var twoBoxes = Options{Buckets: []kv.Bucket{box, "inline"}}

// sample is a store with branches, overflow pages, free pages and a bucket small enough to be inline.
func sample(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	e, err := Open(path, twoBoxes)
	if err != nil {
		t.Fatalf("open: got %v, want a store", err)
	}
	for round := range 3 {
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			err := tx.Put("inline", []byte("k"), []byte{byte(round)})
			for i := range 900 {
				size := 40
				if i%100 == 0 {
					size = 9000
				}
				err = errors.Join(err, tx.Put(box, fmt.Appendf(nil, "key %05d", i*7), make([]byte, size)))
			}
			return err
		})
		if err != nil {
			t.Fatalf("fill: got %v, want nil", err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	cutToUse(t, path)
	return path
}

// cutToUse removes the room that bbolt reserves behind its pages, where no damage would matter.
func cutToUse(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("open the file: got %v, want nil", err)
	}
	defer f.Close()
	metas, err := readMetas(f)
	if err != nil {
		t.Fatalf("meta pages: got %v, want them whole", err)
	}
	if err := f.Truncate(int64(metas[0].pages) * metas[0].pageSize); err != nil {
		t.Fatalf("truncate: got %v, want nil", err)
	}
}

// useAll does what the ledger does with a file; it must never panic.
func useAll(path string) error {
	e, err := Open(path, twoBoxes)
	if err != nil {
		return err
	}
	ctx := context.Background()
	err = e.View(ctx, func(r kv.Reader) error {
		for range r.Scan(box, nil, nil) {
			continue
		}
		return nil
	})
	err = errors.Join(err, e.Update(ctx, func(tx kv.Tx) error {
		var keys [][]byte
		for k := range tx.Scan(box, nil, nil) {
			keys = append(keys, bytes.Clone(k))
		}
		for i, k := range keys {
			if i%3 > 0 {
				if err := tx.Delete(box, k); err != nil {
					return err
				}
			}
		}
		return tx.Put("inline", []byte("k"), make([]byte, 3000))
	}))
	return errors.Join(err, e.Close())
}

func TestDamageNeverPanics(t *testing.T) {
	whole, err := os.ReadFile(sample(t))
	if err != nil {
		t.Fatalf("read: got %v, want nil", err)
	}
	dir := t.TempDir()
	found, unseen := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, "damaged.db")
		b := bytes.Clone(whole)
		switch rapid.SampledFrom([]string{"bytes", "bytes in a page", "header", "zero page", "swap", "cut"}).Draw(rt, "kind") {
		case "bytes":
			for range rapid.IntRange(1, 20).Draw(rt, "n") {
				b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
			}
		case "bytes in a page":
			page := rapid.IntRange(0, len(b)/4096-1).Draw(rt, "page")
			for range rapid.IntRange(1, 60).Draw(rt, "n") {
				b[page*4096+rapid.IntRange(0, 4095).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
			}
		case "header":
			at := rapid.IntRange(0, len(b)/4096-1).Draw(rt, "page")*4096 + rapid.IntRange(0, 63).Draw(rt, "at")
			b[at] = rapid.Byte().Draw(rt, "byte")
		case "zero page":
			clear(b[rapid.IntRange(0, len(b)/4096-1).Draw(rt, "page")*4096:][:4096])
		case "swap":
			from := rapid.IntRange(0, len(b)/4096-1).Draw(rt, "from") * 4096
			to := rapid.IntRange(0, len(b)/4096-1).Draw(rt, "to") * 4096
			copy(b[to:][:4096], whole[from:])
		case "cut":
			b = b[:rapid.IntRange(1, len(b)-1).Draw(rt, "to")]
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			rt.Fatalf("write: got %v, want nil", err)
		}
		switch err := useAll(path); {
		case err == nil:
			unseen++ // a free page, a value, the older meta page: nothing that leads the reader astray
		case errors.Is(err, kv.ErrDamaged):
			found++
		default:
			rt.Fatalf("use of a damaged file: got %v, want nil or %v", err, kv.ErrDamaged)
		}
	})
	t.Logf("%d damages were found, %d did not matter", found, unseen)
	if found == 0 {
		t.Errorf("damages found: got 0, want some")
	}
}

func TestDamageIsSaidWithTheWaysBack(t *testing.T) {
	path := sample(t)
	if err := os.WriteFile(path, []byte(strings.Repeat("not a store ", 5000)), 0o600); err != nil {
		t.Fatalf("write: got %v, want nil", err)
	}
	_, err := Open(path, twoBoxes)
	if !errors.Is(err, kv.ErrDamaged) {
		t.Fatalf("open: got %v, want %v", err, kv.ErrDamaged)
	}
	for _, want := range []string{path, "backup", "move it away"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %q, want it to name %q", err, want)
		}
	}
}

// TestFileCutUnderTheEngine: the kernel answers a read behind the new end with SIGBUS.
func TestFileCutUnderTheEngine(t *testing.T) {
	path := sample(t)
	e, err := Open(path, twoBoxes)
	if err != nil {
		t.Fatalf("open: got %v, want a store", err)
	}
	defer e.Close()
	if err := os.Truncate(path, 2*4096); err != nil {
		t.Fatalf("truncate: got %v, want nil", err)
	}
	ctx := context.Background()
	err = e.View(ctx, func(r kv.Reader) error {
		for range r.Scan(box, nil, nil) {
			continue
		}
		return nil
	})
	if !errors.Is(err, kv.ErrDamaged) {
		t.Errorf("view: got %v, want %v", err, kv.ErrDamaged)
	}
	err = e.Update(ctx, func(tx kv.Tx) error { return tx.Put(box, []byte("a"), nil) })
	if !errors.Is(err, kv.ErrDamaged) {
		t.Errorf("update: got %v, want %v", err, kv.ErrDamaged)
	}
}

func TestSalvageReturnsToTheCommitBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	e, err := Open(path, twoBoxes)
	if err != nil {
		t.Fatalf("open: got %v, want a store", err)
	}
	for i := range 5 {
		err := e.Update(context.Background(), func(tx kv.Tx) error {
			return tx.Put(box, []byte{'k', byte(i)}, make([]byte, 5000))
		})
		if err != nil {
			t.Fatalf("update: got %v, want nil", err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("open the file: got %v, want nil", err)
	}
	defer f.Close()
	metas, _ := readMetas(f)
	if len(metas) != 2 {
		t.Fatalf("meta pages: got %d whole ones, want 2", len(metas))
	}
	if _, err := f.WriteAt(make([]byte, 512), int64(metas[0].root)*metas[0].pageSize); err != nil {
		t.Fatalf("damage the newest root: got %v, want nil", err)
	}
	if _, err := Open(path, twoBoxes); !errors.Is(err, kv.ErrDamaged) {
		t.Fatalf("open: got %v, want %v", err, kv.ErrDamaged)
	}
	copied := path + ".salvaged"
	got, err := Salvage(path, copied)
	if err != nil || got.GivenUp != 1 {
		t.Fatalf("salvage: got %+v and %v, want one commit given up", got, err)
	}
	s, err := Open(copied, twoBoxes)
	if err != nil {
		t.Fatalf("open the copy: got %v, want a store", err)
	}
	defer s.Close()
	n := 0
	_ = s.View(context.Background(), func(r kv.Reader) error {
		for range r.Scan(box, nil, nil) {
			n++
		}
		return nil
	})
	if n != 4 {
		t.Errorf("keys of the copy: got %d, want 4, without the last commit", n)
	}
	if _, err := Salvage(path, copied); err == nil {
		t.Errorf("salvage onto an existing file: got nil, want an error")
	}
}
