package imap_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/imap"
	"github.com/millrace/millrace/mapping"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, imap.Connector, ".") }

// read says which paths of a record read what a row of the model's list names; what has none has a reason.
var read = map[string][]string{
	"Message-ID":                       {"message_id"}, // and it is what the reference is made of
	"UIDVALIDITY + UID + mailbox":      nil,            // the place is in no record: the same mail in two folders is one
	"In-Reply-To / References":         {"thread"},
	"From / Sender / Reply-To":         {"from[*]", "sender[*]", "reply_to[*]"},
	"To / Cc / Bcc":                    {"to[*]", "cc[*]", "bcc[*]"},
	"Date (fallback INTERNALDATE)":     {"occurred_at"},
	"Subject":                          {"subject"},
	"body (text/plain else html2text)": {"body", "snippet"},
	"Auto-Submitted / Precedence / List-Id / List-Unsubscribe": {"automated", "list_id"},
	"Content-Type: multipart/report (DSN)":                     {"auto", "bounce.recipients[*]"}, // a record makes one profile: the interaction names the address, no person is made of it
	"direction":                                                {"direction"},
}

// TestModelRowsAreMapped: every row of the model's list of mappings is read by a rule, or has a reason above.
func TestModelRowsAreMapped(t *testing.T) {
	data, err := os.ReadFile(connectortest.Shared(t, "mappings.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: imap.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	paths, rows := rules.Paths("messages"), 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(line, "\t")
		if row[0] != "imap" {
			continue
		}
		rows++
		want, known := read[row[2]]
		if !known {
			t.Errorf("nothing reads %s, which the list maps to %s", row[2], row[4])
		}
		for _, path := range want {
			expression := path == "auto" || strings.HasPrefix(path, "bounce")
			if !expression && !slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, path) }) {
				t.Errorf("%s: no rule reads %s of %q", row[2], path, paths)
			}
		}
	}
	if rows < 11 {
		t.Errorf("got %d rows, want all 11", rows)
	}
}
