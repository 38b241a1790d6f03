package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

const rules = `
version: 1
objects:
  contacts:
    kind: person
    id: id
    where:
      test contacts: record.properties.test != "1"
    fields:
      name.given: properties.firstname
      name.family: properties.lastname
      title: properties.jobtitle
      company: properties.company
      lifecycle.stage: properties.lifecyclestage
      language: properties.hs_language
      addresses: {locality: properties.city}
      created: createdAt
      emails:
        each:
          - {path: properties.email, type: work, primary: true}
          - {path: properties.hs_additional_emails, split: ";"}
      phones:
        each:
          - {path: properties.phone, type: work}
          - {path: properties.mobilephone, type: mobile}
      owner: {path: properties.hubspot_owner_id, ref: owners}
      organization: {path: ["associations.companies.results[type=contact_to_company].id", properties.associatedcompanyid], ref: companies}
    same:
      - {path: properties.hs_merged_object_ids, split: ";", ref: contacts}
      - {path: properties.salesforcecontactid, ref: "salesforce:Contact"}
  deals:
    kind: deal
    fields:
      name: properties.dealname
      amount: {path: properties.amount, currency: properties.deal_currency_code}
      status: {expr: 'record.properties.hs_is_closed_won == "true" ? "won" : record.properties.hs_is_closed == "true" ? "lost" : "open"'}
      expected_close_on: properties.closedate
      contacts: {path: "associations.contacts.results[*].id", ref: contacts}
      url: {template: "https://app.example/{$portal}/deal/{id}"}
      probability: {path: properties.percent, scale: 0.01}
      opened_at: {path: properties.seconds, unit: s}
      custom.tier: {path: properties.tier}
  tickets:
    kind: ticket
    fields:
      priority: {path: priority, values: {P1: urgent, P2: high}}
      subject: {path: subject}
      contacts: {each: [{path: requester_id, ref: users}, {path: collaborator_ids, ref: users}]}
  pipelines:
    kind: pipeline
    fields:
      name: label
      object: {value: deal}
      stages: {path: stages, stage: {id: id, name: label, order: displayOrder, probability: metadata.probability, closed: metadata.isClosed}}
`

