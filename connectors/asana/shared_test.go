package asana

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Shared returns a file of the shared data. Without the data the test is skipped; in CI it fails, because there the data
// must be.
func Shared(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		why := fmt.Sprintf("NOT CHECKED AGAINST THE VENDOR: %s is not there. Set MILLRACE_SHARED to the directory of shared data.", path)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return path
}
