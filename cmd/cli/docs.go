package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
)

// docsCmd writes the parts of the documentation that live in code between their markers. A test fails when they are
// stale.
func (a *app) docsCmd() *cobra.Command {
	var dir string
	var check bool
	cmd := &cobra.Command{Use: "docs", Short: "Write the generated parts of the documentation (for developers)", Hidden: true, Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			stale, err := generateDocs(dir, a.root(), a.connectors, !check)
			if err != nil {
				return err
			}
			if check && len(stale) > 0 {
				return fmt.Errorf("stale: %s; run `go run ./cmd/millrace docs`", strings.Join(stale, ", "))
			}
			return nil
		}}
	cmd.Flags().StringVar(&dir, "dir", ".", "root of the repository")
	cmd.Flags().BoolVar(&check, "check", false, "only say what is stale")
	return cmd
}

// generateDocs returns the files whose generated parts are stale, and rewrites them when write is set.
func generateDocs(dir string, root *cobra.Command, list []connectors.Connector, write bool) (stale []string, err error) {
	parts := map[string]map[string]string{
		"README.md": {"connectors": connectorTable(list), "commands": commandTable(root), "keys": keyTable(config.Keys()),
			"connection": settingsTable(config.Common())},
	}
	for _, c := range list {
		parts[filepath.Join("connectors", c.Spec.Name, "README.md")] = map[string]string{"settings": settingsTable(c.Spec.Settings)}
	}
	for name, marked := range parts {
		path := filepath.Join(dir, name)
		old, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		now := old
		for marker, text := range marked {
			if now, err = between(now, marker, text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if bytes.Equal(old, now) {
			continue
		}
		stale = append(stale, name)
		if write {
			if err := os.WriteFile(path, now, 0o644); err != nil {
				return nil, err
			}
		}
	}
	return stale, nil
}

// between replaces what stands between <!-- marker --> and <!-- /marker -->.
func between(src []byte, marker, text string) ([]byte, error) {
	begin, end := "<!-- "+marker+" -->", "<!-- /"+marker+" -->"
	head, rest, ok := strings.Cut(string(src), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return nil, fmt.Errorf("no place between %s and %s", begin, end)
	}
	return []byte(head + begin + "\n" + text + end + tail), nil
}

// connectorTable is the README's table of what every connector can do.
func connectorTable(list []connectors.Connector) string {
	columns := []connectors.Capability{connectors.Reads, connectors.Sweeps, connectors.Deletes, connectors.MergesOf,
		connectors.Hooks, connectors.Follows, connectors.Writes, connectors.Batches, connectors.SignsIn}
	var b strings.Builder
	b.WriteString("| connector |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c)
	}
	b.WriteString(" streams |\n|---|" + strings.Repeat("---|", len(columns)+1) + "\n")
	for _, c := range list {
		fmt.Fprintf(&b, "| [%s](connectors/%s/README.md) |", c.Spec.Title, c.Spec.Name)
		for _, want := range columns {
			mark := ""
			if slices.Contains(c.Spec.Does, want) {
				mark = "✓"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		var names []string
		for _, s := range c.Spec.Streams {
			names = append(names, s.Name)
		}
		fmt.Fprintf(&b, " %s |\n", strings.Join(names, ", "))
	}
	return b.String()
}

// keyTable lists the keys of the configuration outside of connections.
func keyTable(keys []config.Key) string {
	var b strings.Builder
	b.WriteString("| key | default | meaning |\n|---|---|---|\n")
	for _, k := range keys {
		def := ""
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, def, k.Help)
	}
	return b.String()
}

// settingsTable is a table of settings.
func settingsTable(settings []connectors.Setting) string {
	var b strings.Builder
	b.WriteString("| setting | type | default | meaning |\n|---|---|---|---|\n")
	for _, set := range settings {
		name := "`" + set.Name + "`"
		if set.Required {
			name += " (required)"
		}
		def := ""
		if set.Default != "" {
			def = "`" + set.Default + "`"
		}
		help := set.Help
		if set.Choices != nil {
			help += " One of " + strings.Join(set.Choices, ", ") + "."
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, set.Kind, def, strings.ReplaceAll(help, "|", "\\|"))
	}
	return b.String()
}

// commandTable lists the commands.
func commandTable(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("| command | does |\n|---|---|\n")
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Use, c.Short)
	}
	return b.String()
}
