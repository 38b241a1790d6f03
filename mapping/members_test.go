package mapping

import (
	"slices"
	"testing"
)

func TestMembersAreWhatTheRulesReadAtTheTop(t *testing.T) {
	const head = "version: 1\nobjects:\n  Account:\n    kind: organization\n    fields:\n      name: Name\n      "
	for name, c := range map[string]struct {
		more string
		want []string
	}{
		"paths":              {"phones: {each: [{path: Phone}]}\n      created: CreatedDate", []string{"CreatedDate", "Name", "Phone"}},
		"below the top":      {"addresses: {locality: BillingAddress.city}", []string{"BillingAddress", "Name"}},
		"an expression":      {"custom.tier: {expr: 'record.Score__c > 5 ? record.Tier__c : \"none\"'}", []string{"Name", "Score__c", "Tier__c"}},
		"a path with a star": {"lifecycle.entered: {each: [{in: \"Entered_*_at\"}]}", []string{"Entered_*_at", "Name"}},
		"the whole record":   {"custom.tier: {expr: 'string(len(record))'}", nil},
		"a computed name":    {"custom.tier: {expr: 'record[record.Which]'}", nil},
	} {
		got := load(t, head+c.more+"\n").Members("Account")
		if slices.Compare(got, c.want) != 0 || (got == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if got := load(t, head+"url: Website\n").Members("Contact"); got != nil {
		t.Errorf("an object without rules: got %v, want none", got)
	}
}

func TestMembersBelowTheTop(t *testing.T) {
	const head = "version: 1\nobjects:\n  deals:\n    kind: deal\n    fields:\n      name: "
	for name, c := range map[string]struct {
		rules string
		want  []string
	}{
		"paths":              {"properties.dealname\n      amount: properties.amount\n      url: url", []string{"amount", "dealname"}},
		"a path with a star": {"properties.dealname\n      stage_history: {in: \"properties.entered_*\", stage: $key, entered_at: $value}", []string{"dealname", "entered_*"}},
		"an expression":      {"{expr: 'record.properties.dealname'}", []string{"dealname"}},
		"the whole member":   {"{expr: 'string(len(record.properties))'}", nil},
		"the whole record":   {"{expr: 'string(len(record))'}", nil},
		"nothing of it":      {"title", []string{}},
		"custom takes all":   {"properties.dealname\n    custom: {from: properties, as: hubspot}", nil},
		"custom takes some":  {"properties.dealname\n    custom: {from: properties, as: hubspot, only: [\"our_*\"]}", []string{"dealname", "our_*"}},
	} {
		got := load(t, head+c.rules+"\n").Members("deals", "properties")
		if slices.Compare(got, c.want) != 0 || (got == nil) != (c.want == nil) {
			t.Errorf("%s: got %#v, want %#v", name, got, c.want)
		}
	}
}
