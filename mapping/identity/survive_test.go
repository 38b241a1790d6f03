package identity

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
)

var hubOfTests = Context{Connectors: map[string]string{"sf": "salesforce", "hs": "hubspot", "zd": "zendesk", "mc": "mailchimp"}}

// survivors returns the rules of a file's `survivorship:` section.
func survivors(t testing.TB, section string) *Survivorship {
	t.Helper()
	s, err := LoadSurvivorship("s.yaml", []byte("survivorship:\n"+section))
	if err != nil {
		t.Fatal(err)
	}
	return s.In(hubOfTests)
}

// says makes a source of claims.
func says(t testing.TB, kind canonical.Kind, ref string, version int64, claims map[string]any) Source {
	return Source{Ref: ref, Version: time.Unix(version, 0).UTC(), Live: true, Profile: profile(t, kind, claims)}
}

func TestEachRule(t *testing.T) {
	person := func(ref string, version int64, title string) Source {
		return says(t, canonical.Person, ref, version, map[string]any{"title": title})
	}
	deal := func(ref string, version int64, amount, currency string) Source {
		return says(t, canonical.Deal, ref, version, map[string]any{"amount": canonical.Amount{Amount: amount, Currency: currency}})
	}
	three := []Source{person("hs/contacts/1", 5, "CEO"), person("sf/Contact/1", 3, "Chief Executive"), person("zd/users/1", 9, "Boss"), person("zd/users/2", 1, "CEO")}
	three[1].Profile.Fields = append(three[1].Profile.Fields, canonical.Field{Name: "url", Value: json.RawMessage(`"https://x.example"`)})
	for _, c := range []struct {
		name, section, field string
		sources              []Source
		want                 string
		rule                 Rule
		source               string
	}{
		{"built in", "  fields: {}\n", "title", three, `"Boss"`, LastUpdated, "zd/users/1"},
		{"last_updated", "  fields: {title: [last_updated]}\n", "title", three, `"Boss"`, LastUpdated, "zd/users/1"},
		{"source_sequence", "  fields: {title: [manual, source_sequence]}\n", "title", three, `"Chief Executive"`, SourceSequence, "sf/Contact/1"},
		{"source_sequence of the file", "  sources: [zendesk, hs]\n  fields: {title: [source_sequence, longest]}\n", "title", three, `"Boss"`, Longest, "zd/users/1"},
		{"source_sequence of the field", "  sources: [zendesk]\n  fields: {title: {rules: [source_sequence], sources: [hs, sf]}}\n", "title", three, `"CEO"`, SourceSequence, "hs/contacts/1"},
		{"most_frequent", "  fields: {title: most_frequent}\n", "title", three, `"CEO"`, MostFrequent, "hs/contacts/1"},
		{"as frequent as another", "  fields: {title: [most_frequent, source_sequence]}\n", "title", []Source{person("mc/members/1", 9, "C"), person("hs/contacts/1", 8, "A"), person("hs/contacts/2", 7, "A"), person("sf/Contact/1", 6, "B"), person("sf/Contact/2", 5, "B")},
			`"B"`, SourceSequence, "sf/Contact/1"},
		{"most_complete", "  fields: {title: most_complete}\n", "title", three, `"Chief Executive"`, MostComplete, "sf/Contact/1"},
		{"longest", "  fields: {title: longest}\n", "title", three, `"Chief Executive"`, Longest, "sf/Contact/1"},
		{"a prefix", "  fields: {'ti*': longest}\n", "title", three, `"Chief Executive"`, Longest, "sf/Contact/1"},
		{"a kind goes before all kinds", "  fields: {title: longest}\n  kinds: {person: {title: most_frequent}}\n", "title", three, `"CEO"`, MostFrequent, "hs/contacts/1"},
		{"owner", "  fields: {title: {owner: [hubspot]}}\n", "title", three, `"CEO"`, OwnerSource, "hs/contacts/1"},
		{"an owner that says nothing", "  fields: {title: {owner: [mc]}}\n", "title", three, `"Boss"`, LastUpdated, "zd/users/1"},
		{"only", "  fields: {title: {only: [sf, hs]}}\n", "title", three, `"CEO"`, LastUpdated, "hs/contacts/1"},
		{"only one that says nothing", "  fields: {title: {only: [mc]}}\n", "title", three, ``, 0, ""},
		{"only for a single source", "  fields: {title: {only: [mc]}}\n", "title", three[:1], ``, 0, ""},
		{"a tie", "  fields: {title: [source_sequence]}\n", "title", []Source{person("sf/Contact/7", 5, "B"), person("sf/Contact/10", 9, "A")}, `"A"`, SmallestRef, "sf/Contact/10"},
		{"agreed", "  fields: {}\n", "title", []Source{person("sf/Contact/7", 5, "B"), person("hs/contacts/1", 9, "B")}, `"B"`, Agreed, "hs/contacts/1"},
		{"max", "  fields: {amount: max}\n", "amount", []Source{deal("sf/Opportunity/1", 1, "1000.5", "EUR"), deal("hs/deals/1", 9, "200", "EUR")}, `{"amount":"1000.50","currency":"EUR"}`, Max, "sf/Opportunity/1"},
		{"min", "  fields: {amount: min}\n", "amount", []Source{deal("sf/Opportunity/1", 1, "1000.5", "EUR"), deal("hs/deals/1", 9, "200", "EUR")}, `{"amount":"200.00","currency":"EUR"}`, Min, "hs/deals/1"},
		{"amounts of two currencies are not compared", "  fields: {amount: [max, last_updated]}\n", "amount", []Source{deal("sf/Opportunity/1", 1, "1000", "JPY"), deal("hs/deals/1", 9, "200", "EUR")}, `{"amount":"200.00","currency":"EUR"}`, LastUpdated, "hs/deals/1"},
		{"a person's word", "  fields: {title: longest}\n", "title", append([]Source{person("hub/person/X", 2, "CTO")}, three...), `"CTO"`, Manual, "hub/person/X"},
		{"a person's word goes before the owner and those heard", "  fields: {title: {only: [sf]}}\n", "title", append([]Source{person("hub/person/X", 2, "CTO")}, three...), `"CTO"`, Manual, "hub/person/X"},
		{"a person says it is empty", "  fields: {}\n", "title", append([]Source{person("hub/person/X", 2, "")}, three...), ``, Manual, "hub/person/X"},
		{"empty says nothing against others", "  fields: {}\n", "title", []Source{person("hs/contacts/1", 1, "CEO"), person("zd/users/1", 9, "")}, `"CEO"`, Only, "hs/contacts/1"},
		{"unless it counts", "  fields: {title: {rules: [last_updated], empty: counts}}\n", "title", []Source{person("hs/contacts/1", 1, "CEO"), person("zd/users/1", 9, "")}, ``, LastUpdated, "zd/users/1"},
	} {
		s := survivors(t, c.section)
		g := Merge(c.sources[0].Profile.Kind, c.sources, s)
		w := g.Why(c.field)
		if got := string(g.Get(c.field)); got != c.want || w.Rule != c.rule.String() || w.Source != c.source {
			t.Errorf("%s: %s by %q of %q; want %s by %q of %q", c.name, got, w.Rule, w.Source, c.want, c.rule, c.source)
		}
	}
}

