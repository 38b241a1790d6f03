package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/mapping/canonical"
)

const partRules = `
version: 1
objects:
  contacts:
    kind: person
    fields:
      addresses:
        each:
          - {type: work, lines: [street, street2], locality: city, region: state, postcode: {path: zip, as: text}, country: country}
          - {in: "homes[*]", type: home, lines: street, country: {path: country, values: {Home: HR}}}
      phones:
        each:
          - {path: phone, type: work}
          - {path: mobile, type: mobile, region: AT, primary: true}
          - {path: desk, region: desk_country, shared: true}
      emails:
        each:
          - {path: email, bounced: bounce, primary: true}
          - {path: info, shared: true, status: unsubscribed}
      identifiers:
        each:
          - {scheme: vat, value: vat}
          - {in: "ids[*]", scheme: {path: kind}, value: number}
      affiliations:
        each:
          - {in: "jobs[main=true]", organization: {path: id, ref: companies}, title: title, primary: {value: "true"}, from: since}
          - {in: "jobs[*]", organization: {path: id, ref: companies}, title: title, from: since}
      lifecycle.entered:
        each:
          - {name: lead, path: lead_at}
          - {in: "dates.entered_*_on", except: [now, "x*"]}
      labels: {each: [{name: segment, path: segment}, {in: "labels.*"}]}
      name.localizations: {each: [{name: ja, full: name_ja, family: family_ja}, {in: "names[*]", name: sr-Cyrl, full: $value}]}
      birthday: {path: born, calendar: persian}
      consents: {in: "out_*", channel: email, topic: $key, status: {path: $value, values: {"true": opted_out, "*": ""}}}
      custom.crm.tier: {path: tier, type: enum}
      custom.crm.score: score
      custom.crm.tags: {path: tags, split: ";", type: multi_enum}
      custom.crm.boss: {path: boss, type: ref, ref: contacts}
      custom.crm.blob: {path: blob, type: json}
      custom.crm.budget: {path: budget, type: money, currency: EUR, scale: 0.01}
    promote:
      attr.tier: {from: custom.crm.tier}
`

