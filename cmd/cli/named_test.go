package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/millrace/millrace/connectors/all"
)

// Advice to run a command that is not there helps nobody: whatever a message, a help text or a page calls
// `millrace NAME` must exist.
func TestNamedCommandsExist(t *testing.T) {
	known := map[string]bool{"help": true}
	for _, c := range (&app{connectors: all.List}).root().Commands() {
		known[c.Name()] = true
	}
	named := regexp.MustCompile("(?m)(?:`(?:\\./)?|^    +(?:\\./)?|cmd/)millrace ([a-z]+)")
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".md" && ext != ".yaml" {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if !known[m[1]] {
				t.Errorf("%s names `millrace %s`, and there is no such command", path, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
