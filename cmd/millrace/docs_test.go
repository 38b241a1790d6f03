package main

import "testing"

// Facts that live in code are written into the documentation, not by hand.
func TestDocsAreFresh(t *testing.T) {
	stale, err := generateDocs("../..", (&app{}).root(), false)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("%v are stale: run `go run ./cmd/millrace docs`", stale)
	}
}