func TestDefaults(t *testing.T) {
	sf := says(t, canonical.Person, "sf/Contact/1", 1, map[string]any{"name.family": "Müller", "title": "CEO", "owner": "sf/users/1", "created": "2020-01-01T00:00:00Z", "lifecycle.stage": "customer",
		"emails": []string{"a@x.example", "c@x.example"}, "custom.tier": json.RawMessage(`{"t":"enum","v":"Gold"}`)})
	hs := says(t, canonical.Person, "hs/contacts/1", 9, map[string]any{"name.given": "Anna", "name.family": "Mueller", "title": "COO", "owner": "hs/owners/1", "created": "2019-01-01T00:00:00Z", "lifecycle.stage": "lead",
		"emails": []canonical.EmailAddress{{Address: "b@x.example"}, {Address: "a@x.example", Verified: true}}, "custom.tier": json.RawMessage(`{"t":"enum","v":"Silver"}`)})
	g := Merge(canonical.Person, []Source{hs, sf}, (*Survivorship)(nil).In(hubOfTests))
	for name, want := range map[string]string{ // the first two are the worked example of the model, 3.8
		"name.family": `"Müller"`, "name.given": `"Anna"`, "title": `"COO"`, "owner": `"sf/users/1"`, "created": `"2019-01-01T00:00:00.000Z"`, "lifecycle.stage": `"customer"`,
		"custom.tier": `{"t":"enum","v":"Gold"}`, "emails": `[{"address":"a@x.example","verified":true},{"address":"b@x.example"},{"address":"c@x.example"}]`,
	} {
		if got := string(g.Get(name)); got != want {
			t.Errorf("%s = %s; want %s", name, got, want)
		}
	}
	if w := g.Why("name.given"); w.Rule != "filled" || w.Source != "hs/contacts/1" {
		t.Errorf("the given name is explained as %+v; want filled from hs/contacts/1", w)
	}
	w := g.Why("name.family")
	if w.Rule != "source_sequence" || len(w.Lost) != 1 || string(w.Lost[0].Value) != `"Mueller"` || w.Lost[0].Rule != "source_sequence" || !w.Lost[0].Asserted.Equal(hs.Version) {
		t.Errorf("the family name is explained as %+v; want source_sequence over Mueller", w)
	}
	w = g.Why("emails")
	if w.Rule != "union" || len(w.Elements) != 3 || fmt.Sprint(w.Elements[0].Sources) != "[hs/contacts/1 sf/Contact/1]" || fmt.Sprint(w.Elements[2].Sources) != "[sf/Contact/1]" {
		t.Errorf("the addresses are explained as %+v; want the sources of each element", w)
	}
	if w := g.Why("birthday"); string(w.Value) != "null" || w.Reason != "no source says anything" {
		t.Errorf("what nobody says is explained as %+v; want so", w)
	}
}

