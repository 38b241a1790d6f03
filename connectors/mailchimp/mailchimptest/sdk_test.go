package mailchimptest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with the vendor's own SDK for Node. It needs node, npm and the registry (or
// MILLRACE_NODE_MODULES, a folder that has node_modules already) and runs only with MILLRACE_NODE_SDK=1.
func TestNodeSDK(t *testing.T) {
	if os.Getenv("MILLRACE_NODE_SDK") != "1" {
		t.Skip("SKIPPED, THE VENDOR'S SDK WAS NOT RUN: set MILLRACE_NODE_SDK=1 to install it and run it")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "script.mjs"} {
		b, err := os.ReadFile(filepath.Join("sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	install(ctx, t, dir)

	s := mailchimptest.New(mailchimptest.Options{Keys: []string{mailchimptest.DefaultKey}, Tokens: []string{"access-token"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hook" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer hook.Close()
	cmd := exec.CommandContext(ctx, "node", "script.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE="+srv.URL, "API_KEY="+mailchimptest.DefaultKey, "ACCESS_TOKEN=access-token", "HOOK="+hook.URL+"/hook")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the SDK does not understand the simulator: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// install puts the SDK beside the script, from npm's cache when it can.
func install(ctx context.Context, t *testing.T, dir string) {
	if ready := os.Getenv("MILLRACE_NODE_MODULES"); ready != "" {
		if err := os.Symlink(filepath.Join(ready, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		return
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
}
