package work

import "testing"

// A deal that is called after its customer does not say so twice; one that only begins with the same letters does.
func TestOfNamesTheCustomerOnce(t *testing.T) {
	for _, c := range [][3]string{
		{"Acme", "Renewal", "Acme – Renewal"},
		{"Acme", "Acme: order 1009", "Acme: order 1009"},
		{"Acme", "Acme - 1200 Widgets", "Acme - 1200 Widgets"},
		{"Acme", "Acme", "Acme"},
		{"Box", "Boxing gloves", "Box – Boxing gloves"},
		{"Area 5", "Area 51: fence", "Area 5 – Area 51: fence"},
		{"Меридиан", "Меридиана", "Меридиан – Меридиана"},
		{"Acme", "", "Acme – "},
	} {
		if got := of(c[0], c[1]); got != c[2] {
			t.Errorf("%q of %q: got %q, want %q", c[1], c[0], got, c[2])
		}
	}
}
