package boltkv_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/ledger/kv"
	"github.com/millrace/millrace/router/ledger/kv/kvtest"
)

func open(path string) (kv.Engine, error) {
	e, err := boltkv.Open(path, boltkv.Options{Buckets: kvtest.Buckets})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func place(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

func TestEngine(t *testing.T) {
	kvtest.Run(t, kvtest.Harness{
		Place: place,
		Open:  open,
		Restore: func(t testing.TB, backup []byte) string {
			path := place(t)
			if err := os.WriteFile(path, backup, 0o600); err != nil {
				t.Fatalf("write the copy: got %v, want nil", err)
			}
			return path
		},
	})
}
