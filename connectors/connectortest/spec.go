package connectortest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
)

// Spec checks a connector's declaration. dir is the connector's folder, "." from its own tests. For a source,
// testdata/golden holds records, <object>.<what>.json, with the profiles they must give, <object>.<what>.golden.json;
// every path of the rules must occur in one of them.
func Spec(t *testing.T, c connectors.Connector, dir string) {
	t.Run("Declaration", func(t *testing.T) { checkDeclaration(t, c.Spec, dir) })
	t.Run("Settings", func(t *testing.T) { checkSettings(t, c.Spec) })
	t.Run("Readme", func(t *testing.T) { checkReadme(t, c.Spec, dir) })
	if c.Spec.Rules != nil {
		t.Run("Rules", func(t *testing.T) { checkRules(t, c.Spec, dir) })
	}
}

// checkDeclaration: the folder is the name that configurations use.
func checkDeclaration(t *testing.T, s connectors.Spec, dir string) {
	full, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(full); got != s.Name {
		t.Errorf("name: got %q, want the folder's, %q", s.Name, got)
	}
	if s.Title == "" || s.Summary == "" || s.SignIn == nil || s.Limits == nil || s.Cost == nil || len(s.Does) == 0 {
		t.Error("title, summary, sign-in, limits, cost and capabilities are required")
	}
	for _, d := range s.Streams {
		if d.Name == "" || d.Help == "" {
			t.Errorf("stream %q has no name or no help", d.Name)
		}
	}
	if reads := slices.Contains(s.Does, connectors.Reads); reads != (len(s.Streams) > 0) || reads != (s.Rules != nil) {
		t.Errorf("reads: %v, with %d streams and %d bytes of rules", reads, len(s.Streams), len(s.Rules))
	}
}

// checkSettings: a setting without help cannot be set; a secret that is not marked ends up in a log.
func checkSettings(t *testing.T, s connectors.Spec) {
	seen := map[string]bool{}
	for _, set := range s.Settings {
		if seen[set.Name] || set.Name == "" || strings.ToLower(set.Name) != set.Name {
			t.Errorf("setting %q: want a name in lower case, once", set.Name)
		}
		seen[set.Name] = true
		if set.Help == "" || !strings.HasSuffix(set.Help, ".") {
			t.Errorf("setting %s: want a help of whole sentences, got %q", set.Name, set.Help)
		}
		for _, word := range []string{"secret", "password", "token"} {
			if strings.Contains(set.Name, word) && set.Kind != connectors.SecretSetting {
				t.Errorf("setting %s: got kind %s, want secret", set.Name, set.Kind)
			}
		}
		if set.Kind == connectors.SecretSetting && set.Default != "" {
			t.Errorf("setting %s: a secret has no default", set.Name)
		}
	}
	if !seen["base_url"] && s.Protocol == "" {
		t.Error("there is no setting base_url")
	}
	if (len(s.WebhookProofs()) > 0) != slices.Contains(s.Does, connectors.Hooks) {
		t.Error("a connector that receives webhooks marks the secret they are known by with Setting.Webhook, and no other does")
	}
	if _, problems := s.Parse(map[string]any{"no_such_setting": "x"}); !slices.ContainsFunc(problems, func(p connectors.Problem) bool { return p.Key == "no_such_setting" }) {
		t.Error("an unknown setting is no problem")
	}
}

// checkReadme: the README is where a user looks first.
func checkReadme(t *testing.T, s connectors.Spec, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	if !strings.HasPrefix(readme, "# "+s.Title+"\n") {
		t.Errorf("the README must begin with %q", "# "+s.Title)
	}
	from, to := strings.Index(readme, "<!-- settings -->"), strings.Index(readme, "<!-- /settings -->")
	if from < 0 || to < from {
		t.Error("the README has no <!-- settings --> … <!-- /settings -->")
	}
	for _, d := range s.Streams {
		if !strings.Contains(readme, "`"+d.Name+"`") {
			t.Errorf("the README does not mention the stream `%s`", d.Name)
		}
	}
}

// checkRules: rules that do not load stop the start; a path that no fixture has is a guess.
func checkRules(t *testing.T, s connectors.Spec, dir string) {
	rules, err := mapping.Load(mapping.File{Name: s.Name + "/rules.yaml", Data: s.Rules})
	if err != nil {
		t.Fatal(err)
	}
	fixtures := goldenRecords(t, dir)
	for _, name := range rules.Objects() {
		for _, path := range rules.Paths(name) {
			if !slices.ContainsFunc(fixtures[name], func(f fixture) bool { return occurs(f.data, path) }) {
				t.Errorf("%s: no fixture has the path %s", name, path)
			}
		}
		for _, f := range fixtures[name] {
			checkGoldenProfile(t, rules, name, f)
		}
	}
}

// fixture is a record of a golden pair.
type fixture struct {
	file string
	data []byte
}

func goldenRecords(t *testing.T, dir string) map[string][]fixture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "testdata/golden/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	fixtures := map[string][]fixture{}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		fixtures[name] = append(fixtures[name], fixture{file, data})
	}
	return fixtures
}

// occurs reports whether the record has the path of a rule, whose selectors are read as "any element".
func occurs(data []byte, path string) bool {
	at := []gjson.Result{gjson.ParseBytes(data)}
	for step := range strings.SplitSeq(strings.ReplaceAll(path, `\.`, "\x00"), ".") {
		name, _, list := strings.Cut(strings.ReplaceAll(step, "\x00", `\.`), "[")
		var next []gjson.Result
		for _, r := range at {
			v := r.Get(name)
			switch {
			case v.Exists() && list:
				next = append(next, v.Array()...)
			case v.Exists():
				next = append(next, v)
			}
		}
		at = next
	}
	return len(at) > 0
}

// checkGoldenProfile maps a record and compares the profile with its golden file.
func checkGoldenProfile(t *testing.T, rules *mapping.Rules, name string, f fixture) {
	t.Helper()
	_, what, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f.file), ".json"), ".") // for records that do not hold their ids
	id := cmp.Or(gjson.GetBytes(f.data, "id").String(), gjson.GetBytes(f.data, "Id").String(), what)
	p, outcome, err := rules.Map(connectors.Record{
		Ref: connectors.Ref{Connection: Connection, Object: name, ID: id}, Version: time.Unix(1, 0), Data: f.data,
	})
	if err != nil {
		t.Errorf("%s: %v", f.file, err)
		return
	}
	for _, w := range outcome.Warnings {
		t.Errorf("%s: warning: %s", f.file, w)
	}
	fields := map[string]json.RawMessage{}
	for _, field := range p.Fields {
		fields[field.Name] = field.Value
	}
	shown := map[string]any{"kind": p.Kind, "fields": fields, "same": p.Same, "filtered": outcome.Filtered}
	if p.Past != "" {
		shown["past"] = p.Past
	}
	got, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		t.Fatal(fmt.Errorf("show profile: %w", err))
	}
	golden(t, strings.TrimSuffix(f.file, ".json")+".golden.json", append(got, '\n'))
}
