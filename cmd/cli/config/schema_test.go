package config_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
)

func compile(t *testing.T, list []connectors.Connector) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema(list)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("millrace.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("millrace.json")
	if err != nil {
		t.Fatalf("the schema is no JSON Schema: %v", err)
	}
	return schema
}

// validate checks YAML as an editor does: by its JSON.
func validate(t *testing.T, s *jsonschema.Schema, src string) error {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// An editor must not mark what `init` writes, with or without what it has in comments.
func TestSchemaTakesTheStarter(t *testing.T) {
	schema := compile(t, all.List)
	src, err := os.ReadFile("../starter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, schema, string(src)); err != nil {
		t.Errorf("the starter: %v", err)
	}
	full := strings.NewReplacer("    # streams:", "    streams:", "    # every:", "    every:", "    # quota_share:", "    quota_share:",
		"    # team:", "    team:", "    # mappings:", "    mappings:", "    # region:", "    region:", "\n# rules:", "\nrules:").Replace(string(src))
	if full == string(src) {
		t.Fatal("the starter has no commented keys")
	}
	if err := validate(t, schema, full); err != nil {
		t.Errorf("the starter with everything switched on: %v", err)
	}
}

// What the schema refuses the parser refuses too, and the other way round, as far as a schema can tell.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	toy, _ := find("toy")
	board, _ := find("board")
	schema := compile(t, []connectors.Connector{toy, board})
	const head = "connections:\n  a:\n    connector: toy\n    token: x\n"
	for name, test := range map[string]struct {
		src string
		ok  bool
	}{
		"smallest":             {head, true},
		"common keys":          {head + "    every: 30s\n    sweep: never\n    streams: [leads]\n    quota_share: 0.5\n    workers: 3\n    region: HR\n", true},
		"region in words":      {head + "    region: Croatia\n", false},
		"all outside":          {head + "data: d\nworkspace: w\nadmin: {listen: \"\"}\nlog: {level: debug, format: json}\ndelivery: {attempts: 3, close_share: 0.2, recheck: 2m}\n", true},
		"privacy":              {head + "privacy: {on_vendor_erasure: erase_customer}\nledger: {former_keys: [a, b]}\n", true},
		"unknown erasure":      {head + "privacy: {on_vendor_erasure: maybe}\n", false},
		"misspelt key":         {"conections: {}\n", false},
		"misspelt inner key":   {head + "log: {levl: debug}\n", false},
		"misspelt setting":     {head + "    tokn: y\n", false},
		"missing setting":      {"connections:\n  a: {connector: toy}\n", false},
		"unknown connector":    {"connections:\n  a: {connector: toi, token: x}\n", false},
		"no connection":        {"connections: {}\n", false},
		"share of nothing":     {head + "    quota_share: 0\n", false},
		"share of too much":    {head + "    quota_share: 2\n", false},
		"streams is no list":   {head + "    streams: leads\n", false},
		"unknown level":        {head + "log: {level: loud}\n", false},
		"no attempt":           {head + "delivery: {attempts: -1}\n", false},
		"more than everything": {head + "delivery: {close_share: 3}\n", false},
	} {
		if err := validate(t, schema, test.src); (err == nil) != test.ok {
			t.Errorf("%s: the schema says %v, want ok = %v", name, err, test.ok)
		}
		if _, err := parse(t, test.src, nil); (err == nil) != test.ok {
			t.Errorf("%s: the parser says %v, want ok = %v", name, err, test.ok)
		}
	}
}
