package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

func openBolt(t testing.TB, dir string) *boltkv.Engine {
	t.Helper()
	e, err := boltkv.Open(filepath.Join(dir, "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatalf("open bbolt: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}
