package sdk

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// TestNodeSDK needs node, npm and the npm registry, hence the switch.
func TestNodeSDK(t *testing.T) {
	if os.Getenv("MILLRACE_NODE_SDK") != "1" {
		t.Skip("NOT CHECKED WITH THE VENDOR'S CLIENT: set MILLRACE_NODE_SDK=1 where node and npm are installed.")
	}
	srv := asanatest.New(asanatest.Options{})
	http := httptest.NewServer(srv.Handler())
	defer http.Close()
	ada, err := srv.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	project, _ := ada.AddProject("SDK", "New", "Active")

	dir := t.TempDir()
	for _, name := range []string{"package.json", "script.cjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := func(env []string, name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		t.Logf("%s: %s", name, out)
	}
	run(nil, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	run([]string{"BASE=" + http.URL + "/api/1.0", "TOKEN=" + asanatest.DefaultToken, "PROJECT=" + project}, "node", "script.cjs")
	if n := srv.Count(); n != 24 {
		t.Errorf("got %d tasks left, want the 24 of the pages", n)
	}
}
