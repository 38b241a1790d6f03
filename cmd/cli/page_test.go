package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/all"
)

// TestPageConfigurations: the configurations of the page "Put the receiver on the internet" are what `config check` takes, each as
// its reader would have it: a hub behind a proxy, one with TLS of its own, a receiver on another host and that one's hub.
func TestPageConfigurations(t *testing.T) {
	page, err := os.ReadFile("../../router/receive/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1) {
		blocks = append(blocks, string(m[1]))
	}
	if len(blocks) != 4 {
		t.Fatalf("the page has %d configurations, want 4", len(blocks))
	}
	connections, _, _ := strings.Cut(blocks[0], "webhooks:")
	for _, name := range []string{"HUBSPOT_TOKEN", "HUBSPOT_APP_SECRET", "ZENDESK_HOOK_SECRET", "FORWARD_KEY"} {
		t.Setenv(name, strings.Repeat("k", 32))
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"behind a proxy": {blocks[0], "is good: 1 connections"},
		"own TLS":        {connections + blocks[1], "is good: 1 connections"},
		"receiver":       {blocks[2], "is good: a receiver of 3 connections"},
		"its hub":        {connections + blocks[3], "is good: 1 connections"},
	} {
		file := filepath.Join(t.TempDir(), "millrace.yaml")
		if err := os.WriteFile(file, []byte(c.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		a := &app{connectors: all.List, out: &out, errOut: &screen{w: &out}, args: []string{"config", "check", "--config", file}}
		if code := a.main(t.Context()); code != exitDone || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: got %d and %s, want %q", name, code, out.String(), c.want)
		}
	}
}
