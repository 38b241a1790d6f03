package work

import (
	"encoding/json"
	"testing"

	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
)

// TestModelMembers: what lists of objects, maps and custom attributes look like in an expression, there or not.
func TestModelMembers(t *testing.T) {
	w := newWorld()
	full := w.put(t, "hs/contacts/1", canonical.Person, map[string]any{
		"name.full": "Ana", "labels": json.RawMessage(`{"segment":"smb"}`),
		"addresses":           []canonical.Address{{Type: "work", Lines: []string{"1 Mill Lane", "Floor 2"}, Locality: "Leeds", Country: "GB"}, {Locality: "Split"}},
		"identifiers":         []canonical.Identifier{{Scheme: "vat", Value: "DE1"}},
		"affiliations":        []canonical.Affiliation{{Organization: "hs/companies/1", Primary: true}},
		"custom.hubspot.tier": json.RawMessage(`{"t":"enum","v":"Gold"}`), "custom.plain": json.RawMessage(`{"t":"int","v":7}`),
		"attr.tier": json.RawMessage(`{"t":"multi_enum","v":["a","b"]}`)})
	bare := w.put(t, "hs/contacts/2", canonical.Person, map[string]any{"name.full": "Bo"})
	for _, c := range []struct{ expression, full, bare string }{
		{`person.address.street + "|" + person.address.locality + "|" + person.address.country`, "1 Mill Lane, Floor 2|Leeds|United Kingdom", "||"},
		{`join(map(person.addresses, .locality + "-" + .postcode + "-" + string(len(.lines))), " ")`, "Leeds--2 Split--0", ""},
		{`join(map(person.identifiers, .scheme + .value), " ")`, "vatDE1", ""},
		{`join(map(person.affiliations, .organization + " " + string(.primary) + .title), " ")`, "hs/companies/1 true", ""},
		{`person.labels.segment ?? "none"`, "smb", "none"},
		{`person.custom.hubspot?.tier ?? "none"`, "Gold", "none"},
		{`string(person.custom.plain ?? 0)`, "7", "0"},
		{`join(person.attr.tier ?? [], "+")`, "a+b", ""},
		{`string(person.do_not_contact) + person.birthday`, "false", "false"},
	} {
		text, err := json.Marshal(`"=" + (` + c.expression + `)`)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Load(mapping.File{Name: "r.yaml", Data: []byte("version: 1\nrules:\n  - {name: r, for: person, project: '\"P\"', title: " + string(text) + "}\n")})
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		for e, want := range map[*Entity]string{full: c.full, bare: c.bare} {
			got, _, err := r.Items(w, e)
			if err != nil || len(got) != 1 || got[0].Title != "="+want {
				t.Errorf("%s of %s: got %+v, %v; want %q", c.expression, e.ID, got, err, want)
			}
		}
	}
}
