package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
)

// The key is made once, whole, for its owner only, and nothing else is left behind.
func TestSealKeyIsMadeOnce(t *testing.T) {
	cfg := &config.Config{Data: t.TempDir()}
	first, err := sealKey(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sealKey(cfg)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("second call: %v, the same key: %v; want it", err, bytes.Equal(first, again))
	}
	entries, err := os.ReadDir(cfg.Data)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v; want the key alone", len(entries), err)
	}
	if info, err := os.Stat(filepath.Join(cfg.Data, sealFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key: %v, %v; want 0600", info.Mode(), err)
	}
}

// A link in place of the key must not have us write elsewhere.
func TestSealKeyFollowsNoLink(t *testing.T) {
	cfg := &config.Config{Data: t.TempDir()}
	elsewhere := filepath.Join(t.TempDir(), "victim")
	if err := os.Symlink(elsewhere, filepath.Join(cfg.Data, sealFile)); err != nil {
		t.Skipf("THIS SYSTEM HAS NO SYMBOLIC LINKS, so the test cannot make one: %v", err)
	}
	if _, err := sealKey(cfg); err == nil {
		t.Error("a key was made behind a dangling link")
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("the key was written where the link leads")
	}
}
