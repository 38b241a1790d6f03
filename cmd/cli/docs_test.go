package cli

import (
	"testing"

	"github.com/millrace/millrace/connectors/all"
)

// Facts that live in code are written into the documentation, not by hand.
func TestDocsAreFresh(t *testing.T) {
	stale, err := generateDocs("../..", (&app{connectors: all.List}).root(), all.List, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("%v are stale: run `go run ./cmd/millrace docs`", stale)
	}
}
