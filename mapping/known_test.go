package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

const knownRules = `
version: 1
objects:
  messages:
    kind: interaction
    known: {addresses: ["correspondents[*]", reply_to], list: $allow, allow: 'vars.keep == "all" || record.flagged == true'}
    fields: {subject: subject}
  emails:
    kind: interaction
    known: {addresses: from, list: [boss@x.example, bücher.example]}
    fields: {subject: subject}
`

// Of whom one has to be known, the mapping says in normal form; what is allowed by list or expression is kept in any case.
func TestKnown(t *testing.T) {
	rules := load(t, knownRules)
	for _, c := range []struct {
		object, vars, data string
		want               string // addresses, "kept" for no condition
	}{
		{"messages", "", `{"correspondents":["Ana@X.example","bo@y.example","ana@x.example","nonsense"],"reply_to":"cy@z.example"}`, "ana@x.example bo@y.example cy@z.example"},
		{"messages", "", `{"correspondents":[]}`, ""},
		{"messages", "", `{"flagged":true}`, "kept"},
		{"messages", "keep=all", `{"correspondents":["ana@x.example"]}`, "kept"},
		{"messages", "keep=known", `{"correspondents":["ana@x.example"]}`, "ana@x.example"},
		{"messages", "allow=y.example, eve@z.example", `{"correspondents":["ana@x.example","bo@sub.Y.example"]}`, "kept"},
		{"messages", "allow=y.example, eve@z.example", `{"correspondents":["ana@noty.example","bo@z.example"]}`, "ana@noty.example bo@z.example"},
		{"messages", "allow=y.example,EVE@z.example", `{"correspondents":["Eve@z.example"]}`, "kept"},
		{"emails", "", `{"from":"shop@bücher.example"}`, "kept"},
		{"emails", "", `{"from":"other@x.example"}`, "other@x.example"},
	} {
		vars := map[string]string{}
		if name, value, ok := strings.Cut(c.vars, "="); ok {
			vars[name] = value
		}
		set := NewSet(map[string]Connection{"m": {Rules: rules, Vars: vars}})
		_, out, err := set.Map(connectors.Record{Ref: connectors.Ref{Connection: "m", Object: c.object, ID: "1"}, Data: json.RawMessage(c.data)})
		if err != nil {
			t.Fatal(err)
		}
		got := "kept"
		if out.Known != nil {
			got = strings.Join(out.Known.Addresses, " ")
		}
		if got != c.want {
			t.Errorf("%s %s %s: %q has to be known, want %q", c.object, c.vars, c.data, got, c.want)
		}
	}
	var many []string
	for n := range 2000 {
		many = append(many, fmt.Sprintf(`"%d@x.example"`, n))
	}
	_, out, err := rules.Map(connectors.Record{Ref: connectors.Ref{Connection: "m", Object: "messages", ID: "1"}, Data: json.RawMessage(`{"correspondents":[` + strings.Join(many, ",") + `]}`)})
	if err != nil || len(out.Known.Addresses) != mostCorrespondents {
		t.Errorf("of a circular %d addresses have to be known, want %d (%v)", len(out.Known.Addresses), mostCorrespondents, err)
	}
}

func TestKnownNamesEveryProblem(t *testing.T) {
	_, err := Load(File{Name: "k.yaml", Data: []byte(`version: 1
objects:
  a: {kind: interaction, known: {list: allow}}
  b: {kind: interaction, known: {addresses: "x[", adresses: y, list: [nonsense]}}
  c: {kind: interaction, known: {addresses: x, allow: recrd.x}}
  d: {kind: interaction, known: here}
  e: {kind: interaction, known: {addresses: x, allow: '"yes"'}, where: vars.keep == "all"}
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{"k.yaml:3:33: known needs addresses", `k.yaml:3:40: "allow" is neither a variable`, "k.yaml:4:47:", `"adresses" is not a key of known; did you mean "addresses"?`,
		`"nonsense" is neither an e-mail address nor a domain`, "k.yaml:5:55:", "k.yaml:6:33:", "k.yaml:7:56:", "k.yaml:7:72:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
