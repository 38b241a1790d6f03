package verbatim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/verbatim"
)

// TestMembers: spaces, order and spelling of what was there stay.
func TestMembers(t *testing.T) {
	const row = `{"id": 1.0, "name":"Zo\u00eb" }`
	for want, got := range map[string]json.RawMessage{
		`{"id": 1.0, "name":"Zo\u00eb","group":"x"}`: verbatim.With([]byte(row), gjson.Parse(row), "group", `"x"`),
		`{"a":1}`:               verbatim.With([]byte("{ }"), gjson.Parse("{ }"), "a", "1"),
		row:                     verbatim.With([]byte(row), gjson.Parse(row), "id", "2"),
		"{}":                    verbatim.With([]byte("{}"), gjson.Parse("{}"), "none", ""),
		`{"id": 1.0 }`:          verbatim.Without([]byte(row), "name"),
		`{ "name":"Zo\u00eb" }`: verbatim.Without([]byte(row), "id"),
	} {
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzMembers: adding and taking off members leaves the rest of an object as it was.
func FuzzMembers(f *testing.F) {
	f.Add(`{"id":1,"deleted_at":null}`, `"x"`)
	f.Add(`{"deleted_at":null, "a":{"deleted_at":1}} `, `{"y":[1]}`)
	f.Fuzz(func(t *testing.T, object, value string) {
		row := gjson.Parse(object)
		if !gjson.Valid(object) || !row.IsObject() || !gjson.Valid(value) || strings.TrimSpace(value) != value {
			return
		}
		data := json.RawMessage(row.Raw)
		added := verbatim.With(data, row, "added", value)
		if !gjson.ValidBytes(added) {
			t.Fatalf("With: got %s of %s", added, object)
		}
		if !row.Get("added").Exists() && gjson.GetBytes(added, "added").Raw != value {
			t.Errorf("With: got %s, want %s in it", added, value)
		}
		less := verbatim.Without(data, "deleted_at")
		if !gjson.ValidBytes(less) {
			t.Fatalf("Without: got %s of %s", less, object)
		}
		row.ForEach(func(k, v gjson.Result) bool {
			if name := k.String(); name != "deleted_at" && !strings.ContainsAny(name, `.*?|#@\!{}[]()=<>%~:`) && strings.Count(object, `"`+name+`"`) == 1 && gjson.GetBytes(less, name).Raw != v.Raw {
				t.Errorf("Without: %s became %s", object, less)
			}
			return true
		})
	})
}
