package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
)

func find(name string) (connectors.Connector, bool) {
	switch name {
	case "toy":
		return connectors.Connector{Spec: connectors.Spec{Name: "toy", Title: "Toy", Does: []connectors.Capability{connectors.Reads}, Streams: []connectors.StreamDoc{{Name: "leads", Help: "Leads."}},
			Settings: []connectors.Setting{
				{Name: "token", Kind: connectors.SecretSetting, Required: true, Help: "The key."},
				{Name: "lag", Kind: connectors.DurationSetting, Default: "1h", Help: "The lag."},
				{Name: "mode", Kind: connectors.StringSetting, Choices: []string{"fast", "slow"}, Help: "The mode."},
				{Name: "place", Kind: connectors.URLSetting, Help: "The address."},
			}}}, true
	case "board":
		return connectors.Connector{Spec: connectors.Spec{Name: "board", Title: "Board", Does: []connectors.Capability{connectors.Writes}}}, true
	}
	return connectors.Connector{}, false
}

func parse(t *testing.T, src string, env map[string]string) (*config.Config, error) {
	t.Helper()
	return config.Parse("/etc/millrace.yaml", []byte(src), find, func(k string) (string, bool) { v, ok := env[k]; return v, ok })
}

func TestGoodFile(t *testing.T) {
	c, err := parse(t, `
data: ${PLACE:-there}/data
connections:
  a: {connector: toy, token: "${TOKEN}", every: 30s, quota_share: 0.5}
  b: {connector: board}
`, map[string]string{"TOKEN": "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := c.Connection("a")
	if got := a.Values.Secret("token").Reveal(); got != "s3cret" {
		t.Errorf("token = %q, want the variable's value", got)
	}
	if a.Every != 30*time.Second || a.Share != 0.5 || a.Values.Duration("lag") != time.Hour {
		t.Errorf("got %+v, want every 30s, share 0.5, lag 1h", a)
	}
	if len(c.Targets) != 1 || c.Targets[0] != "b" {
		t.Errorf("targets = %v, want the one connection that writes", c.Targets)
	}
	if c.Data != "/etc/there/data" {
		t.Errorf("data = %q, want it beside the file, with the variable's default", c.Data)
	}
}

// The streams of a connection are those of all settings that name streams: a custom object is read beside them.
func TestStreamsOfTheSettings(t *testing.T) {
	const head = "connections: {a: {connector: salesforce, client_id: x"
	vendor := func(name string) (connectors.Connector, bool) {
		i := slices.IndexFunc(all.List, func(c connectors.Connector) bool { return c.Spec.Name == name })
		return all.List[i], true
	}
	for settings, want := range map[string]string{
		", streams: [Account, User]":                               "Account,User",
		", streams: [Account, User], custom_objects: [Invoice__c]": "Account,User,Invoice__c",
		", streams: [Account], custom_objects: [Account]":          "Account", // twice is once
	} {
		c, err := config.Parse("/etc/millrace.yaml", []byte(head+settings+"}}"), vendor, os.LookupEnv)
		if err != nil {
			t.Errorf("%s: %v", settings, err)
			continue
		}
		if got := strings.Join(c.Connections[0].Streams, ","); got != want {
			t.Errorf("%s: got %s, want %s", settings, got, want)
		}
	}
	c, err := config.Parse("/etc/millrace.yaml", []byte(head+", custom_objects: [Invoice__c]}}"), vendor, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Connections[0].Streams; !slices.Contains(got, "Account") || !slices.Contains(got, "Invoice__c") {
		t.Errorf("got %v, want the standard objects and the custom one", got)
	}
}

func TestProblemsNameThePlace(t *testing.T) {
	const head = "connections:\n  a:\n    connector: toy\n"
	for name, test := range map[string]struct{ src, want string }{
		"misspelt top-level key":   {"conections: {}\n", `millrace.yaml:1:1: there is no key "conections"; did you mean "connections"?`},
		"misspelt setting":         {head + "    token: x\n    tokn: y\n", `millrace.yaml:5:11: connection "a": tokn is not a setting of toy; did you mean "token"?`},
		"missing secret":           {head, `connection "a": token is required: The key.`},
		"unset variable":           {head + "    token: ${NOPE}\n", `millrace.yaml:4:12: environment variable NOPE is not set`},
		"missing secret file":      {head + "    token: file:nope\n", `millrace.yaml:4:12: cannot read the file it names`},
		"unknown connector":        {"connections:\n  a:\n    connector: toi\n", `there is no connector "toi"`},
		"bad duration":             {head + "    token: x\n    lag: soon\n", `connection "a": lag "soon" is not a duration`},
		"unknown stream":           {head + "    token: x\n    streams: [leads, leadz]\n", `millrace.yaml:5:22: Toy has no stream "leadz"; it has leads`},
		"never polled":             {head + "    token: x\n    every: never\n", `"never" is not a duration`},
		"bad choice":               {head + "    token: x\n    mode: hasty\n", `"hasty" is not one of fast, slow`},
		"target that only reads":   {head + "    token: x\ntargets: [a]\n", `connection "a" cannot be a target: Toy is only read`},
		"target that is not there": {head + "    token: x\ntargets: [z]\n", `there is no connection "z"`},
		"no connection":            {"data: x\n", `no connection is configured`},
		"share above one":          {head + "    token: x\nidentity:\n  person:\n    auto: 1.5\n", `millrace.yaml:7:11: must be between 0 and 1`},
		"review above auto":        {head + "    token: x\nidentity:\n  person: {auto: 0.8, review: 0.9}\n", `must not be above auto`},
		"no such word":             {head + "    token: x\nidentity: {organization: {medium: ask}}\n", `"ask" is not one of`},
		"no domain":                {head + "    token: x\nidentity: {blocked: [acme.com, \"a b\"]}\n", `"a b" is no domain`},
		"misspelt identity key":    {head + "    token: x\nidentity: {freemail: []}\n", `did you mean "free_mail"?`},
		"broken yaml":              {"connections: [\n", `millrace.yaml:`},
		"duplicate key":            {"data: a\ndata: b\n", `millrace.yaml:2:1`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, test.src, nil)
			var ce *config.Error
			if !errors.As(err, &ce) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestIdentityIsRead(t *testing.T) {
	model := filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(model, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parse(t, `
connections:
  a: {connector: toy, token: x}
identity:
  free_mail: [mail.example]
  gmail: true
  person: {auto: 0.9, medium: join}
  models: {person: "${MODEL}"}
  log_keep: 50
`, map[string]string{"MODEL": model})
	if err != nil {
		t.Fatal(err)
	}
	i := c.Identity
	if got := i.Settings.Person; got.Auto != 0.9 || !got.Medium || i.Settings.Organization.Medium {
		t.Errorf("bands = %+v, want those of the file for people only", got)
	}
	if i.LogKeep != 50 || i.Models["person"] != model || !i.Settings.Gmail || len(i.Settings.FreeMail) != 1 {
		t.Errorf("got %+v, want what the file says", i)
	}
}

func TestErrorsHideSecrets(t *testing.T) { // invariant 9
	_, err := parse(t, "connections:\n  a:\n    connector: toy\n    tokn: pat-very-secret\n    token: {pat-very: secret}\n", nil)
	if err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("got %v, want an error without the value", err)
	}
}

func TestSecretFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parse(t, "connections:\n  a: {connector: toy, token: \"file:"+name+"\"}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Connections[0].Values.Secret("token").Reveal(); got != "from-file" {
		t.Errorf("token = %q, want the file's content", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("connections:\n  a: {connector: toy, token: x}\n"))
	f.Add([]byte("connections: [\n"))
	f.Add([]byte("data: ${X}\nconnections: {a: {connector: toy, streams: 3}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := config.Parse("f.yaml", src, find, func(string) (string, bool) { return "", false })
		if err == nil && len(c.Connections) == 0 {
			t.Error("a configuration without a connection was accepted")
		}
	})
}

// What makes no request must not need the secrets, and must still notice every other mistake.
func TestOfflineNeedsNoSecrets(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"connections:\n  a: {connector: toy, token: \"${OFFLINE_TEST_UNSET}\"}\n", ""},
		{"connections:\n  a: {connector: toy, token: \"file:/nowhere/token\"}\n", ""},
		{"connections:\n  a: {connector: toy, token: x, place: \"${OFFLINE_TEST_UNSET}\"}\n", ""},
		{"connections:\n  a: {connector: toy, token: x, lag: \"${OFFLINE_TEST_UNSET}\"}\n", ""},
		{"connections:\n  a: {connector: toy, token: x, tokn: y}\n", "tokn is not a setting"},
		{"data: ${OFFLINE_TEST_UNSET}\nconnections:\n  a: {connector: toy, token: x}\n", "OFFLINE_TEST_UNSET is not set"},
		{"connections:\n  a: {connector: toy, token: x, mode: \"${OFFLINE_TEST_UNSET}\"}\n", "mode"},
	} {
		name := filepath.Join(t.TempDir(), "millrace.yaml")
		if err := os.WriteFile(name, []byte(c.src), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.LoadOffline(name, find)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.src, err, c.want)
		}
		if _, err := config.Load(name, find); err == nil {
			t.Errorf("%s: a command that makes requests accepts it", c.src)
		}
	}
}
