package card_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/card"
	"github.com/millrace/millrace/mapping/identity"
)

var update = flag.Bool("update", false, "write the golden files")

// golden makes a golden record of one source.
func golden(t testing.TB, kind canonical.Kind, claims map[string]any) identity.Golden {
	t.Helper()
	p := &canonical.Profile{Kind: kind}
	for name, value := range claims {
		def, err := canonical.Lookup(kind, name)
		if err != nil {
			t.Fatal(err)
		}
		normal, err := canonical.Normalize(def.Type, value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: normal})
	}
	slices.SortFunc(p.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	return identity.Merge(kind, []identity.Source{{Ref: "hs/contacts/1", Live: true, Profile: p}}, nil)
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

var cards = map[string]struct {
	kind   canonical.Kind
	claims map[string]any
}{
	"person": {canonical.Person, map[string]any{
		"name.full": "Dr. Anna-Lena von Müller, PhD", "name.given": "Anna-Lena", "name.family": "von Müller", "name.prefix": "Dr.", "name.suffix": "PhD", "name.middle": "Marie; Luise",
		"name.order": "given_first", "name.nick": "Leni", "name.localizations": raw(`{"ja":{"full":"ミュラー アンナ"},"fa":{"given":"آنا","family":"مولر"}}`),
		"emails":    []canonical.EmailAddress{{Address: "a.mueller@acme.example", Display: "A.Mueller@ACME.example", Type: "work", Primary: true}, {Address: "anna@home.example", Type: "personal"}},
		"phones":    []canonical.PhoneNumber{{Raw: "+49 171 2345678", Type: "mobile", Primary: true}, {Raw: "555-0132 x12", Type: "work"}, {Raw: "+385 1 4817 344", Type: "fax"}},
		"addresses": raw(`[{"type":"work","lines":["Ilica 1, 2. kat","p.p. 7"],"locality":"Zagreb","region":"HR-21","postcode":"10000","country":"HR","formatted":"Ilica 1\n10000 \"Zagreb\""},{"type":"billing","locality":"Split","country":"HR"}]`),
		"title":     "COO", "company": "Acme; Söhne", "affiliations": raw(`[{"organization":"hs/companies/7","title":"Advisor","department":"Board","role":"decision_maker"}]`),
		"online":   raw(`[{"service":"linkedin","handle":"annam","url":"https://linkedin.example/in/annam"},{"service":"wechat","handle":"anna_m"}]`),
		"language": "de-AT", "timezone": "Europe/Vienna", "birthday": "--02-29", "gender": "female", "tags": []string{"vip", "a,b"}, "notes": "Likes tea.\nCalls back; always. This line is long enough that it has to be folded, äöü and all of that.",
		"created": "2020-01-02T03:04:05Z", "do_not_contact": true,
	}},
	"person_han":   {canonical.Person, map[string]any{"name.given": "太郎", "name.family": "山田", "name.order": "family_first", "name.script": "Jpan", "name.localizations": raw(`{"en":{"given":"Taro","family":"Yamada"}}`), "birthday": "1985-04-12"}},
	"person_hindi": {canonical.Person, map[string]any{"name.full": "श्रीमती अनुष्का शर्मा", "emails": []string{"anushka@उदाहरण.example"}}},
	"person_bare":  {canonical.Person, map[string]any{"emails": []string{"x@acme.example"}, "title": "Boss"}},
	"organization": {canonical.Organization, map[string]any{"name": "Acme d.o.o.", "legal_name": "ACME društvo s ograničenom odgovornošću", "website": "https://acme.example/über uns", "phones": []string{"+385 1 4817 344"}, "description": "Steel.", "tags": []string{"partner"}}},
}

var options = card.Options{ID: "per_01JZ9K3V7Q8M2N4P6R8S0T2V4X", Updated: time.Date(2026, 11, 22, 10, 0, 0, 120_000_000, time.UTC), Organization: func(ref string) string {
	return map[string]string{"hs/companies/7": "Globex"}[ref]
}}

func TestCards(t *testing.T) {
	for name, c := range cards {
		g := golden(t, c.kind, c.claims)
		js, err := card.JSContact(&g, options)
		if err != nil {
			t.Fatal(err)
		}
		checkJSContact(t, js)
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, js, "", "  "); err != nil {
			t.Fatal(err)
		}
		compare(t, name+".json", append(pretty.Bytes(), '\n'))
		v, err := card.VCard(&g, options)
		if err != nil {
			t.Fatal(err)
		}
		checkVCard(t, v)
		compare(t, name+".vcf", v)
	}
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant (or run with -update)\n%s", name, got, want)
	}
}

