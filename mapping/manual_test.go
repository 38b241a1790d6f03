package mapping

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

var edited = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// manual maps an edit as the ledger does.
func manual(t *testing.T, kind canonical.Kind, fields map[string]string) (canonical.Profile, error) {
	t.Helper()
	m := Manual{Same: "hs/contacts/1", Fields: map[string]json.RawMessage{}, At: map[string]time.Time{"title": edited.Add(-time.Hour)}, By: "ana"}
	for name, value := range fields {
		m.Fields[name] = json.RawMessage(value)
	}
	rec, err := ManualRecord(kind, "X", m, edited)
	if err != nil {
		return canonical.Profile{}, err
	}
	if rec.Ref.String() != "hub/"+string(kind)+"/X" || !rec.Version.Equal(edited) || (rec.Deleted.Kind != connectors.NotDeleted) != (len(fields) == 0) {
		t.Fatalf("record %+v; want one of the hub of that time, deleted when nothing is said", rec)
	}
	p, out, err := NewSet(nil).Map(rec)
	if len(out.Warnings) > 0 {
		t.Fatalf("an edit that was taken maps with %v", out.Warnings)
	}
	return p, err
}

func TestManualValues(t *testing.T) {
	p, err := manual(t, canonical.Person, map[string]string{
		"title": `" Chief   Executive "`, "company": `""`, "birthday": `"1985-04-12"`, "emails": `["Ana@ACME.example"]`, "phones": `[{"raw":"+385 1 4817 344","type":"work"}]`,
		"tags": `["a","b"]`, "addresses": `[{"locality":"Zagreb","country":"HR"}]`, "do_not_contact": `true`, "lead.score": `12.50`, "labels": `{"segment":"smb"}`,
		"custom.tier": `{"t":"enum","v":"Gold"}`, "notes": `[]`, "organization": `"hs/companies/7"`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"title": `"Chief Executive"`, "company": `null`, "birthday": `"1985-04-12"`, "emails": `[{"address":"ana@acme.example","display":"Ana@ACME.example"}]`,
		"phones": `[{"raw":"+385 1 4817 344","e164":"+38514817344","type":"work"}]`, "tags": `["a","b"]`, "addresses": `[{"locality":"Zagreb","country":"HR"}]`, "do_not_contact": `true`,
		"lead.score": `"12.5"`, "labels": `{"segment":"smb"}`, "custom.tier": `{"t":"enum","v":"Gold"}`, "notes": `null`, "organization": `"hs/companies/7"`} {
		if got := string(p.Get(name)); got != want {
			t.Errorf("%s = %s; want %s", name, got, want)
		}
	}
	if len(p.Same) != 1 || p.Same[0] != "hs/contacts/1" || !p.AssertedAt("title").Equal(edited.Add(-time.Hour)) || !p.AssertedAt("tags").IsZero() {
		t.Errorf("the edit is of %v, its title of %v; want hs/contacts/1, an hour earlier", p.Same, p.AssertedAt("title"))
	}
	if _, err := manual(t, canonical.Person, nil); err != nil {
		t.Errorf("an edit that says nothing any more: %v", err)
	}
}

func TestManualRefuses(t *testing.T) {
	for field, c := range map[string]struct{ value, want string }{
		"titel": {`"x"`, `did you mean "title"?`}, "title": {`{"geheim":1}`, "title: "}, "emails": {`"geheim"`, "emails: "}, "status": {`"geheim"`, "none of"},
		"birthday": {`"geheim"`, "birthday: "}, "language": {`null`, "null"}, "phones": {`[1,"geheim"]`, "phones: "}, "owner": {`"geheim"`, "owner: "}, "tags": {`["a",{"geheim":1}]`, "tags: "},
	} {
		_, err := manual(t, canonical.Person, map[string]string{field: c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v; want an error with %q and without the value", field, err, c.want)
		}
	}
	if _, err := ManualRecord(canonical.Person, "X", Manual{Same: "nobody"}, edited); err == nil {
		t.Error("an edit of no record is taken")
	}
	for name, rec := range map[string]connectors.Record{
		"no kind": {Ref: connectors.Ref{Connection: "hub", Object: "persons", ID: "X"}, Data: json.RawMessage(`{}`)},
		"no JSON": {Ref: connectors.Ref{Connection: "hub", Object: "person", ID: "X"}, Data: json.RawMessage(`{`)},
	} {
		if _, _, err := NewSet(nil).Map(rec); err == nil || !strings.Contains(err.Error(), rec.Ref.String()) {
			t.Errorf("%s: %v; want an error that names the record", name, err)
		}
	}
}

// An edit that a later catalogue does not take any more is a warning, not a lost record.
func TestManualOutlivesTheCatalogue(t *testing.T) {
	rec := connectors.Record{Ref: connectors.Ref{Connection: "hub", Object: "person", ID: "X"}, Data: json.RawMessage(`{"same":"hs/contacts/1","fields":{"fax":"1","title":"CEO"}}`)}
	p, out, err := NewSet(nil).Map(rec)
	if err != nil || len(out.Warnings) != 1 || out.Warnings[0].Field != "fax" || string(p.Get("title")) != `"CEO"` {
		t.Errorf("mapped to %v with %v, %v; want the title and a warning about fax", p, out.Warnings, err)
	}
}

func FuzzManual(f *testing.F) {
	f.Add(`{"same":"hs/contacts/1","fields":{"title":"CEO","emails":[{"address":"a@x.example"}],"labels":{"a":"b"}},"at":{"title":"2026-11-22T10:00:00Z"}}`)
	f.Fuzz(func(t *testing.T, data string) {
		rec := connectors.Record{Ref: connectors.Ref{Connection: "hub", Object: "person", ID: "X"}, Data: json.RawMessage(data)}
		p, _, err := NewSet(nil).Map(rec)
		if err != nil {
			return
		}
		b := p.AppendBinary(nil)
		if back, err := canonical.DecodeProfile(b); err != nil || back.Hash() != p.Hash() {
			t.Fatalf("the profile of %q does not survive its binary form: %v", data, err)
		}
	})
}
