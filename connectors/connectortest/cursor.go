package connectortest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// FuzzCursor checks that, whatever a ledger holds, a cursor is read as exactly what was written or refused. again reads a cursor and
// writes it; the seeds are those of testdata/cursors and what is given besides.
func FuzzCursor(f *testing.F, again func(connectors.Cursor) (connectors.Cursor, error), seeds ...string) {
	files, err := filepath.Glob("testdata/cursors/*.cursor")
	if err != nil || len(files) == 0 {
		f.Fatalf("testdata/cursors holds no cursor (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimSpace(string(text)))
	}
	for _, text := range seeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := again(connectors.Cursor(text))
		if err != nil || text == "" {
			return
		}
		twice, err := again(once)
		if err != nil {
			t.Fatalf("%q was read, but %q, what it is written as, was not: %v", text, once, err)
		}
		if twice != once {
			t.Errorf("got %s, want %s", twice, once)
		}
	})
}
