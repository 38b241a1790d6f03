package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
)

func TestIdentityAlone(t *testing.T) {
	for _, c := range []struct {
		src, want string
		auto      float64
	}{
		{"identity:\n  person: {auto: 0.95}\n", "", 0.95},
		{"identity: {}\n", "", 0},
		{"identity:\n  person: {auto: 2}\n", "2:18", 0},
		{"identity:\n  persn: {auto: 0.9}\n", `did you mean "person"`, 0},
		{"connections: {}\n", `the key "connections" has no place here`, 0},
	} {
		name := filepath.Join(t.TempDir(), "try.yaml")
		if err := os.WriteFile(name, []byte(c.src), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.LoadIdentity(name)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: got %v, want %q", c.src, err, c.want)
		}
		if got.Settings.Person.Auto != c.auto {
			t.Errorf("%q: got auto %v, want %v", c.src, got.Settings.Person.Auto, c.auto)
		}
	}
	if _, err := config.LoadIdentity("/nowhere/try.yaml"); err == nil || !strings.Contains(err.Error(), "there is no such file") {
		t.Errorf("a file that is not there: got %v", err)
	}
}
