package canonical

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

// allTypes are the types that a field can have.
var allTypes = []Type{Text, Long, Enum, Integer, Decimal, Money, Bool, Date, Time, Birthday, Language, Script, Country, Region, Currency, Zone,
	Ref, Typed, Email, Phone, Domain, Refs, Strings, Stages, Addresses, Identifiers, Accounts, Affiliations, Roles, Moves, Lines, Promises,
	Participants, Files, Permissions, Moments, Figures, Texts, Localizations}

// samples are values of each type of one value, some of them none.
var samples = map[Type][]string{
	Integer: {"12", "007", "-3", "1.5"}, Decimal: {"0.50", "1e3", "-.5"}, Bool: {"true", "false", "no"}, Date: {"2026-11-22", "20261122", "soon"},
	Time: {"2026-11-22T17:30:00Z", "1795368600000", "2026-11-22"}, Birthday: {"--02-29", "1990-05-17"}, Language: {"pt_BR", "de", "xx-yy-zz"},
	Script: {"latn", "Cyrl"}, Country: {"HR", "Hrvatska", "Mars"}, Region: {"us-ca", "Bavaria"}, Currency: {"eur", "BTC"}, Zone: {"Europe/Zagreb", "UTC"},
	Ref: {"hs/contacts/1", "hs/owners/2", "nonsense"}, Enum: {"Opted In", "opted_out", "email", "decision_maker", "work"},
}

// drawJSON draws JSON that has roughly the shape of a type.
func drawJSON(t *rapid.T, typ Type) any {
	switch {
	case typ == Typed:
		tag := rapid.SampledFrom(Tags()).Draw(t, "tag")
		return map[string]any{"t": tag, "v": drawJSON(t, Tag(tag).Type())}
	case typ == Money:
		return map[string]any{"amount": rapid.SampledFrom([]string{"1", "12.345", "-0.5"}).Draw(t, "amount"), "currency": rapid.SampledFrom([]string{"EUR", "JPY", ""}).Draw(t, "currency")}
	case typ.IsMap():
		m := map[string]any{}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"de", "ja", "Lead Time", "mql", "sr_latn"}), 0, 4).Draw(t, "names") {
			m[name] = drawEntry(t, typ)
		}
		return m
	case parts[typ] != nil:
		list := make([]any, rapid.IntRange(0, 4).Draw(t, "elements"))
		for i := range list {
			list[i] = drawParts(t, typ)
		}
		return list
	case typ == Email:
		return []EmailAddress{{Address: rapid.StringMatching(`[A-Za-z]{1,5}@[a-z]{1,5}\.example`).Draw(t, "address"), Primary: true, Status: "bounced"}}
	case typ == Phone:
		return []PhoneNumber{{Raw: rapid.SampledFrom([]string{"+49 171 2345678", "555-0132", "+1 415 555 2671 x9"}).Draw(t, "phone"), Shared: true}}
	case typ == Stages:
		return []Stage{{ID: "a", Name: "A", Kind: "proposal"}}
	case typ.IsList():
		if typ == Domain {
			return []string{"www.acme.example"}
		}
		return rapid.SliceOfN(rapid.SampledFrom([]string{"hs/contacts/1", "hs/contacts/2"}), 0, 3).Draw(t, "list")
	case samples[typ] != nil:
		return rapid.SampledFrom(samples[typ]).Draw(t, string(typ))
	}
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", " ", "Ana", "\u202eAna\u202c", "a\nb"})).Draw(t, string(typ))
}

func drawParts(t *rapid.T, typ Type) map[string]any {
	m := map[string]any{}
	for _, p := range parts[typ] {
		if rapid.Bool().Draw(t, p.Name) {
			m[p.Name] = drawJSON(t, p.Type)
		}
	}
	return m
}

func drawEntry(t *rapid.T, typ Type) any {
	switch typ {
	case Localizations:
		return drawParts(t, typ)
	case Moments:
		return drawJSON(t, Time)
	case Figures:
		return drawJSON(t, Decimal)
	}
	return drawJSON(t, Text)
}

// TestEveryNormalFormIsAFixedPoint: whatever a value is made of, its normal form is JSON and its own normal form.
func TestEveryNormalFormIsAFixedPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(allTypes).Draw(t, "type")
		raw, err := json.Marshal(drawJSON(t, typ))
		if err != nil {
			t.Fatal(err)
		}
		one, err := Normalize(typ, json.RawMessage(raw))
		if err != nil {
			return
		}
		if !json.Valid(one) {
			t.Fatalf("%s of %s = %q, which is no JSON", typ, raw, one)
		}
		two, err := Normalize(typ, one)
		if err != nil || string(one) != string(two) {
			t.Fatalf("%s of %s = %s, whose normal form is %s, %v", typ, raw, one, two, err)
		}
	})
}

