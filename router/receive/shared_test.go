package receive_test

import (
	"os"
	"path/filepath"
	"testing"
)

// shared returns the path of a file of the collected data, which is not part of the project. Without it the test is
// skipped with a sentence, in CI it fails.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("MILLRACE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED: %s is not there; set MILLRACE_SHARED to the folder of collected data", path)
	}
	t.Skipf("NOT TESTED: %s is not there; set MILLRACE_SHARED to the folder of collected data", path)
	return ""
}
