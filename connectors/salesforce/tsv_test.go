package salesforce_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/mapping"
)

// elsewhere are what the model's list of mappings names and the rules do not read, and why.
var elsewhere = map[string]string{
	"MasterRecordId": "the connector makes it the record's deletion", "IsDeleted": "the connector makes it the record's deletion",
	"SystemModstamp":         "the connector makes it the record's version",
	"Person*":                "the contact behind a person account carries the person; its row has them",
	"PersonContactId":        "deals point to it: Account.PersonContactId in the opportunity's record",
	"EmailBouncedDate":       "an address that bounced has EmailBouncedReason",
	"ConvertedOpportunityId": "a deal has a field for its lead, but a lead has none for its deal",
	"SuppliedEmail":          "a ticket has no place for an address without a person", "SuppliedName": "as SuppliedEmail",
}

// among are the objects whose rows the list writes as one.
var among = map[string][]string{"Task": {"Task", "Activity"}, "Campaign / CampaignMember": {"Campaign", "CampaignMember"}}

// TestModelRowsAreMapped: every row of the model's list of mappings is read by a rule, or here with a reason.
func TestModelRowsAreMapped(t *testing.T) {
	data, err := os.ReadFile(connectortest.Shared(t, "mappings.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: salesforce.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(line, "\t")
		if row[0] != "salesforce" {
			continue
		}
		rows++
		objects := among[row[1]]
		if objects == nil {
			objects = []string{row[1]}
		}
		var paths []string
		for _, object := range objects {
			paths = append(paths, rules.Paths(object)...)
		}
		for _, name := range namesIn(row[2]) {
			if _, known := elsewhere[name]; !known && !slices.ContainsFunc(paths, func(p string) bool { return readsName(p, name) }) {
				t.Errorf("%s: nothing reads %s, which the list maps to %s", row[1], name, row[4])
			}
		}
	}
	if rows < 67 {
		t.Errorf("got %d rows, want all 67", rows)
	}
}

var (
	aside   = regexp.MustCompile(`\([^)]*\)`)
	between = regexp.MustCompile(`[ ,/]+`)
)

// namesIn takes the names of fields out of a cell such as "BillingStreet/City (via …)" or "OpportunityContactRole.ContactId/Role".
func namesIn(cell string) (names []string) {
	cell = strings.ReplaceAll(aside.ReplaceAllString(cell, ""), "…", "")
	before := ""
	for _, name := range between.Split(strings.TrimSpace(cell), -1) {
		for _, compound := range []string{"Billing", "Shipping"} {
			if strings.HasPrefix(name, compound) {
				before = compound
			}
		}
		switch {
		case name == "" || name == "*__c": // the golden records have some
		case name == "Mailing*":
			names = append(names, "MailingStreet", "MailingCity", "MailingCountryCode")
		case before != "" && !strings.HasPrefix(name, before):
			names = append(names, before+name)
		default:
			name, _, _ = strings.Cut(name, ".")
			names = append(names, name)
		}
	}
	return names
}

// readsName reports whether a rule's path leads to a field or to a list of children.
func readsName(path, name string) bool {
	switch name {
	case "OpportunityContactRole":
		name = "OpportunityContactRoles"
	case "Role":
		return path == "OpportunityContactRoles[*]"
	case "IsPrimary":
		return path == "OpportunityContactRoles[IsPrimary=true].ContactId"
	case "OpportunityHistory":
		name = "OpportunityHistories"
	case "OpportunityFieldHistory":
		name = "Histories"
	}
	return path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[")
}