// TestParts: what is made of parts or of entries comes from one place, from each of several, or from names with a star.
func TestParts(t *testing.T) {
	set := NewSet(map[string]Connection{"hs-main": {Rules: load(t, partRules), Vars: map[string]string{"region": "GB"}}})
	for _, c := range []struct {
		data     string
		want     map[string]string
		warnings []string
	}{
		{`{"street":"1 Mill Lane\nBack","street2":"Floor 2","city":"Leeds","state":"gb-lds","zip":12345,"country":"United Kingdom","homes":[{"street":"Ilica 1","country":"Home"},{"country":null}],"phone":"0113 555 0101"}`,
			map[string]string{"addresses": `[{"type":"work","lines":["1 Mill Lane","Back","Floor 2"],"locality":"Leeds","region":"GB-LDS","postcode":"12345","country":"GB"},{"type":"home","lines":["Ilica 1"],"country":"HR"}]`,
				"phones": `[{"raw":"0113 555 0101","e164":"+441135550101","type":"work"}]`}, nil},
		{`{"city":"","country":null}`, map[string]string{"addresses": `null`}, nil},
		{`{"city":"X","country":"Utopia","phone":"0113 555 0101"}`, map[string]string{"addresses": `[{"type":"work","locality":"X","formatted":"Utopia"}]`,
			"phones": `[{"raw":"0113 555 0101","e164":"+441135550101","type":"work"}]`}, // the connection's region
			[]string{"contacts: addresses.country: the string at country is not a country of ISO 3166-1, by code or name"}},
		{`{"country":"DE","phone":"030 1234567","mobile":"0664 1234567","desk":"020 7946 0018","desk_country":"UK"}`,
			map[string]string{"addresses": `[{"type":"work","country":"DE"}]`, "phones": `[{"raw":"030 1234567","e164":"+49301234567","type":"work"},{"raw":"0664 1234567","e164":"+436641234567","type":"mobile","primary":true},{"raw":"020 7946 0018","e164":"+442079460018","shared":true}]`}, nil},
		{`{"email":"a@b.example","bounce":"UNKNOWN_USER","info":"info@b.example"}`,
			map[string]string{"emails": `[{"address":"a@b.example","primary":true,"status":"bounced"},{"address":"info@b.example","status":"unsubscribed","shared":true}]`}, nil},
		{`{"email":"a@b.example","bounce":"2026-03-01T09:30:00.000+0100"}`,
			map[string]string{"emails": `[{"address":"a@b.example","primary":true,"status":"bounced","bounced_at":"2026-03-01T08:30:00.000Z"}]`}, nil},
		{`{"email":"a@b.example","bounce":false}`, map[string]string{"emails": `[{"address":"a@b.example","primary":true}]`}, nil},
		{`{"vat":"DE 129273398","ids":[{"kind":"LEI","number":"529900T8BM49AURSDO55"},{"kind":"duns"},7]}`,
			map[string]string{"identifiers": `[{"scheme":"vat","value":"DE 129273398"},{"scheme":"lei","value":"529900T8BM49AURSDO55"}]`}, nil},
		{`{"jobs":[{"id":5,"title":"Clerk"},{"id":6,"main":true,"title":"CEO","since":"2020-01-01"},{"id":6,"title":"CEO","since":"soon"}]}`,
			map[string]string{"affiliations": `[{"organization":"hs-main/companies/6","title":"CEO","primary":true,"from":"2020-01-01"},{"organization":"hs-main/companies/5","title":"Clerk"}]`},
			[]string{"contacts: affiliations.from: the string at jobs[*].since is not an ISO 8601 date or time"}},
		{`{"lead_at":"2026-01-01T00:00:00Z","dates":{"entered_mql_on":"1795368600000","entered_now_on":"2026-01-01","entered_x1_on":"2026-01-01","entered_sql_on":"","entered_bad_on":"bad","entered__on":"2026-01-01"}}`,
			map[string]string{"lifecycle.entered": `{"lead":"2026-01-01T00:00:00.000Z","mql":"2026-11-22T17:30:00.000Z"}`},
			[]string{"contacts: lifecycle.entered: the string at dates.entered_*_on is not an ISO 8601 time or milliseconds since 1970"}},
		{`{"labels":{"Persona":"Ops"},"segment":"smb","name_ja":"山田太郎","family_ja":"山田","names":["Ана","Б"]}`,
			map[string]string{"labels": `{"persona":"Ops","segment":"smb"}`, "name.localizations": `{"ja":{"full":"山田太郎","family":"山田"},"sr-Cyrl":{"full":"Ана"}}`}, nil},
		{`{"born":"۱۳۶۹/۰۲/۲۷","out_7":"true","out_8":"false","out_9":null}`,
			map[string]string{"birthday": `"1990-05-17"`, "consents": `[{"channel":"email","topic":"7","status":"opted_out"}]`}, nil},
		{`{"tier":"Gold","score":1.50,"tags":"b; a;b","boss":9,"blob":{"a": [1.0]},"budget":12345}`,
			map[string]string{"custom.crm.tier": `{"t":"enum","v":"Gold"}`, "attr.tier": `{"t":"enum","v":"Gold"}`, "custom.crm.score": `{"t":"decimal","v":"1.5"}`,
				"custom.crm.tags": `{"t":"multi_enum","v":["b","a"]}`, "custom.crm.boss": `{"t":"ref","v":"hs-main/contacts/9"}`,
				"custom.crm.blob": `{"t":"json","v":{"a":[1.0]}}`, "custom.crm.budget": `{"t":"money","v":{"amount":"123.45","currency":"EUR"}}`}, nil},
		{`{"tier":"","score":null,"tags":"","budget":"much"}`,
			map[string]string{"custom.crm.tier": `null`, "attr.tier": `null`, "custom.crm.score": `null`, "custom.crm.tags": `null`},
			[]string{"contacts: custom.crm.budget: the string at budget is not a decimal number"}},
	} {
		p, o, err := set.Map(record("contacts", "1", c.data))
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		var warnings []string
		for _, w := range o.Warnings {
			warnings = append(warnings, w.String())
		}
		if diff := cmp.Diff(c.want, claims(p)) + cmp.Diff(c.warnings, warnings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.data, diff)
		}
		if again, err := canonical.DecodeProfile(p.AppendBinary(nil)); err != nil || again.Hash() != p.Hash() {
			t.Errorf("%s does not survive its binary form: %v", c.data, err)
		}
	}
}

const bulkRules = `
version: 1
objects:
  contacts:
    kind: person
    fields: {title: properties.jobtitle}
    custom: {from: properties, as: hubspot, except: [hs_*, secret], types: {tier: enum, tags: {type: multi_enum, split: ";"}, vip: bool}}
    promote:
      attr.tier: {from: custom.hubspot.tier}
      attr.vip: {from: custom.hubspot.vip, type: string}
`

