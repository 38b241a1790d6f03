package endtoend

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongRule: an expression that cannot work is refused with its place before anything is read or written.
func TestWrongRule(t *testing.T) {
	rule := func(title string) string {
		return "version: 1\nrules:\n  - name: deals\n    for: deal\n    project: '\"Sales\"'\n    title: " + title + "\n"
	}
	for name, c := range map[string]struct{ rules, want string }{
		"misspelt field": {rule("deal.label + deal.lable"), `rules.yaml:6:`},
		"no expression":  {rule("deal.label +"), `rules.yaml:6:`},
		"wrong function": {rule("uper(deal.label)"), `rules.yaml:6:`},
		"no such kind":   {strings.Replace(rule("deal.label"), "for: deal", "for: deel", 1), `rules.yaml:4:10: `},
		"unknown key":    {strings.Replace(rule("deal.label"), "for:", "fro:", 1), `rules.yaml:4:5: `},
		"no YAML":        {"version: 1\nrules: [", `rules.yaml:2:`},
		"wrong type":     {rule("deal.label") + "    complete: deal.label\n", `rules.yaml:7:15: `},
	} {
		t.Run(name, func(t *testing.T) {
			v := start(t)
			v.people(1)
			v.rules = []string{v.write("rules.yaml", c.rules)}
			for _, command := range [][]string{{"backfill"}, {"config", "check"}, {"plan"}} {
				v.says(v.millrace(command...), 2, filepath.Join(v.dir, c.want))
			}
			if n := v.calls.Totals().Requests + v.asCalls.Totals().Requests; n != 0 {
				t.Errorf("got %d requests, want none before the rules are right", n)
			}
		})
	}
}

// TestWrongMapping: a field that does not exist, or a file that is no mapping, is refused with its place.
func TestWrongMapping(t *testing.T) {
	head := "version: 1\nobjects:\n  contacts:\n    fields:\n"
	for name, c := range map[string]struct{ mapping, want, hint string }{
		"unknown field":    {head + "      shoe_size: properties.shoe\n", "m.yaml:5:7: ", `"shoe_size" is not a field of person`},
		"misspelt field":   {head + "      titel: properties.jobtitle\n", "m.yaml:5:7: ", "title"},
		"unknown object":   {"version: 1\nobjects:\n  contracts:\n    kind: contract\n", "m.yaml:", "contract"},
		"wrong expression": {head + "      title: {expr: 'record.properties.('}\n", "m.yaml:5:40: ", "expected name"},
		"wrong path":       {head + "      title: properties..x\n", "m.yaml:5:25: ", "a name is missing in the path"},
	} {
		t.Run(name, func(t *testing.T) {
			v := start(t)
			v.people(1)
			v.hs["mappings"] = "[" + v.write("m.yaml", c.mapping) + "]"
			for _, command := range [][]string{{"backfill"}, {"config", "check"}} {
				v.says(v.millrace(command...), 2, filepath.Join(v.dir, c.want), c.hint)
			}
			if n := v.calls.Totals().Requests; n != 0 {
				t.Errorf("got %d requests, want none before the mapping is right", n)
			}
		})
	}
}

// TestRuleThatFailsForOneRecord: a filter that cannot be computed for one record makes a dead letter of it, says why,
// and lets the others pass. With the rule mended the letter is replayed without asking HubSpot.
func TestRuleThatFailsForOneRecord(t *testing.T) {
	v := start(t)
	v.hubspot.AddProperty("contacts", "score", "string", false)
	mapping := func(filter string) string {
		return v.write("m.yaml", "version: 1\nobjects:\n  contacts:\n    where:\n      good: "+filter+"\n")
	}
	v.hs["mappings"] = "[" + mapping(`'int(record.properties.score) > 5'`) + "]"
	ids := []string{}
	for _, score := range []string{"7", "none", "3"} {
		id := v.create("contacts", map[string]string{"lastname": "Novak " + score, "score": score})
		ids = append(ids, id)
	}
	o := v.millrace("backfill", "--give-up", "20s")
	v.says(o, 0, "Some records or items need a person: millrace dead list")
	list := v.millrace("dead", "list")
	v.says(list, 0, "record:hubspot/contacts/"+ids[1], `filter "good"`)
	if strings.Contains(list.out, "Novak") {
		t.Errorf("the list shows personal data:\n%s", list.out)
	}
	v.says(v.millrace("dead", "show", "record:hubspot/contacts/"+ids[1]), 0, "Novak none")
	for i, want := range []int{1, 0, 0} {
		if got := len(v.cards("contacts", ids[i])); got != want {
			t.Errorf("contact %d has %d cards, want %d", i, got, want)
		}
	}
	v.says(v.millrace("dead", "replay", "--all"), 1, "it failed again")

	mapping(`'record.properties.score != "3"'`)
	v.says(v.millrace("dead", "replay", "--all"), 0, "1 replayed")
	v.backfill()
	v.card("contacts", ids[1])
	if dead := v.status().Dead; dead != 0 {
		t.Errorf("%d dead letters are left, want 0", dead)
	}
}
