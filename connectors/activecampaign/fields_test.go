package activecampaign

import (
	"encoding/json"
	"testing"

	"github.com/tidwall/gjson"
)

// TestTypedValues: a custom field has the type that the list of fields says, unless its value does not look like that.
func TestTypedValues(t *testing.T) {
	for _, c := range []struct{ kind, value, want string }{
		{"text", "x", `{"t":"string","v":"x"}`},
		{"hidden", "x", `{"t":"string","v":"x"}`},
		{"textarea", "a\nb", `{"t":"text","v":"a\nb"}`},
		{"date", "2026-12-24", `{"t":"date","v":"2026-12-24"}`},
		{"date", "soon", `{"t":"string","v":"soon"}`},
		{"date", "2026-02-30", `{"t":"string","v":"2026-02-30"}`},
		{"datetime", "2026-12-24T09:00:00-05:00", `{"t":"datetime","v":"2026-12-24T09:00:00-05:00"}`},
		{"datetime", "24.12.", `{"t":"string","v":"24.12."}`},
		{"dropdown", "Gold", `{"t":"enum","v":"Gold"}`},
		{"radio", "Gold", `{"t":"enum","v":"Gold"}`},
		{"listbox", "||Red||Blue||", `{"t":"multi_enum","v":["Red","Blue"]}`},
		{"checkbox", "Red", `{"t":"multi_enum","v":["Red"]}`},
		{"multiselect", "|| Red ||", `{"t":"multi_enum","v":["Red"]}`},
		{"number", "1.50", `{"t":"decimal","v":"1.50"}`},
		{"number", "many", `{"t":"string","v":"many"}`},
		{"", "x", `{"t":"string","v":"x"}`},
		{"hologram", "x", `{"t":"string","v":"x"}`},
	} {
		got, err := json.Marshal(typedValue(c.kind, c.value))
		if err != nil || string(got) != c.want {
			t.Errorf("%s %q: got %s and %v, want %s", c.kind, c.value, got, err, c.want)
		}
	}
}

// TestFieldsWithoutAValueClaimNothing: nor do dates that are none. A field that was deleted keeps its number.
func TestFieldsWithoutAValueClaimNothing(t *testing.T) {
	b := &beside{fields: byID(gjson.Parse(`[{"id":"1","type":"text","perstag":"A"},{"id":"2","type":"date","perstag":"B"}]`))}
	got := encoded(b.fieldsOf(gjson.Parse(`[{"field":"1","value":""},{"field":"1","value":"||||"},{"field":"2","value":"0000-00-00"},{"field":"2","value":"0000-00-00 00:00:00"},
		{"field":"1","value":null},{"field":"9","value":"left"}]`).Array()))
	if got != `{"field_9":{"t":"string","v":"left"}}` {
		t.Errorf("got %s", got)
	}
}
