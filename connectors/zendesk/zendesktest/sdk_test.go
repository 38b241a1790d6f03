package zendesktest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// TestNodeSDK drives the simulator with node-zendesk, the SDK for Node that most use. It needs node, npm and the registry (or
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

	s := zendesktest.New(zendesktest.Options{APIUser: "ada@acme.example", APIToken: "api-token", App: &zendesktest.App{ClientID: "app", ClientSecret: "shh"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	cmd := exec.CommandContext(ctx, "node", "script.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE="+srv.URL, "API_USER=ada@acme.example", "API_TOKEN=api-token", "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken())
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
