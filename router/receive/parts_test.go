package receive

import (
	"crypto/x509"
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What is remembered of deliveries is bounded, whatever comes.
func TestReplaysAreBounded(t *testing.T) {
	r := newReplays(100)
	now := time.Now()
	key := func(i int) (k fingerprint) {
		binary.BigEndian.PutUint64(k[:], uint64(i))
		return k
	}
	for i := range 100_000 {
		f, first := r.begin(key(i), now)
		if !first {
			t.Fatalf("delivery %d is taken for a repetition", i)
		}
		r.end(key(i), f, nil)
		if len(r.newer) > 100 || len(r.old) > 100 || len(r.flights) > 0 {
			t.Fatalf("after %d: %d and %d are remembered", i, len(r.newer), len(r.old))
		}
		if _, first := r.begin(key(max(0, i-100)), now); first {
			t.Fatalf("delivery %d is forgotten after a hundred others", i-100)
		}
	}
	if _, first := r.begin(key(0), now); !first {
		t.Error("nothing is ever forgotten")
	}
}

// A certificate that was renewed is used without a restart; one that cannot be read is not.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) { Pair(t, dir, name) }
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	name := func() string {
		c.looked = time.Time{}
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.DNSNames[0]
	}
	touch := func(ahead time.Duration) {
		at := time.Now().Add(ahead)
		if err := os.Chtimes(c.certFile, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("old.example")
	if err := c.load(); err != nil || name() != "old.example" {
		t.Fatalf("got %s and %v", name(), err)
	}
	if err := os.WriteFile(c.certFile, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(time.Hour)
	if got := name(); got != "old.example" {
		t.Errorf("while it is being written: %s, want the old one", got)
	}
	write("new.example")
	touch(2 * time.Hour)
	if got := name(); got != "new.example" {
		t.Errorf("after it was renewed: %s, want the new one", got)
	}
}
