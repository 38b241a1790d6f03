//go:build unix

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/millrace/millrace/connectors/all"
)

// TestRootLeavesTheLedgerToItsOwner: `status` as root, just before the service is up, makes the ledger. It must be the service's.
func TestRootLeavesTheLedgerToItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can make files that the owner of their folder cannot open")
	}
	const service = 4711
	dir := t.TempDir()
	data, other := filepath.Join(dir, "data"), filepath.Join(dir, "other")
	file := filepath.Join(dir, "millrace.yaml")
	for name, content := range map[string]string{file: "data: ./data\nconnections:\n  hubspot: {connector: hubspot, token: t}\n", other: "root's own"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(data, service, service); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app{connectors: all.List, out: &out, errOut: &screen{w: &out}, args: []string{"status", "--config", file}}
	if code := a.main(t.Context()); code != exitDone {
		t.Fatalf("got %d and %s", code, out.String())
	}
	for _, name := range []string{ledgerName, sealFile} {
		if got := ownerOf(t, filepath.Join(data, name)); got != service {
			t.Errorf("%s belongs to user %d, want the owner of its folder", name, got)
		}
	}
	if err := os.Link(other, filepath.Join(data, "hard")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(data, "soft")); err != nil {
		t.Fatal(err)
	}
	leaveToOwner(data, "hard", "soft", "nothing")
	if got := ownerOf(t, other); got != 0 {
		t.Errorf("a file elsewhere was given to user %d by a link to it", got)
	}
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}