func load(t testing.TB, text string, overlays ...string) *Rules {
	t.Helper()
	files := []File{{"rules.yaml", []byte(text)}}
	for i, o := range overlays {
		files = append(files, File{fmt.Sprintf("overlay%d.yaml", i), []byte(o)})
	}
	r, err := Load(files...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func record(object, id, data string) connectors.Record {
	return connectors.Record{Ref: connectors.Ref{Connection: "hs-main", Object: object, ID: id}, Version: time.Unix(1, 0), Data: json.RawMessage(data)}
}

func claims(p canonical.Profile) map[string]string {
	m := map[string]string{}
	for _, f := range p.Fields {
		m[f.Name] = string(f.Value)
	}
	return m
}

func set(t testing.TB) *Set {
	return NewSet(map[string]Connection{"hs-main": {Rules: load(t, rules), Peers: map[string]string{"salesforce": "sf-prod"}, Vars: map[string]string{"portal": "77"}}})
}

func TestMap(t *testing.T) {
	s := set(t)
	for _, c := range []struct {
		object, id, data string
		want             map[string]string
		same             []string
		warnings         []string
	}{
		{"contacts", "7", `{"id":"7","createdAt":"2025-03-02T08:11:05.12Z","properties":{"firstname":" Ana ","lastname":"Marić","jobtitle":"","company":null,
			"email":"Ana@ACME.example","hs_additional_emails":"a.m@acme.example;;ana@acme.example","phone":"+385 1 555 0100","hubspot_owner_id":"9",
			"lifecyclestage":"marketingqualifiedlead","hs_merged_object_ids":"3;5","salesforcecontactid":"003A","language":12},
			"associations":{"companies":{"results":[{"id":"20","type":"contact_to_company_unlabeled"},{"id":"21","type":"contact_to_company"}]}}}`,
			map[string]string{"name.given": `"Ana"`, "name.family": `"Marić"`, "title": `null`, "company": `null`, "created": `"2025-03-02T08:11:05.120Z"`,
				"emails": `[{"address":"ana@acme.example","display":"Ana@ACME.example","type":"work","primary":true},{"address":"a.m@acme.example"}]`,
				"phones": `[{"raw":"+385 1 555 0100","e164":"+38515550100","type":"work"}]`, "owner": `"hs-main/owners/9"`,
				"lifecycle.stage": `"marketingqualifiedlead"`, "organization": `"hs-main/companies/21"`},
			[]string{"hs-main/contacts/3", "hs-main/contacts/5", "sf-prod/Contact/003A"}, nil},
		{"contacts", "7", `{"id":7,"properties":{"firstname":12,"lastname":{"a":1},"email":"broken","createdAt":1,"associatedcompanyid":4},"createdAt":"soon"}`,
			map[string]string{"organization": `"hs-main/companies/4"`, "emails": "null"}, nil,
			[]string{"contacts: created: the string at createdAt is not an ISO 8601 time or milliseconds since 1970",
				"contacts: emails: the string at properties.email is not an e-mail address",
				"contacts: name.family: the object at properties.lastname is not a single value",
				"contacts: name.given: the number at properties.firstname is not a text; add {as: text} to take it as one"}},
		{"deals", "1", `{"properties":{"dealname":"Big","amount":"12500.5","deal_currency_code":"eur","hs_is_closed":"true","closedate":"2026-01-31T00:00:00Z","percent":25,"seconds":1795368600,"tier":3},
			"associations":{"contacts":{"results":[{"id":"12"},{"id":"9"},{"id":"12"}]}}}`,
			map[string]string{"name": `"Big"`, "amount": `{"amount":"12500.50","currency":"EUR"}`, "status": `"lost"`, "expected_close_on": `"2026-01-31"`,
				"contacts": `["hs-main/contacts/9","hs-main/contacts/12"]`, "url": `"https://app.example/77/deal/1"`, "probability": `"0.25"`,
				"opened_at": `"2026-11-22T17:30:00.000Z"`, "custom.tier": `{"t":"int","v":3}`}, nil, nil},
		{"deals", "2", `{"associations":{"contacts":{"results":[]}}}`, map[string]string{"status": `"open"`, "contacts": `null`, "url": `"https://app.example/77/deal/2"`}, nil, nil},
		{"deals", "3", `{"properties":{"amount":"2","deal_currency_code":"BTC"}}`, map[string]string{"status": `"open"`, "url": `"https://app.example/77/deal/3"`,
			"amount": `{"amount":"2.00","currency":"BTC"}`}, nil, []string{"deals: amount: the string at properties.amount is in a currency that ISO 4217 does not have"}},
		{"tickets", "1", `{"priority":"P1","subject":"Help","requester_id":9,"collaborator_ids":[30,4]}`,
			map[string]string{"priority": `"urgent"`, "subject": `"Help"`, "contacts": `["hs-main/users/9","hs-main/users/4","hs-main/users/30"]`}, nil, nil},
		{"tickets", "2", `{"priority":"P9"}`, map[string]string{}, nil,
			[]string{"tickets: priority: the string at priority is none of low, normal, high, urgent; translate it with values"}},
		{"pipelines", "default", `{"label":"Sales","stages":[{"id":"b","label":"Won","displayOrder":2,"metadata":{"isClosed":"true","probability":"1.0"}},{"id":"a","label":"Proposal","displayOrder":1,"metadata":{"isClosed":"false","probability":"0.4"}}]}`,
			map[string]string{"name": `"Sales"`, "object": `"deal"`, "stages": `[{"id":"a","name":"Proposal","order":0,"kind":"proposal","probability":"0.4"},{"id":"b","name":"Won","order":1,"kind":"won","probability":"1","closed":true,"won":true}]`}, nil, nil},
	} {
		p, o, err := s.Map(record(c.object, c.id, c.data))
		if err != nil {
			t.Errorf("%s %s: %v", c.object, c.id, err)
			continue
		}
		var warnings []string
		for _, w := range o.Warnings {
			warnings = append(warnings, w.String())
		}
		if diff := cmp.Diff(c.want, claims(p)) + cmp.Diff(c.same, p.Same) + cmp.Diff(c.warnings, warnings); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.object, c.id, diff)
		}
		for _, w := range warnings {
			if strings.Contains(w, "broken") || strings.Contains(w, "soon") {
				t.Errorf("the warning %q shows the value", w)
			}
		}
		if again, err := canonical.DecodeProfile(p.AppendBinary(nil)); err != nil || again.Hash() != p.Hash() {
			t.Errorf("%s %s does not survive its binary form: %v", c.object, c.id, err)
		}
	}
}