// A name is one person's: parts of two names are not mixed.
func TestNamesAreNotMixed(t *testing.T) {
	for _, c := range []struct {
		name, family string
		other        map[string]any
		given        string
	}{
		{"the same family name", "Müller", map[string]any{"name.given": "Anna", "name.family": "MULLER"}, `"Anna"`},
		{"spelt in another way", "Müller", map[string]any{"name.given": "Anna", "name.family": "Mueller"}, `"Anna"`},
		{"another family", "Müller", map[string]any{"name.given": "Anna", "name.family": "Smith"}, ""},
		{"another script", "Иванова", map[string]any{"name.given": "Anna"}, ""},
		{"one script", "Иванова", map[string]any{"name.given": "Анна"}, `"Анна"`},
		{"a full name cannot be compared", "Müller", map[string]any{"name.given": "Anna", "name.full": "Anna Smith"}, ""},
	} {
		g := Merge(canonical.Person, []Source{says(t, canonical.Person, "sf/Contact/1", 1, map[string]any{"name.family": c.family}), says(t, canonical.Person, "zd/users/1", 9, c.other)},
			(*Survivorship)(nil).In(hubOfTests))
		if got := string(g.Get("name.given")); got != c.given || g.Get("name.full") != nil {
			t.Errorf("%s: given name %s, full name %s; want %s and none", c.name, got, g.Get("name.full"), c.given)
		}
	}
}

func TestConsentIsRestrictive(t *testing.T) {
	consent := func(ref string, version int64, status, since string) Source {
		return Source{Ref: ref, Version: time.Unix(version, 0), Live: true, Profile: &canonical.Profile{Kind: canonical.Consent, Fields: []canonical.Field{
			{Name: "since", Value: json.RawMessage(since)}, {Name: "status", Value: json.RawMessage(status)}}}}
	}
	out, in := consent("mc/members/1", 1, `"opted_out"`, `"2020-01-01T00:00:00.000Z"`), consent("hs/consents/1", 9, `"opted_in"`, `"2026-01-01T00:00:00.000Z"`)
	missing := consent("mc/members/2", 99, `null`, `null`)
	byHand := consent("hub/consent/X", 999, `"opted_in"`, `"2026-02-02T00:00:00.000Z"`)
	for _, sources := range [][]Source{{out, in}, {in, out}, {in, missing, out}, {byHand, in, out}} {
		g := Merge(canonical.Consent, sources, nil)
		if string(g.Get("status")) != `"opted_out"` || string(g.Get("since")) != `"2020-01-01T00:00:00.000Z"` {
			t.Errorf("%d claims of consent give %s since %s; want opted_out since 2020", len(sources), g.Get("status"), g.Get("since"))
		}
	}
	in2 := consent("zd/consents/1", 3, `"pending"`, `null`)
	if g := Merge(canonical.Consent, []Source{in, in2}, nil); string(g.Get("status")) != `"pending"` || g.Get("since") != nil {
		t.Errorf("pending and opted in give %s since %s; want pending, whole", g.Get("status"), g.Get("since"))
	}
}

