package cli

import "testing"

func TestValueText(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`"Ana"`, "Ana"},
		{`null`, "(empty)"},
		{`""`, "(empty)"},
		{`["a","b"]`, "a, b"},
		{`true`, "yes"},
		{`250`, "250"},
		{`{"amount":"12500.00","currency":"EUR"}`, "12500.00 EUR"},
		{`[{"address":"ana@acme.example","type":"work","primary":true},{"address":"a@home.example"}]`,
			"ana@acme.example (primary, work), a@home.example"},
		{`[{"raw":"030 1","e164":"+49301","type":"mobile"},{"raw":"000"}]`, "+49301 (mobile), 000"},
		{`[{"lines":["Main St 1"],"postcode":"10115","locality":"Berlin","country":"DE","type":"work"}]`,
			"Main St 1, 10115 Berlin, DE (work)"},
		{`[{"scheme":"vat","value":"DE1"}]`, "vat DE1"},
		{`{"stage":"customer","at":"2026"}`, "at 2026, stage customer"},
		{`"evil\u001b[31m"`, "evil[31m"},
	} {
		if got := valueText([]byte(c.raw)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.raw, got, c.want)
		}
	}
}