func TestFilteredAndRefused(t *testing.T) {
	s := set(t)
	_, o, err := s.Map(record("contacts", "1", `{"id":"1","properties":{"test":"1","firstname":"X"}}`))
	if err != nil || o.Filtered != "test contacts" {
		t.Errorf("a test contact: %+v, %v; want filtered by the named rule", o, err)
	}
	for data, want := range map[string]string{
		`{"id":"1"`:              "not valid JSON",
		``:                       "not valid JSON",
		`[]`:                     "not a JSON object",
		`{"properties":{}}`:      "own id at id",
		`{"id":"2"}`:             "own id at id",
		`{"id":null}`:            "own id at id",
		strings.Repeat(`[`, 1e6): "nested",
		`{"a":"` + strings.Repeat(`x`, 9<<20) + `"}`: "bytes",
	} {
		if _, _, err := s.Map(record("contacts", "1", data)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "hs-main/contacts/1") {
			t.Errorf("%.30q gives %v; want an error with %q and the reference", data, err, want)
		}
	}
	if _, _, err := s.Map(record("notes", "1", `{}`)); err == nil || !strings.Contains(err.Error(), "no rules") {
		t.Errorf("an object without rules gives %v; want an error", err)
	}
	if _, _, err := s.Map(record("contacts", "", `{}`)); err == nil {
		t.Error("a record without id is mapped; want an error")
	}
	gone := record("contacts", "1", ``)
	gone.Deleted = connectors.Deletion{Kind: connectors.Merged, Into: connectors.Ref{Connection: "hs-main", Object: "contacts", ID: "2"}}
	p, _, err := s.Map(gone)
	if err != nil || len(p.Fields) != 0 || len(p.Same) != 1 || p.Same[0] != "hs-main/contacts/2" {
		t.Errorf("a merged record without data gives %+v, %v; want a must-link to the survivor", p, err)
	}
}

func TestPeersThatAreNotConfiguredClaimNothing(t *testing.T) {
	p, o, err := load(t, rules).Map(record("contacts", "7", `{"id":"7","properties":{"salesforcecontactid":"003A"}}`))
	if err != nil || p.Same != nil || o.Warnings != nil {
		t.Errorf("got %v, %v, %v; want no cross-reference and no warning", p.Same, o.Warnings, err)
	}
}

