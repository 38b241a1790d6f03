package mailchimp_test

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
	"id": "the hash of the address; the record is called by the contact id", "list_id": "the membership's audience", "contact_id": "the record's id",
	"interests": "read as interest_ids, those that are true", "last_changed": "the connector makes it the record's version",
	"ip_signup": "a network address is personal and no field of a person's consents", "ip_opt": "a network address is personal and no field of a person's consents",
	"activity": "each of its elements is a record", "region": "read below location",
}

// names are the objects as the list calls them.
var names = map[string]string{"lists/members": "members", "reports/email-activity": "email_activity"}

// TestModelRowsAreMapped: every row of the model's list of mappings is read by a rule, or here with a reason.
func TestModelRowsAreMapped(t *testing.T) {
	data, err := os.ReadFile(connectortest.Shared(t, "mappings.tsv"))
	must(t, err)
	rules := ownRules(t)
	rows := 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(line, "\t")
		if row[0] != "mailchimp" {
			continue
		}
		rows++
		object := row[1]
		if names[object] != "" {
			object = names[object]
		}
		paths := rules.Paths(object)
		if len(paths) == 0 {
			t.Errorf("%s: there are no rules", object)
		}
		for _, name := range namesIn(row[2]) {
			_, known := elsewhere[name]
			if !known && !slices.ContainsFunc(paths, func(p string) bool { return reads(p, name) }) {
				t.Errorf("%s: nothing reads %s, which the list maps to %s", object, name, row[4])
			}
		}
	}
	if rows < 9 {
		t.Errorf("got %d rows, want at least 9", rows)
	}
}

var (
	aside   = regexp.MustCompile(`\([^)]*\)|\[[^\]]*\]|of lowercase email`)
	between = regexp.MustCompile(`[ ,/+{}]+`)
)

// namesIn takes the names of members out of a cell such as "merge_fields.FNAME / LNAME / location.{country_code,timezone}".
func namesIn(cell string) (names []string) {
	for _, name := range between.Split(aside.ReplaceAllString(cell, ""), -1) {
		if name = strings.Trim(name, "."); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// reads reports whether a rule's path leads to a member, whatever stands before it.
func reads(path, name string) bool {
	at := strings.Index("."+path, "."+name)
	return at >= 0 && (len(path) == at+len(name) || strings.ContainsRune(".[", rune(path[at+len(name)])))
}