// TestBulk: everything that no rule takes is a custom attribute, with its type, and can be promoted.
func TestBulk(t *testing.T) {
	p, o, err := load(t, bulkRules).Map(record("contacts", "1", `{"properties":{"vip":"true","zoo":true,"jobtitle":"CEO","hs_x":"1","secret":"s","tier":"Gold","tags":"a;b","n":7,"f":0.10,"blank":"","null":null,"o":{"a":1},"z.dot":"d"}}`))
	if err != nil || o.Warnings != nil {
		t.Fatal(err, o)
	}
	want := map[string]string{"title": `"CEO"`, "custom.hubspot.tier": `{"t":"enum","v":"Gold"}`, "attr.tier": `{"t":"enum","v":"Gold"}`,
		"custom.hubspot.tags": `{"t":"multi_enum","v":["a","b"]}`, "custom.hubspot.vip": `{"t":"bool","v":true}`, "attr.vip": `{"t":"string","v":"true"}`,
		"custom.hubspot.zoo": `{"t":"bool","v":true}`, "custom.hubspot.n": `{"t":"int","v":7}`, "custom.hubspot.f": `{"t":"decimal","v":"0.1"}`,
		"custom.hubspot.o": `{"t":"json","v":{"a":1}}`, "custom.hubspot.z.dot": `{"t":"string","v":"d"}`}
	if diff := cmp.Diff(want, claims(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := 1; i < len(p.Fields); i++ {
		if p.Fields[i-1].Name >= p.Fields[i].Name {
			t.Errorf("%s comes before %s; want them in order", p.Fields[i-1].Name, p.Fields[i].Name)
		}
	}
	var many strings.Builder
	many.WriteString(`{"properties":{`)
	for i := range 2000 {
		fmt.Fprintf(&many, `"p%04d":1,`, i)
	}
	many.WriteString(`"a` + strings.Repeat("x", 1000) + `":1}}`)
	p, o, err = load(t, bulkRules).Map(record("contacts", "1", many.String()))
	if err != nil || len(p.Fields) != canonical.MaxFields || len(o.Warnings) != 2 {
		t.Errorf("2001 properties, one with a long name, give %d fields, %d warnings, %v; want %d and two warnings", len(p.Fields), len(o.Warnings), err, canonical.MaxFields)
	}
	if _, err := canonical.DecodeProfile(p.AppendBinary(nil)); err != nil {
		t.Errorf("a profile of the most fields does not decode: %v", err)
	}
}

// TestTypedMembers: a connector that knows the vendor's types says them with the values; what a rule says goes before, and
// what does not fit its type is a warning and no claim.
func TestTypedMembers(t *testing.T) {
	rules := load(t, `
version: 1
objects:
  contacts:
    kind: person
    custom: {from: fields, as: acme, typed: true, types: {code: string}}
    promote:
      attr.tier: {from: custom.acme.tier, type: enum}
`)
	p, o, err := rules.Map(record("contacts", "1", `{"fields":{"tier":{"t":"enum","v":"Gold"},"born":{"t":"date","v":"1980-05-17"},"topics":{"t":"multi_enum","v":["a","b"]},
"code":{"t":"int","v":"007"},"odd":{"t":"colour","v":"red"},"plain":"x","bad":{"t":"date","v":"soon"},"blank":{"t":"enum","v":""},"none":{"t":"date","v":null},"list":{"v":[1]}}}`))
	if err != nil || len(o.Warnings) != 1 {
		t.Fatal(err, o)
	}
	want := map[string]string{"custom.acme.tier": `{"t":"enum","v":"Gold"}`, "attr.tier": `{"t":"enum","v":"Gold"}`, "custom.acme.born": `{"t":"date","v":"1980-05-17"}`,
		"custom.acme.topics": `{"t":"multi_enum","v":["a","b"]}`, "custom.acme.code": `{"t":"string","v":"007"}`, "custom.acme.odd": `{"t":"string","v":"red"}`,
		"custom.acme.plain": `{"t":"string","v":"x"}`, "custom.acme.list": `{"t":"json","v":[1]}`}
	if diff := cmp.Diff(want, claims(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPartsNameEveryProblem: each defect is named with its place and what to do.
func TestPartsNameEveryProblem(t *testing.T) {
	_, err := Load(File{"rules.yaml", []byte(`version: 1
objects:
  contacts:
    kind: person
    fields:
      address.street: properties.address
      addresses: {type: work, steet: a}
      affiliations: {organization: company}
      lifecycle.entered: {path: a}
      labels: {each: [{name: a, path: "b.*"}]}
      name.given: "properties.*"
      consents: {in: "x.*.y", status: b}
      online: {in: "a[*]", service: {expr: 'record.x'}}
      birthday: {path: a, calendar: julian}
      phones: {path: a, region: 7}
      emails: {path: a, status: gone}
      custom.x: {path: a, type: ref}
      attr.y: a
    custom: {from: "a[0]", as: HubSpot}
    promote:
      tier: {from: custom.x}
      attr.z: {from: custom.q, type: enum}
      attr.w: {type: enum}
      attr.v: {from: custom.x, type: colour}
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{
		`rules.yaml:6:7: address.street is now a part of a list: write addresses: {each: [{lines: …}]}`,
		`rules.yaml:7:31: "steet" is not a key of an element of addresses; use one of`,
		`rules.yaml:8:36: affiliations.organization is a reference`,
		`rules.yaml:9:26: an entry needs a name`,
		`rules.yaml:10:39: a star stands for many names`,
		`rules.yaml:11:19: a star stands for many names`,
		`rules.yaml:12:25: a name with a star must be the last`,
		`rules.yaml:13:37: an expression reads the record`,
		`rules.yaml:14:37: "julian" is not a calendar; use one of gregorian, persian, buddhist, islamic`,
		`rules.yaml:16:33: "gone" is not a status of addresses`,
		`rules.yaml:17:7: custom.x is a reference`,
		`rules.yaml:18:7: "attr.y" is not a field of person`,
		`rules.yaml:19:13: custom needs the vendor`,
		`rules.yaml:21:7: "tier" is no name to promote to`,
		`rules.yaml:22:22: "custom.q" is not a custom attribute of contacts; did you mean "custom.x"?`,
		`rules.yaml:23:15: say which custom attribute becomes attr.w`,
		`rules.yaml:24:38: "colour" is not a type of custom fields`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