func TestOverlays(t *testing.T) {
	base := load(t, rules)
	r := load(t, rules, `
objects:
  contacts:
    where: {test contacts: null, real ones: 'record.properties.real == "yes"'}
    fields:
      title: properties.other
      company: null
      custom.score: {path: properties.score, type: integer}
    same:
      - {path: properties.twin, ref: contacts}
  tickets: null
`)
	p, o, err := r.Map(record("contacts", "7", `{"id":"7","properties":{"real":"yes","test":"1","other":"CTO","jobtitle":"no","company":"no","score":"7","twin":"8","firstname":"Ana"}}`))
	if err != nil || o.Filtered != "" {
		t.Fatal(err, o)
	}
	want := map[string]string{"title": `"CTO"`, "custom.score": `{"t":"int","v":7}`, "name.given": `"Ana"`}
	if diff := cmp.Diff(want, claims(p)) + cmp.Diff([]string{"hs-main/contacts/8"}, p.Same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Kind("tickets") != "" || r.Kind("deals") != canonical.Deal {
		t.Error("an overlay's null does not remove its object only")
	}
	if r.Version() == base.Version() {
		t.Error("an overlay does not change the version")
	}
	if v := load(t, strings.ReplaceAll(rules, "    fields:", "    # words\n    fields:")).Version(); v != base.Version() {
		t.Error("a comment changes the version")
	}
}

func TestLoadNamesEveryProblem(t *testing.T) {
	_, err := Load(File{"rules.yaml", []byte(`version: 2
objects:
  contacts: {kind: person, feilds: {}}
  deals:
    kind: deel
`)})
	if err == nil || !strings.Contains(err.Error(), "rules.yaml:1:10: the version") {
		t.Errorf("got %v; want the place of the version", err)
	}
	_, err = Load(File{"rules.yaml", []byte(`version: 1
objects:
  contacts:
    kind: person
    feilds: {}
    where: record.x +
    fields:
      emials: a
      owner: properties.owner
      title: {path: a..b}
      birthday: {path: a, zone: Mars/Olympus, currency: EUR}
      name.given: {path: a, expr: '"b"'}
      name.family: {expr: 'recrod.a'}
      company:
        expr: |
          "a" +
          nope
      emails: {each: [{path: "x[y]", primary: maybe}]}
      custom.n: {path: a, type: numbr}
  deals:
    kind: deel
  tickets: {}
  companies:
    kind: organization
    fields:
      annual_revenue: {path: a, scale: 3}
      company: {expr: '1 +'}
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{
		`rules.yaml:5:5: "feilds" is not a key of an object; did you mean "fields"?`,
		`rules.yaml:6:`,
		`rules.yaml:8:7: "emials" is not a field of person (or custom.…); did you mean "emails"?`,
		`rules.yaml:9:7: owner is a reference`,
		`rules.yaml:10:23: a name is missing`,
		`rules.yaml:11:33: "Mars/Olympus" is not an IANA time zone`,
		`rules.yaml:11:47: "currency" is not a key of the field birthday`,
		`rules.yaml:12:19: give exactly one of`,
		`rules.yaml:13:28: unknown name recrod`,
		`rules.yaml:17:11: unknown name nope`,
		`rules.yaml:18:32: [y] is no selector`,
		`rules.yaml:19:33: "numbr" is not a type of custom fields`,
		`rules.yaml:21:11: "deel" is not a kind; did you mean "deal"?`,
		`rules.yaml:22:12: the object tickets has no kind`,
		`rules.yaml:26:40: scale must be a power of ten`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func contact() connectors.Record {
	var b strings.Builder
	b.WriteString(`{"id":"151","properties":{"firstname":"Ana","lastname":"Kovačević","email":"ana.kovacevic@acme.example","phone":"+385 1 555 0100","jobtitle":"Head of Purchasing","company":"Acme d.o.o.","lifecyclestage":"customer","hs_language":"hr","city":"Zagreb","hubspot_owner_id":"9","hs_additional_emails":"ana@acme.example"`)
	for i := range 19 {
		fmt.Fprintf(&b, `,"hs_other_property_%02d":"value %d"`, i, i*7919)
	}
	b.WriteString(`},"createdAt":"2025-03-02T08:11:05.120Z","updatedAt":"2025-04-02T08:11:05.120Z","archived":false,"associations":{"companies":{"results":[{"id":"21","type":"contact_to_company"}]}}}`)
	return record("contacts", "151", b.String())
}

func BenchmarkMap(b *testing.B) {
	plain := strings.Replace(rules, "    where:\n      test contacts: record.properties.test != \"1\"\n", "", 1)
	for name, text := range map[string]string{"paths": plain, "filter": rules} {
		r, rec := load(b, text), contact()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(rec.Data)))
			for b.Loop() {
				if p, o, err := r.Map(rec); err != nil || len(p.Fields) != 12 || o.Warnings != nil {
					b.Fatal(len(p.Fields), o, err)
				}
			}
		})
	}
}

func FuzzMap(f *testing.F) {
	r := load(f, rules)
	f.Add("contacts", string(contact().Data))
	f.Add("deals", `{"properties":{"amount":"1e3","hs_is_closed":true}}`)
	f.Add("pipelines", `{"stages":[{"id":"a","metadata":{"probability":0.5}},1,null]}`)
	f.Fuzz(func(t *testing.T, object, data string) {
		rec := record(object, "151", data)
		p, o, err := r.Map(rec)
		if err != nil {
			return
		}
		if o.Filtered != "" && len(p.Fields) > 0 {
			t.Fatal("a filtered record makes claims")
		}
		for i, claim := range p.Fields {
			if !json.Valid(claim.Value) || i > 0 && p.Fields[i-1].Name >= claim.Name {
				t.Fatalf("claim %s = %q", claim.Name, claim.Value)
			}
		}
		if q, _, err := r.Map(rec); err != nil || q.Hash() != p.Hash() {
			t.Fatal("mapping twice gives two profiles")
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add(rules)
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := Load(File{"r.yaml", []byte(text)}); err == nil && r.Version() == "" {
			t.Fatal("rules without a version")
		}
	})
}
