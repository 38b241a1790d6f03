package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
)

// A dozen lines must not take all memory; one plain anchor is fine.
func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("connections:\n  a:\n    connector: toy\n    token: &a [l, l, l, l, l, l, l, l, l]\n")
	for c := 'b'; c <= 'j'; c++ {
		b.WriteString("    k" + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "]\n")
	}
	_, err := parse(t, b.String(), nil)
	var wrong *config.Error
	if !errors.As(err, &wrong) || wrong.Problems[0].Line != 5 || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("got %v, want the first alias within an anchor, on line 5", err)
	}
	if _, err := parse(t, "connections:\n  a: {connector: toy, token: &t secret}\n  b: {connector: toy, token: *t}\n", nil); err != nil {
		t.Errorf("a plain alias: %v", err)
	}
	if _, err := parse(t, "# "+strings.Repeat("x", 2<<20), nil); !errors.As(err, &wrong) {
		t.Errorf("got %v, want a file of 2 MiB to be refused", err)
	}
}
