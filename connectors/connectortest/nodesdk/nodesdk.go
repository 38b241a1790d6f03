// Package nodesdk has a vendor's own client for Node judge a simulator: people who know the real answers wrote it, so what it
// does not understand is wrong in the simulator. A test keeps a folder sdk beside it, with a package.json that pins the client
// and a script.mjs that drives it and exits 1 at the first answer that is not as its users know it.
//
// It knows no vendor, starts no simulator and never tests a connector.
package nodesdk

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// limit is how long installing and running may take together; the registry can be slow, the scripts take seconds.
const limit = 5 * time.Minute

// SDK is an installed client with its script.
type SDK struct {
	t   *testing.T
	ctx context.Context
	dir string
}

// Install copies the folder sdk to a temporary one and puts the client beside the script. It needs node, npm and the npm
// registry, whose packages come from npm's cache when they are there, or MILLRACE_NODE_MODULES, a folder that has node_modules
// already. It skips the test unless MILLRACE_NODE_SDK=1.
func Install(t *testing.T) *SDK {
	t.Helper()
	if os.Getenv("MILLRACE_NODE_SDK") != "1" {
		t.Skip("SKIPPED, THE VENDOR'S SDK WAS NOT RUN: set MILLRACE_NODE_SDK=1 to install it and run it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	s := &SDK{t: t, ctx: ctx, dir: t.TempDir()}
	for _, name := range []string{"package.json", "script.mjs"} {
		b, err := os.ReadFile(filepath.Join("sdk", name))
		s.must(err)
		s.must(os.WriteFile(filepath.Join(s.dir, name), b, 0o600))
	}
	if ready := os.Getenv("MILLRACE_NODE_MODULES"); ready != "" {
		s.must(os.Symlink(filepath.Join(ready, "node_modules"), filepath.Join(s.dir, "node_modules")))
		return s
	}
	// A package's install scripts are not run: they would run with the rights of whoever tests.
	npm := exec.CommandContext(ctx, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = s.dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return s
}

// Command returns the script, ready to start, with more environment: NAME=value each.
func (s *SDK) Command(env ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.ctx, "node", "script.mjs")
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), env...)
	return cmd
}

// Run runs the script and fails the test when it does not end well, with what it wrote.
func (s *SDK) Run(env ...string) {
	s.t.Helper()
	out, err := s.Command(env...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("the SDK does not understand the simulator: %v\n%s", err, out)
	}
	s.t.Logf("%s", out)
}

func (s *SDK) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
