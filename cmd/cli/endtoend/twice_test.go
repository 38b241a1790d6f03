package endtoend

import (
	"slices"
	"strings"
	"testing"
)

// TestTwoAccountsOfOneVendor: the same ids in two accounts are different records; the same customer in both is one card
// with both sources, and either account can lose its record without losing the card.
func TestTwoAccountsOfOneVendor(t *testing.T) {
	v := start(t)
	b := v.second()
	add := func(a account, first, address string) string {
		id, err := a.Create("contacts", map[string]string{"firstname": first, "lastname": "Novak", "email": address})
		v.ok(err)
		return id
	}
	inA, inB := add(v.first(), "Ana", "ana@novak.example"), add(b, "Ana", "ANA@novak.example")
	onlyB := add(b, "Ivo", "ivo@novak.example")
	onlyA := add(v.first(), "Eva", "eva@novak.example")
	if inA != inB || onlyA != onlyB {
		t.Fatalf("ids %s, %s and %s, %s: the accounts should use the same", inA, inB, onlyA, onlyB)
	}
	if s := v.backfill(); s.Customers != 3 || s.Items.Created != 3 {
		t.Errorf("got %d customers and %d new items, want 3 and 3", s.Customers, s.Items.Created)
	}
	shows := func(want ...string) {
		t.Helper()
		var got []string
		for _, task := range v.asana.Tasks() {
			if !task.Completed {
				got = append(got, strings.Join(sourcesOf(task), "+"))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("the cards show %v, want %v", got, want)
		}
	}
	shows("hubspot/contacts/"+inA+"+hubspot2/contacts/"+inB, "hubspot/contacts/"+onlyA, "hubspot2/contacts/"+onlyB)

	v.later()
	v.ok(b.Set("contacts", map[string]string{"email": "somebody@else.example", "firstname": "Zoe"}, inB))
	v.later()
	v.backfill()
	shows("hubspot/contacts/"+inA, "hubspot/contacts/"+onlyA, "hubspot2/contacts/"+inB, "hubspot2/contacts/"+onlyB)
}
