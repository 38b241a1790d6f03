package zendesk_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
)

// elsewhere are what the model's list of mappings names and the rules do not read, and why.
var elsewhere = map[string]string{
	"active": "the connector makes it the record's deletion", "permanently_deleted": "the connector makes it the record's deletion",
	"deleted_at": "the connector makes it the record's deletion", "generated_timestamp": "the connector makes it the record's version",
	"organization_memberships": "the stream of that name reads it", "custom_fields": "read as custom_field_values, by the ids of the fields",
	"user_fields": "all its members become custom attributes", "organization_fields": "all its members become custom attributes",
	"group_id": "read by its name, group_name", "comment": "read as satisfaction_rating.comment, and in satisfaction_ratings",
}

// TestModelRowsAreMapped: every row of the model's list of mappings is read by a rule, or here with a reason.
func TestModelRowsAreMapped(t *testing.T) {
	data, err := os.ReadFile(connectortest.Shared(t, "mappings.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rules := ownRules(t)
	rows := 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(line, "\t")
		if row[0] != "zendesk" {
			continue
		}
		rows++
		object, prefix := row[1], ""
		if object == "ticket_metrics" { // they come with the tickets
			object, prefix = "tickets", "metric_set."
		}
		paths := rules.Paths(object)
		if len(paths) == 0 {
			t.Errorf("%s: there are no rules", object)
		}
		for _, name := range namesIn(row[2]) {
			_, known := elsewhere[name]
			if !known && !slices.ContainsFunc(paths, func(p string) bool { return reads(p, prefix+name) }) {
				t.Errorf("%s: nothing reads %s, which the list maps to %s", object, name, row[4])
			}
		}
	}
	if rows < 20 {
		t.Errorf("got %d rows, want at least 20", rows)
	}
}

var (
	aside   = regexp.MustCompile(`\([^)]*\)|\[[^\]]*\]`)
	between = regexp.MustCompile(`[ ,/+]+`)
)

// namesIn takes the names of members out of a cell such as "priority (low,high) / custom_fields[] + via.channel".
func namesIn(cell string) (names []string) {
	for _, name := range between.Split(aside.ReplaceAllString(cell, ""), -1) {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// reads reports whether a rule's path leads to a member.
func reads(path, name string) bool {
	return path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[")
}
