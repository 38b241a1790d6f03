package connectortest

import (
	"os"
	"path/filepath"
	"testing"
)

// Shared returns a path in the folder of documents and recordings that are not part of the project: $MILLRACE_SHARED, or
// the folder `shared` beside the project's. Where it is missing the test is skipped, but never in CI.
func Shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_SHARED")
	if root == "" {
		root = filepath.Join(project(t), "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed in CI: set MILLRACE_SHARED", path)
		}
		t.Skipf("SKIPPED, NOTHING WAS CHECKED: %s is not here; set MILLRACE_SHARED to the folder with specs and recorded", path)
	}
	return path
}

// project returns the folder of the module whose test runs: a test begins in the folder of its package.
func project(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test runs outside of a module")
		}
		dir = filepath.Dir(dir)
	}
}