// TestEveryTypeIsTested: a type that a kind uses is in allTypes, and a part has a type of one value.
func TestEveryTypeIsTested(t *testing.T) {
	for _, k := range Kinds() {
		if len(Fields(k)) == 0 {
			t.Errorf("%s has no fields", k)
		}
		for _, d := range Fields(k) {
			isRef := d.Type == Ref || d.Type == Refs
			if !slices.Contains(allTypes, d.Type) || d.Help == "" || isRef != (d.To != "") {
				t.Errorf("%s of %s: type %s to %q, help %q", d.Name, k, d.Type, d.To, d.Help)
			}
		}
		for name := range choices[k] {
			if d, err := Lookup(k, name); err != nil || d.Type != Enum {
				t.Errorf("%s has choices for %s, which is %v, %v", k, name, d, err)
			}
		}
	}
	for typ, list := range parts {
		for _, p := range list {
			if p.Type != Strings && (p.Type.IsList() || p.Type.IsMap()) || p.Help == "" {
				t.Errorf("%s.%s: type %s, help %q", typ, p.Name, p.Type, p.Help)
			}
		}
	}
}

// TestWhatAnElementSays: the rules of lists that are made of parts.
func TestWhatAnElementSays(t *testing.T) {
	for _, c := range []struct {
		t        Type
		in, want string
	}{
		{Addresses, `[{"type":"home"}]`, `null`}, // a type alone says nothing
		{Addresses, `{"lines":"1 Mill Lane\nFloor 2","country":"uk"}`, `[{"lines":["1 Mill Lane","Floor 2"],"country":"GB"}]`},
		{Addresses, `[{"locality":"Leeds","country":"Utopia"}]`, ``},
		{Affiliations, `[{"organization":"hs/companies/1","primary":true},{"organization":"hs/companies/1"},{"organization":"hs/companies/2"}]`,
			`[{"organization":"hs/companies/1","primary":true},{"organization":"hs/companies/2"}]`}, // said before
		{Affiliations, `[{"organization":"hs/companies/1","role":"king"}]`, ``},
		{Permissions, `[{"channel":"email","status":"Opted Out","since":1795368600000}]`, `[{"channel":"email","status":"opted_out","since":"2026-11-22T17:30:00.000Z"}]`},
		{Lines, `[{"product":"Roller","quantity":2,"price":{"amount":"10","currency":"eur"}}]`, `[{"product":"Roller","quantity":"2","price":{"amount":"10.00","currency":"EUR"}}]`},
		{Moments, `{"Lead":"2026-11-22T17:30:00Z","customer":null,"mql":""}`, `{"lead":"2026-11-22T17:30:00.000Z"}`},
		{Localizations, `{"JA":{"full":"山田太郎","script":"jpan"},"de":{}}`, `{"ja":{"full":"山田太郎","script":"Jpan"}}`},
		{Texts, `{"b":"2","a":1}`, `{"a":"1","b":"2"}`},
		{Typed, `{"t":"multi_enum","v":["a","b","a"]}`, `{"t":"multi_enum","v":["a","b"]}`},
		{Typed, `{"t":"json","v":{"b" : [1.50, null]}}`, `{"t":"json","v":{"b":[1.50,null]}}`},
		{Typed, `{"t":"int","v":""}`, `null`},
		{Typed, `{"t":"number","v":1}`, ``},
	} {
		got, err := Normalize(c.t, json.RawMessage(c.in))
		if (err == nil) != (c.want != "") || err == nil && string(got) != c.want {
			t.Errorf("%s of %s = %s, %v; want %s", c.t, c.in, got, err, c.want)
		}
	}
	if got, err := AppendParts(nil, Addresses, gjson.Parse(`[{"locality":"Leeds","country":"Utopia"}]`), Options{}); err == nil || string(got) != `[{"locality":"Leeds","formatted":"Utopia"}]` {
		t.Errorf("a country that nobody knows = %s, %v; want it kept as formatted, and an error", got, err)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add(uint8(24), `[{"lines":["a"],"country":"HR"}]`)
	f.Add(uint8(17), `{"t":"json","v":[1]}`)
	f.Add(uint8(38), `{"de":{"full":"A"}}`)
	f.Fuzz(func(t *testing.T, n uint8, data string) {
		typ := allTypes[int(n)%len(allTypes)]
		one, err := Normalize(typ, json.RawMessage(data))
		if err != nil {
			return
		}
		two, err := Normalize(typ, one)
		if err != nil || string(one) != string(two) || !json.Valid(one) {
			t.Fatalf("%s of %q = %s, whose normal form is %s, %v", typ, data, one, two, err)
		}
	})
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"+49 171 2345678;ext=1", "۱۳۶۹/۰۲/۲۷", "Côte d'Ivoire", "zh-hant-tw", "us-ca", "--02-29", "Europe/Zagreb"} {
		f.Add(s, "DE", "persian")
	}
	f.Fuzz(func(t *testing.T, s, region, calendar string) {
		o := Options{Country: region, Calendar: Calendar(calendar)}
		for _, typ := range []Type{Phone, Country, Language, Script, Region, Currency, Zone, Birthday, Date, Decimal, Text, Long} {
			one, err := Append(nil, typ, s, o)
			if err != nil && !IsDoubt(err) {
				continue
			}
			two, err := Normalize(typ, json.RawMessage(one))
			if err != nil || string(one) != string(two) || !json.Valid(one) {
				t.Fatalf("%s of %q = %s, whose normal form is %s, %v", typ, s, one, two, err)
			}
		}
	})
}