func TestUnionOfElements(t *testing.T) {
	claim := func(source int, value string) Claim { return Claim{Source: source, Value: json.RawMessage(value)} }
	for _, c := range []struct {
		t      canonical.Type
		claims []Claim
		want   string
	}{
		{canonical.Email, []Claim{claim(0, `[{"address":"a@x.example","status":"ok"},{"address":"b@x.example","primary":true}]`), claim(1, `[{"address":"a@x.example","primary":true,"status":"unsubscribed"},{"address":"b@x.example","shared":true,"status":"bounced","bounced_at":"2026-01-01T00:00:00.000Z"}]`)},
			`[{"address":"a@x.example","primary":true,"status":"unsubscribed"},{"address":"b@x.example","status":"bounced","bounced_at":"2026-01-01T00:00:00.000Z","shared":true}]`},
		{canonical.Phone, []Claim{claim(0, `[{"raw":"0911","e164":"+385911"}]`), claim(1, `[{"raw":"1"},{"raw":"+385911","e164":"+385911","type":"mobile","primary":true}]`)}, `[{"raw":"0911","e164":"+385911","type":"mobile","primary":true},{"raw":"1"}]`},
		{"addresses", []Claim{claim(0, `[{"lines":["Ilica 1"],"locality":"Zagreb"}]`), claim(1, `[{"lines":["ILICA 1"],"locality":"zagreb"},{"locality":"Split"}]`)}, `[{"lines":["Ilica 1"],"locality":"Zagreb"},{"locality":"Split"}]`},
		{"identifiers", []Claim{claim(0, `[{"scheme":"vat","value":"HR1"}]`), claim(1, `[{"scheme":"lei","value":"HR1"}]`)}, `[{"scheme":"vat","value":"HR1"},{"scheme":"lei","value":"HR1"}]`},
		{canonical.Permissions, []Claim{claim(0, `[{"channel":"email","status":"opted_in"}]`), claim(1, `[{"channel":"email","status":"opted_out"},{"channel":"sms","status":"opted_in"}]`)},
			`[{"channel":"email","status":"opted_out"},{"channel":"sms","status":"opted_in"}]`},
		{canonical.Moments, []Claim{claim(0, `{"lead":"2021","sql":"2023"}`), claim(1, `{"lead":"2020"}`)}, `{"lead":"2020","sql":"2023"}`},
		{canonical.Texts, []Claim{claim(0, `{"segment":"new"}`), claim(1, `{"persona":"<ops>","segment":"old"}`)}, `{"persona":"<ops>","segment":"new"}`},
	} {
		if got := string(unite(c.t, c.claims)); got != c.want {
			t.Errorf("%s: %s; want %s", c.t, got, c.want)
		}
		if isUnited(c.t) != true {
			t.Errorf("%s is not united", c.t)
		}
	}
}

