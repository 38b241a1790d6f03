package envelope_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/envelope"
	"github.com/millrace/millrace/mapping/identity"
)

var update = flag.Bool("update", false, "write the golden files")

func source(ref string, day int, fields ...string) identity.Source {
	p := &canonical.Profile{Kind: canonical.Person}
	for i := 0; i < len(fields); i += 2 {
		p.Fields = append(p.Fields, canonical.Field{Name: fields[i], Value: json.RawMessage(fields[i+1])})
	}
	return identity.Source{Ref: ref, Version: time.Date(2026, 11, day, 10, 0, 0, 5_000_000, time.UTC), Live: true, Profile: p}
}

// worked is the example of the model, 3.8.
func worked() identity.Golden {
	sf := source("sf-prod/Contact/003", 1, "custom.Tier__c", `{"t":"string","v":"Gold"}`, "emails", `[{"address":"a.mueller@acme.de","display":"A.Mueller@ACME.de"}]`,
		"name.family", `"Müller"`, "phones", `[{"raw":"0171 2345678","e164":"+491712345678","type":"mobile"}]`, "tags", `["vip"]`, "url", `"https://sf.example/003?a=1&b=<2>"`)
	hs := source("hs-main/contacts/512", 2, "custom.hubspot.tier", `{"t":"enum","v":"A"}`, "emails", `[{"address":"a.mueller@acme.de"}]`, "lifecycle.stage", `"opportunity"`,
		"name.family", `"Mueller"`, "name.given", `"Anna"`, "phones", `[{"raw":"+49 171 2345678","e164":"+491712345678"}]`, "tags", `["vip","smb"]`, "title", `"COO"`)
	gone := source("zd/users/9", 3, "title", `"CEO"`)
	gone.Live = false
	return identity.Merge(canonical.Person, []identity.Source{sf, hs, gone}, (*identity.Survivorship)(nil).In(identity.Context{
		Connectors: map[string]string{"sf-prod": "salesforce", "hs-main": "hubspot", "zd": "zendesk"}}))
}

func document(t *testing.T, g identity.Golden) []byte {
	t.Helper()
	e, err := envelope.Of(&g, envelope.About{ID: "per_01JZ9K3V7Q8M2N4P6R8S0T2V4X", Aliases: []string{"per_01JX"}, Tenant: "acme", Version: 17,
		Created: time.Date(2025, 3, 2, 8, 11, 5, 120_000_000, time.UTC), Updated: time.Date(2026, 11, 2, 10, 0, 1, 0, time.UTC),
		Record: func(ref string) envelope.Ref { return envelope.Ref{Source: "hubspot", Via: "e-mail " + ref} }})
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDocument(t *testing.T) {
	got := document(t, worked())
	var tree any
	if err := json.Unmarshal(got, &tree); err != nil {
		t.Fatalf("the document is no JSON: %v", err)
	}
	pretty, _ := json.MarshalIndent(tree, "", "  ")
	pretty = append(pretty, '\n')
	file := filepath.Join("testdata", "person.golden.json")
	if *update {
		if err := os.WriteFile(file, pretty, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(pretty) != string(want) {
		t.Errorf("the document is\n%s\nwant (or run with -update)\n%s", pretty, want)
	}
	var back envelope.Entity
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatalf("reading it back: %v", err)
	}
	again, err := back.JSON()
	if err != nil || string(again) != string(got) {
		t.Errorf("written again it is\n%s (%v)\nwant\n%s", again, err, got)
	}
}

// Equal data have equal tags, whoever says them; other data have another.
func TestETag(t *testing.T) {
	tag := func(list ...identity.Source) string {
		g := identity.Merge(canonical.Person, list, nil)
		e, err := envelope.Of(&g, envelope.About{ID: "per_1"})
		if err != nil {
			t.Fatal(err)
		}
		return e.ETag
	}
	one := tag(source("a/c/1", 1, "title", `"CEO"`))
	if other := tag(source("b/c/2", 2, "title", `"CEO"`), source("c/c/2", 1, "title", `"CTO"`)); other != one {
		t.Errorf("equal data have tags %s and %s", one, other)
	}
	if other := tag(source("a/c/1", 1, "title", `"CTO"`)); other == one {
		t.Errorf("other data have the same tag %s", other)
	}
}

func TestTombstone(t *testing.T) {
	s := source("a/c/1", 1, "title", `"CEO"`)
	s.Live = false
	g := identity.Merge(canonical.Person, []identity.Source{s}, nil)
	for _, want := range []*envelope.Tombstone{nil, {Kind: "erased"}} {
		e, err := envelope.Of(&g, envelope.About{ID: "per_1", Tombstone: want})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = &envelope.Tombstone{Kind: "source_deleted"}
		}
		if e.Tombstone == nil || e.Tombstone.Kind != want.Kind || string(e.Data) != "{}" || e.ETag != "" || e.Refs[0].State != "deleted" {
			t.Errorf("what is gone is written as %+v; want a tombstone %s without data", e, want.Kind)
		}
	}
}
