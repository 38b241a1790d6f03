package hubspot_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/mapping"
)

// elsewhere are what the model's list of mappings names and the rules do not read, and why.
var elsewhere = map[string]string{
	"hs_object_id": "it is the id again",
	"updatedAt":    "the connector makes it the record's version", "archived": "the connector makes it the record's deletion",
	"propertiesWithHistory": "histories are not read: they would cost a request for each 50 objects",
}

// notRead are objects of the list that the connector has no stream for.
var notRead = []string{"engagements (emails,calls,meetings,notes,tasks,communications)", "emails", "calls", "meetings", "notes", "tasks"}

// TestModelRowsAreMapped: every row of the model's list of mappings that is about an object we read is read by a rule,
// or here with a reason.
func TestModelRowsAreMapped(t *testing.T) {
	data, err := os.ReadFile(shared(t, "mappings.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: hubspot.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(line, "\t")
		if row[0] != "hubspot" || slices.Contains(notRead, row[1]) {
			continue
		}
		rows++
		paths := rules.Paths(row[1])
		if len(paths) == 0 {
			t.Errorf("%s: there are no rules", row[1])
		}
		for _, name := range namesIn(row[2]) {
			if _, known := elsewhere[name]; !known && !slices.ContainsFunc(paths, func(p string) bool { return reads(p, name) }) {
				t.Errorf("%s: nothing reads %s, which the list maps to %s", row[1], name, row[4])
			}
		}
	}
	if rows < 35 {
		t.Errorf("got %d rows of objects we read, want at least 35", rows)
	}
}

var (
	braces  = regexp.MustCompile(`\{([A-Za-z,]+)\}`)
	aside   = regexp.MustCompile(`\([^)]*\)`)
	between = regexp.MustCompile(`[ ,/+]+`)
)

// namesIn takes the names of properties out of a cell such as "address,city / hs_{a,b}_date (association)".
func namesIn(cell string) (names []string) {
	if before, _, found := strings.Cut(cell, "["); found { // propertiesWithHistory[p][].{value,…}
		return []string{before}
	}
	cell = aside.ReplaceAllString(cell, "")
	m := braces.FindStringSubmatchIndex(cell)
	if m != nil {
		for one := range strings.SplitSeq(cell[m[2]:m[3]], ",") {
			names = append(names, namesIn(cell[:m[0]]+one+cell[m[1]:])...)
		}
		return names
	}
	for _, name := range between.Split(cell, -1) {
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "properties."), ".dealstage")
		if name = strings.TrimPrefix(name, "associations."); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// reads reports whether a rule's path leads to a property or an association.
func reads(path, name string) bool {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "properties."), "associations.")
	if before, after, star := strings.Cut(path, "*"); star && !strings.Contains(before, "[") {
		return strings.HasPrefix(name, before) && strings.HasSuffix(name, after) && len(name) > len(before)+len(after)
	}
	return path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[")
}