// drawSurvivors draws rules of survivorship at random.
func drawSurvivors(t *rapid.T) *Survivorship {
	var b strings.Builder
	list := func(what string) string {
		return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"hs", "sf", "zd", "hubspot", "salesforce"}), 1, 3, rapid.ID).Draw(t, what), ", ")
	}
	if rapid.Bool().Draw(t, "ordered") {
		fmt.Fprintf(&b, "  sources: [%s]\n", list("sources"))
	}
	b.WriteString("  fields:\n    url: last_updated\n")
	for _, field := range []string{"name.*", "name.given", "title", "language", "emails", "address.*"} {
		rules := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"last_updated", "source_sequence", "most_frequent", "most_complete", "longest"}), 1, 3, rapid.ID).Draw(t, field)
		if field == "emails" && rapid.Bool().Draw(t, "verified") {
			rules = append([]string{"verified"}, rules...)
		}
		if field == "emails" && rapid.Bool().Draw(t, "union") {
			rules = append(rules, "union")
		}
		fmt.Fprintf(&b, "    %s: {rules: [%s]", field, strings.Join(rules, ", "))
		switch rapid.IntRange(0, 4).Draw(t, "more") {
		case 0:
			fmt.Fprintf(&b, ", only: [%s]", list("only"))
		case 1:
			fmt.Fprintf(&b, ", owner: [%s]", list("owner"))
		case 2:
			b.WriteString(", empty: counts")
		}
		b.WriteString("}\n")
	}
	s, err := LoadSurvivorship("drawn.yaml", []byte("survivorship:\n"+b.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return s.In(hubOfTests)
}

// The order in which sources are given decides nothing, whatever the rules (invariant 2), and what is told of a field is
// true: its source claims the value, or has an element of it, and no losing claim has it.
func TestOrderOfSourcesDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSurvivors(t)
		sources := drawSources(t, rapid.IntRange(1, 5).Draw(t, "n"))
		if rapid.Bool().Draw(t, "manual") {
			sources = append(sources, Source{Ref: "hub/person/1", Version: time.Unix(2, 0), Live: true, Profile: drawSources(t, 1)[0].Profile})
		}
		one := Merge(canonical.Person, sources, s)
		two := Merge(canonical.Person, rapid.Permutation(sources).Draw(t, "order"), s)
		if a, b := one.AppendBinary(nil), two.AppendBinary(nil); string(a) != string(b) {
			t.Fatalf("another order gives %q; want %q", b, a)
		}
		for _, name := range one.Claimed() {
			a, _ := json.Marshal(one.Why(name))
			b, _ := json.Marshal(two.Why(name))
			if string(a) != string(b) {
				t.Fatalf("another order explains %s as %s; want %s", name, b, a)
			}
			checkWhy(t, &one, one.Why(name))
		}
	})
}

func checkWhy(t *rapid.T, g *Golden, w Why) {
	for _, c := range w.Lost {
		if string(c.Value) == string(w.Value) || c.Rule == "" {
			t.Fatalf("%s lost %+v against the same value, or to nothing", w.Field, c)
		}
	}
	if w.Source == "" {
		if string(w.Value) != "null" {
			t.Fatalf("%s is %s of nobody", w.Field, w.Value)
		}
		return
	}
	for i := range g.Sources {
		if g.Sources[i].Ref == w.Source && g.Sources[i].Profile.Get(w.Field) == nil {
			t.Fatalf("%s comes from %s, which does not claim it", w.Field, w.Source)
		}
	}
}

