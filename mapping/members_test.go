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
		"paths":            {"phones: {each: [{path: Phone}]}\n      created: CreatedDate", []string{"CreatedDate", "Name", "Phone"}},
		"below the top":    {"addresses: {locality: BillingAddress.city}", []string{"BillingAddress", "Name"}},
		"an expression":    {"custom.tier: {expr: 'record.Score__c > 5 ? record.Tier__c : \"none\"'}", []string{"Name", "Score__c", "Tier__c"}},
		"the whole record": {"custom.tier: {expr: 'string(len(record))'}", nil},
		"a computed name":  {"custom.tier: {expr: 'record[record.Which]'}", nil},
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
