package canonical_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/envelope"
	"github.com/millrace/millrace/mapping/identity"
)

var update = flag.Bool("update", false, "write the schemas in testdata anew")

// TestSchemasAreKnown: the published schemas only change on purpose. What is added raises the minor, what is changed
// or removed the major.
func TestSchemasAreKnown(t *testing.T) {
	for _, k := range canonical.Kinds() {
		got, file := canonical.JSONSchema(k), filepath.Join("testdata", "schema", string(k)+".json")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got another schema than %s (%v); run the test with -update, and raise the version", k, file, err)
		}
	}
}

func TestReadSchema(t *testing.T) {
	for name, want := range map[string]canonical.Kind{
		"person/1.0": canonical.Person, "deal/1.7": canonical.Deal, "person/2.0": "", "person/0.9": "", "human/1.0": "",
		"person": "", "person/1": "", "person/1.x": "", "/1.0": "", "": "", "person/1.-1": "",
	} {
		got, err := canonical.ReadSchema(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ReadSchema(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	if got := canonical.SchemaOf(canonical.Person); got != "person/1.0" {
		t.Errorf("the schema of a person is %s; want person/1.0", got)
	}
}

func compiled(t *testing.T, k canonical.Kind) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(canonical.JSONSchema(k)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("k.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("k.json")
	if err != nil {
		t.Fatalf("%s: %v", k, err)
	}
	return s
}

// said are values of each type as a vendor may write them.
var said = map[canonical.Type]string{
	canonical.Integer: `12`, canonical.Decimal: `"0.50"`, canonical.Money: `{"amount":"12","currency":"eur"}`, canonical.Bool: `true`,
	canonical.Date: `"2026-11-22"`, canonical.Time: `"2026-11-22T17:30:00Z"`, canonical.Birthday: `"--05-17"`, canonical.Language: `"pt_br"`,
	canonical.Script: `"cyrl"`, canonical.Currency: `"eur"`, canonical.Zone: `"Europe/Zagreb"`, canonical.Ref: `"hs/contacts/1"`,
	canonical.Email: `[{"address":"Ana@b.example","type":"work","primary":true,"verified":true,"status":"bounced","bounced_at":"2026-11-22","shared":true}]`,
	canonical.Phone: `[{"raw":"+49 171 2345678 x9","type":"mobile","primary":true,"shared":true}]`, canonical.Domain: `["b.example"]`,
	canonical.Refs: `["hs/contacts/1"]`, canonical.Strings: `["a"]`, canonical.Stages: `[{"id":"a","name":"A","order":0,"kind":"won","probability":"1","closed":true,"won":true}]`,
	canonical.Moments: `{"lead":"2026-11-22"}`, canonical.Figures: `{"n":"-1.5"}`, canonical.Texts: `{"a":"b"}`, canonical.Localizations: `{"ja":{"full":"山田"}}`,
	canonical.Typed: `{"t":"enum","v":"Gold"}`,
}

// whole returns a profile that claims every field of a kind.
func whole(t *testing.T, k canonical.Kind) *canonical.Profile {
	t.Helper()
	p := &canonical.Profile{Kind: k}
	claim := func(name string, typ canonical.Type, only []string) {
		text, ok := said[typ]
		switch {
		case only != nil:
			text = `"` + only[0] + `"`
		case canonical.Parts(typ) != nil && !ok:
			text = partsOf(typ)
		case !ok:
			text = `"Some text"`
		}
		value, err := canonical.Normalize(typ, json.RawMessage(text))
		if err != nil || canonical.IsNull(value) {
			t.Fatalf("%s of %s: %s, %v", name, k, value, err)
		}
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: value})
	}
	for _, d := range canonical.Fields(k) {
		claim(d.Name, d.Type, canonical.Choices(k, d.Name))
	}
	claim("custom.hubspot.tier", canonical.Typed, nil)
	claim("attr.tier", canonical.Typed, nil)
	slices.SortFunc(p.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	return p
}

func partsOf(typ canonical.Type) string {
	members := map[string]json.RawMessage{}
	for _, part := range canonical.Parts(typ) {
		switch {
		case part.Only != nil:
			members[part.Name] = json.RawMessage(`"` + part.Only[0] + `"`)
		case part.Type == canonical.Country:
			members[part.Name] = json.RawMessage(`"HR"`)
		case said[part.Type] != "":
			members[part.Name] = json.RawMessage(said[part.Type])
		default:
			members[part.Name] = json.RawMessage(`"Some text"`)
		}
	}
	b, _ := json.Marshal([]any{members}) // texts always encode
	return string(b)
}

// TestDocumentsFitTheirSchema: what is written fits what is published, for every field of every kind, also with what a
// higher minor adds; and a value of another type does not.
func TestDocumentsFitTheirSchema(t *testing.T) {
	for _, k := range canonical.Kinds() {
		s := compiled(t, k)
		g := identity.Merge(k, []identity.Source{{Ref: "hs/things/1", Version: time.Unix(1, 0), Live: true, Profile: whole(t, k)}}, nil)
		e, err := envelope.Of(&g, envelope.About{ID: k.Prefix() + "1", Version: 3, Created: time.Unix(1, 0), Updated: time.Unix(2, 0)})
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		check := func(text string) error {
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			return s.Validate(doc)
		}
		if err := check(string(text)); err != nil {
			t.Errorf("%s: %v\n%s", k, err, text)
		}
		later := strings.Replace(strings.Replace(string(text), "/1.0", "/1.9", 1), `"data":{`, `"data":{"of_a_later_minor":[1],`, 1)
		if err := check(later); err != nil {
			t.Errorf("%s of a higher minor: %v", k, err)
		}
		if err := check(strings.Replace(string(text), "/1.0", "/2.0", 1)); err == nil {
			t.Errorf("%s of a higher major fits; want not", k)
		}
		if k == canonical.Deal && check(strings.Replace(string(text), `"status":"open"`, `"status":"odd"`, 1)) == nil {
			t.Error("a status that is none fits; want not")
		}
	}
}

// TestSchemasNameWhatDocumentsHave: no member of a document is left to be found out.
func TestSchemasNameWhatDocumentsHave(t *testing.T) {
	for _, k := range canonical.Kinds() {
		var schema, document map[string]any
		g := identity.Merge(k, []identity.Source{{Ref: "hs/things/1", Version: time.Unix(1, 0), Live: true, Profile: whole(t, k)}}, nil)
		e, err := envelope.Of(&g, envelope.About{ID: k.Prefix() + "1", Aliases: []string{"x"}, Tenant: "acme", Version: 3})
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(json.Unmarshal(text, &document), json.Unmarshal(canonical.JSONSchema(k), &schema)); err != nil {
			t.Fatal(err)
		}
		for _, name := range unnamed(schema, document, "") {
			t.Errorf("%s: the schema does not name %s", k, name)
		}
	}
}

// unnamed lists the members of a value that a schema which names members does not name.
func unnamed(schema map[string]any, value any, at string) []string {
	var list []string
	switch v := value.(type) {
	case []any:
		if items, ok := schema["items"].(map[string]any); ok {
			for _, element := range v {
				list = append(list, unnamed(items, element, at+"[]")...)
			}
		}
	case map[string]any:
		named, ok := schema["properties"].(map[string]any)
		for name, member := range v {
			if inner, known := named[name].(map[string]any); known {
				list = append(list, unnamed(inner, member, at+"."+name)...)
			} else if ok {
				list = append(list, at+"."+name)
			}
		}
	}
	return list
}