func TestLoadSurvivorshipSaysWhatIsWrong(t *testing.T) {
	for section, want := range map[string]string{
		"  feilds: {}":                                       `s.yaml:2:3: "feilds" is not a key of survivorship; did you mean "fields"?`,
		"  fields: {titel: longest}":                         `s.yaml:2:12: "titel" is not a field; did you mean "title"?`,
		"  kinds: {person: {industry: longest}}":             `"industry" is not a field of person`,
		"  kinds: {persons: {}}":                             `did you mean "person"?`,
		"  fields: {title: [last_update]}":                   `s.yaml:2:20: "last_update" is not a rule; did you mean "last_updated"?`,
		"  fields: {title: [longest, manual]}":               "write manual first",
		"  fields: {title: [union]}":                         "title is no list",
		"  fields: {title: [max]}":                           "title has no greatest value",
		"  fields: {emails: [union, longest]}":               "union is the last rule",
		"  fields: {title: [verified]}":                      "only e-mail addresses are verified",
		"  fields: {title: [manual]}":                        "no rule that decides",
		"  fields: {title: {rules: [longest], only: []}}":    "only is empty",
		"  fields: {title: {empty: yes}}":                    `"yes" is not a value of empty`,
		"  fields: {title: {owner: [a], only: [b]}}":         "either an owner or",
		"  fields: {'*': longest}":                           `"*" is not a field`,
		"  fields: {'nam.*x': longest}":                      `is not a field`,
		"  sources: [hub]":                                   "hub is what people say",
		"  sources: []":                                      "sources is empty",
		"  fields: {title: longest, language: [longest, x]}": `s.yaml:2:48: "x" is not a rule`,
	} {
		_, err := LoadSurvivorship("s.yaml", []byte("survivorship:\n"+section+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want %q", section, err, want)
		}
	}
	s := survivors(t, "  sources: [hs, salseforce]\n")
	if err := s.Check([]string{"hs", "hubspot"}); err == nil || !strings.Contains(err.Error(), `s.yaml:2:17: "salseforce" is not a connection or a connector; did you mean "salesforce"?`) {
		t.Errorf("a source that nobody knows: %v; want its place and the nearest name", err)
	}
	if err := survivors(t, "  sources: [hs, zendesk]\n").Check([]string{"hs"}); err != nil {
		t.Errorf("a connector of another vendor is refused: %v", err)
	}
}

func TestVersionNamesWhatDecides(t *testing.T) {
	same := survivors(t, "  fields:\n    title:   [longest] # a comment\n").Version()
	if got := survivors(t, "  fields: {title: [longest]}\n").Version(); got != same {
		t.Errorf("another notation has version %s; want %s", got, same)
	}
	for name, s := range map[string]*Survivorship{
		"another rule": survivors(t, "  fields: {title: [last_updated]}\n"), "another connector": survivors(t, "  fields: {title: [longest]}\n").In(Context{}), "nothing": nil,
		"another ladder": survivors(t, "  fields: {title: [longest]}\n").In(Context{Connectors: hubOfTests.Connectors, Steps: "2"}),
	} {
		if s.Version() == same {
			t.Errorf("%s has the same version", name)
		}
	}
}

// What is joined and taken apart again is as it was, byte for byte, whatever the rules.
func TestJoinThenSplitRestoresGolden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSurvivors(t)
		left, right := drawSources(t, 2), drawSources(t, 3)
		before := [2]Golden{Merge(canonical.Person, left, s), Merge(canonical.Person, right, s)}
		want := [2]string{string(before[0].AppendBinary(nil)), string(before[1].AppendBinary(nil))}
		both := Merge(canonical.Person, append(append([]Source(nil), left...), right...), s)
		_ = both.Hash()
		for i, part := range [][]Source{left, right} {
			g := Merge(canonical.Person, part, s)
			if got := string(g.AppendBinary(nil)); got != want[i] {
				t.Fatalf("part %d is %q after joining and splitting; want %q", i, got, want[i])
			}
		}
	})
}

// A file is read or refused with its places, whatever it holds.
func FuzzLoadSurvivorship(f *testing.F) {
	f.Add("survivorship:\n  sources: [hs]\n  fields:\n    name.*: [source_sequence, longest]\n    emails: {rules: [union], only: [hs]}\n")
	f.Add("survivorship: {kinds: {person: {'*': max}}}")
	f.Add("survivorship: {fields: {custom.x: longest, attr.*: [min], '.': union}}")
	f.Fuzz(func(t *testing.T, src string) {
		s, err := LoadSurvivorship("f.yaml", []byte(src))
		if err != nil {
			if !strings.Contains(err.Error(), "f.yaml:") {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		a := says(t, canonical.Person, "hs/contacts/1", 1, map[string]any{"title": "A", "emails": []string{"a@x.example"}, "name.given": "A"})
		b := says(t, canonical.Person, "sf/Contact/1", 1, map[string]any{"title": "B", "emails": []string{"b@x.example"}, "name.family": "B"})
		one, two := Merge(canonical.Person, []Source{a, b}, s.In(hubOfTests)), Merge(canonical.Person, []Source{b, a}, s.In(hubOfTests))
		if one.Hash() != two.Hash() {
			t.Fatalf("the order of sources decides under %q", src)
		}
	})
}
