package boltkv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

func TestSecondOwnerIsTold(t *testing.T) {
	e := openBox(t, Options{})
	_, err := Open(e.Path(), Options{Buckets: []kv.Bucket{box}, LockTimeout: 100 * time.Millisecond})
	if !errors.Is(err, kv.ErrLocked) {
		t.Fatalf("open a file in use: got %v, want %v", err, kv.ErrLocked)
	}
	for _, want := range []string{e.Path(), "process " + strconv.Itoa(os.Getpid()), "stop it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %q, want it to say %q", err, want)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	if _, err := os.Stat(holderPath(e.Path())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("hint after Close: got %v, want it removed", err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes: the folder's access list protects the ledger there")
	}
	e := openBox(t, Options{})
	info, err := os.Stat(e.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v and %v, want 0600", info.Mode(), err)
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	tests := []struct{ name, path, want string }{
		{"folder is missing", filepath.Join(dir, "no", "ledger.db"), "no such file"},
		{"path is a folder", dir, "is a folder"},
	}
	for _, tt := range tests {
		if _, err := Open(tt.path, Options{Buckets: []kv.Bucket{box}}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want it to say %q", tt.name, err, tt.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "x.db"), Options{}); err == nil {
		t.Errorf("no buckets: got nil, want an error")
	}
}

func TestBucketsCanBeAdded(t *testing.T) {
	e := openBox(t, Options{})
	_ = e.Update(context.Background(), func(tx kv.Tx) error { return tx.Put(box, []byte("a"), []byte("1")) })
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	e, err := Open(e.Path(), Options{Buckets: []kv.Bucket{"new", box}})
	if err != nil {
		t.Fatalf("open with one more bucket: got %v, want a store", err)
	}
	defer e.Close()
	err = e.Update(context.Background(), func(tx kv.Tx) error { return tx.Put("new", []byte("b"), tx.Get(box, []byte("a"))) })
	if err != nil {
		t.Errorf("update: got %v, want nil", err)
	}
}

func TestCompactShrinks(t *testing.T) {
	e := openBox(t, Options{})
	ctx := context.Background()
	fill := func(value []byte) {
		err := e.Update(ctx, func(tx kv.Tx) error {
			for i := range 2000 {
				if err := tx.Put(box, fmt.Appendf(nil, "%05d", i), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("update: got %v, want nil", err)
		}
	}
	fill(make([]byte, 20_000))
	fill([]byte("small"))
	dst := e.Path() + ".compact"
	if err := Compact(e.Path(), dst); !errors.Is(err, kv.ErrLocked) {
		t.Fatalf("compact an open store: got %v, want %v", err, kv.ErrLocked)
	}
	before := e.Stats()
	if before.FreeBytes < 20<<20 {
		t.Errorf("free bytes after shrinking every value: got %d, want over 20 MiB", before.FreeBytes)
	}
	if err := e.Close(); err != nil {
		t.Fatalf("close: got %v, want nil", err)
	}
	if err := Compact(e.Path(), dst); err != nil {
		t.Fatalf("compact: got %v, want nil", err)
	}
	if err := Compact(e.Path(), dst); err == nil {
		t.Errorf("compact onto an existing file: got nil, want an error")
	}
	c, err := Open(dst, Options{Buckets: []kv.Bucket{box}})
	if err != nil {
		t.Fatalf("open the copy: got %v, want a store", err)
	}
	defer c.Close()
	n := 0
	_ = c.View(ctx, func(r kv.Reader) error {
		for _, v := range r.Scan(box, nil, nil) {
			if string(v) == "small" {
				n++
			}
		}
		return nil
	})
	if after := c.Stats().SizeBytes; n != 2000 || after > before.SizeBytes/2 {
		t.Errorf("copy: got %d keys in %d bytes, want 2000 in less than half of %d", n, after, before.SizeBytes)
	}
}
