package eventbus_test

import (
	"os"
	"path/filepath"
	"testing"
)

// shared returns the folder of documents and recordings that are not part of the project. Without it the test is
// skipped, but never in CI.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
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