// What a reader of vCards gets is what the record says.
func TestVCardReadsBack(t *testing.T) {
	g := golden(t, canonical.Person, cards["person"].claims)
	b, err := card.VCard(&g, options)
	if err != nil {
		t.Fatal(err)
	}
	lines := checkVCard(t, b)
	value := func(name string, params ...string) [][]string {
		for _, l := range lines {
			if l.name == name && !slices.ContainsFunc(params, func(p string) bool { return !slices.Contains(l.params, p) }) {
				return l.value
			}
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		params []string
		want   [][]string
	}{
		{"FN", []string{"ALTID=1"}, [][]string{{"Dr. Anna-Lena von Müller, PhD"}}},
		{"FN", []string{"LANGUAGE=ja"}, [][]string{{"ミュラー アンナ"}}},
		{"N", []string{"LANGUAGE=fa"}, [][]string{{"مولر"}, {"آنا"}, {""}, {""}, {""}}},
		{"N", nil, [][]string{{"von Müller"}, {"Anna-Lena"}, {"Marie; Luise"}, {"Dr."}, {"PhD"}}},
		{"EMAIL", []string{"TYPE=work", "PREF=1"}, [][]string{{"A.Mueller@ACME.example"}}},
		{"TEL", []string{"TYPE=cell"}, [][]string{{"tel:+491712345678"}}},
		{"ADR", []string{`LABEL=Ilica 1` + "\n" + `10000 "Zagreb"`}, [][]string{{""}, {""}, {"Ilica 1, 2. kat", "p.p. 7"}, {"Zagreb"}, {"HR-21"}, {"10000"}, {"HR"}}},
		{"ORG", nil, [][]string{{"Acme; Söhne"}}},
		{"BDAY", nil, [][]string{{"--0229"}}},
		{"CATEGORIES", nil, [][]string{{"a,b", "vip"}}},
		{"NOTE", nil, [][]string{{"Likes tea.\nCalls back; always. This line is long enough that it has to be folded, äöü and all of that."}}},
	} {
		got, _ := json.Marshal(value(c.name, c.params...))
		want, _ := json.Marshal(c.want)
		if string(got) != string(want) {
			t.Errorf("%s %v = %s; want %s", c.name, c.params, got, want)
		}
	}
}

func TestNoCardOf(t *testing.T) {
	deal := golden(t, canonical.Deal, map[string]any{"name": "Acme"})
	gone := identity.Merge(canonical.Person, nil, nil)
	for want, g := range map[string]*identity.Golden{"a deal has no card": &deal, "nothing is left": &gone} {
		if _, err := card.JSContact(g, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("JSContact: %v; want %q", err, want)
		}
		if _, err := card.VCard(g, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("VCard: %v; want %q", err, want)
		}
	}
}

// Whatever a value holds, both cards are well-formed.
func FuzzCard(f *testing.F) {
	f.Add("Ana", "a@x.example", "+385", "note\r\nEND:VCARD", "https://x.example/\r\nX:1", "--02-30", "ja")
	f.Add("\u202e\x00;,\\\"^n", "", ";ext=1", strings.Repeat("ä", 200), "mailto:x", "2020-01-01", "x\r\ny")
	f.Fuzz(func(t *testing.T, name, address, number, note, url, birthday, language string) {
		checkAnything(t, name, address, number, note, url, birthday, language)
	})
}

// The same with texts that are hostile on purpose.
func TestCardsOfHostileTexts(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"\r\n", "\n ", "\\", ";", ",", ":", `"`, "^", "^n", "END:VCARD", "ä", "山", "👩‍👩‍👧", "\u202e", "\u200d", "\x00", "\xff", "https://", "mailto:", "+", "1"}), rapid.String()), 0, 12)
		return strings.Join(parts.Draw(t, "parts"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		checkAnything(t, text.Draw(t, "name"), text.Draw(t, "address"), text.Draw(t, "number"), text.Draw(t, "note"), text.Draw(t, "url"), text.Draw(t, "birthday"), text.Draw(t, "language"))
	})
}

// checkAnything writes both cards of a person of whom such texts are claimed, and reads them.
func checkAnything(t reporter, name, address, number, note, url, birthday, language string) {
	text := func(s string) []byte { b, _ := json.Marshal(s); return b }
	object := func(pairs ...string) []byte {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		b, _ := json.Marshal([]any{m})
		return b
	}
	p := &canonical.Profile{Kind: canonical.Person}
	add := func(field string, value []byte) {
		p.Fields = append(p.Fields, canonical.Field{Name: field, Value: value})
	}
	add("addresses", object("lines", name, "type", language, "country", number, "formatted", note))
	add("affiliations", object("name", name, "department", note, "title", url, "role", number))
	add("birthday", text(birthday))
	add("created", text(birthday))
	add("emails", object("address", address, "type", name))
	add("gender", text(number))
	add("language", text(language))
	add("name.family", text(name))
	add("name.full", text(note))
	localized, _ := json.Marshal(map[string]any{language: map[string]string{"full": name, "given": note}})
	add("name.localizations", localized)
	add("notes", text(note))
	add("online", object("service", name, "handle", address, "url", url))
	add("phones", object("e164", number, "raw", note, "ext", name))
	add("tags", []byte(`[`+string(text(note))+`]`))
	add("timezone", text(url))
	add("website", text(url))
	g := identity.Merge(canonical.Person, []identity.Source{{Ref: "a/b/c", Live: true, Profile: p}}, nil)
	js, err := card.JSContact(&g, card.Options{ID: name})
	if err != nil {
		t.Fatal(err)
	}
	checkJSContact(t, js)
	v, err := card.VCard(&g, card.Options{ID: name})
	if err != nil {
		t.Fatal(err)
	}
	checkVCard(t, v)
}
