package hubspottest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

func TestListPagesThroughEverythingOnce(t *testing.T) {
	a := open(t, hubspottest.Options{})
	want := a.make(25)
	for _, base := range []string{"/crm/v3/objects/contacts", "/crm/objects/2026-09/CONTACT", "/crm/objects/2026-09/0-1"} {
		var got []string
		for after, pages := "", 0; ; pages++ {
			var p page
			a.do("GET", base+"?after="+after, nil).want(t, 200, &p)
			got = append(got, p.ids()...)
			if after = p.Paging.Next.After; after == "" {
				break
			}
			if len(p.Results) != 10 || pages > 3 {
				t.Fatalf("%s: page %d has %d results, want 10 by default", base, pages, len(p.Results))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", base, got, want)
		}
	}
	a.do("GET", "/crm/v3/objects/contacts?limit=101", nil).want(t, 400, nil)
	a.do("GET", "/crm/v3/objects/butterflies", nil).want(t, 400, nil)
	a.do("GET", "/crm/v3/objects/contacts?properties="+strings.Repeat("some_property,", 1300), nil).want(t, 414, nil)
}

func TestPropertiesShown(t *testing.T) {
	a := open(t, hubspottest.Options{})
	id := a.make(1)[0]
	names := func(query string) string {
		var r record
		a.do("GET", "/crm/v3/objects/contacts/"+id+query, nil).want(t, 200, &r)
		var out []string
		for n := range r.Properties {
			out = append(out, n)
		}
		slices.Sort(out)
		return strings.Join(out, ",")
	}
	if got, want := names(""), "createdate,email,firstname,hs_object_id,lastmodifieddate,lastname"; got != want {
		t.Errorf("default: got %s, want %s", got, want)
	}
	if got, want := names("?properties=phone&properties=city,nonsense"), "city,createdate,hs_object_id,lastmodifieddate,phone"; got != want {
		t.Errorf("asked: got %s, want %s", got, want)
	}
}

func TestCreateUpdateArchive(t *testing.T) {
	a := open(t, hubspottest.Options{})
	var r record
	a.do("POST", "/crm/v3/objects/contacts", `{"properties":{"email":"Ada@Acme.Example","firstname":"Ada \"A\"","num_notes":12,"closedate":"1572480000000"}}`).want(t, 201, &r)
	if r.get("email") != "ada@acme.example" || r.get("closedate") != "2019-10-31T00:00:00Z" || r.get("num_notes") != "12" || r.CreatedAt != "2026-11-22T09:00:00.123Z" {
		t.Errorf("created: got %+v", r)
	}
	for _, body := range []string{
		`{"properties":{"nope":"1"}}`, `{"properties":{"hs_object_id":"1"}}`, `{"properties":{"num_notes":"many"}}`,
		`{"properties":{"lifecyclestage":"friend"}}`, `{"properties":{"email":"not an address"}}`, `{"properties":{"closedate":"soon"}}`,
		`{"properties":{"email":{}}}`, `{"properties":`,
	} {
		var w wrong
		a.do("PATCH", "/crm/v3/objects/contacts/"+r.ID, body).want(t, 400, &w)
		if w.Category != "VALIDATION_ERROR" || w.CorrelationID == "" {
			t.Errorf("%s: got %+v, want a validation error", body, w)
		}
	}
	var taken wrong
	a.do("POST", "/crm/objects/2026-09/contacts", `{"properties":{"email":"ada@acme.example"}}`).want(t, 409, &taken)
	if want := "Contact already exists. Existing ID: " + r.ID; taken.Message != want || taken.Category != "CONFLICT" {
		t.Errorf("conflict: got %+v, want message %q", taken, want)
	}
	a.clock.Advance(877 * time.Millisecond)
	a.do("PATCH", "/crm/v3/objects/contacts/ADA@acme.example?idProperty=email", `{"properties":{"firstname":""}}`).want(t, 200, &r)
	if r.UpdatedAt != "2026-11-22T09:00:01Z" {
		t.Errorf("updatedAt: got %s, want no digits after a whole second", r.UpdatedAt)
	}
	a.do("DELETE", "/crm/v3/objects/contacts/"+r.ID, nil).want(t, 204, nil)
	a.do("DELETE", "/crm/v3/objects/contacts/"+r.ID, nil).want(t, 204, nil)
	a.do("GET", "/crm/v3/objects/contacts/"+r.ID, nil).want(t, 404, nil)
	var p page
	a.do("GET", "/crm/v3/objects/contacts?archived=true", nil).want(t, 200, &p)
	if len(p.Results) != 1 || !p.Results[0].Archived || p.Results[0].ArchivedAt == "" {
		t.Errorf("archived list: got %+v, want the one", p.Results)
	}
	if err := a.Restore("contacts", r.ID); err != nil {
		t.Fatal(err)
	}
	a.do("GET", "/crm/v3/objects/contacts/"+r.ID, nil).want(t, 200, nil)
}

func TestMergeMakesANewID(t *testing.T) {
	a := open(t, hubspottest.Options{})
	ids := a.make(3)
	if err := a.Set("contacts", map[string]string{"phone": "+1"}, ids[1]); err != nil {
		t.Fatal(err)
	}
	company, err := a.Create("companies", map[string]string{"name": "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Associate("contacts", ids[1], "companies", company, 1); err != nil {
		t.Fatal(err)
	}
	var r record
	a.do("POST", "/crm/v3/objects/contacts/merge", map[string]string{"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}).want(t, 200, &r)
	if slices.Contains(ids, r.ID) || r.get("hs_merged_object_ids") != ids[0]+";"+ids[1] || r.get("phone") != "+1" || r.get("email") != "p0@acme.example" {
		t.Errorf("merged: got %+v, want a new id, both old ids, the primary's e-mail and the other's phone", r)
	}
	again, err := a.Merge("contacts", r.ID, ids[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range append(ids, r.ID) {
		var got record
		a.do("GET", "/crm/v3/objects/contacts/"+old, nil).want(t, 200, &got)
		if got.ID != again {
			t.Errorf("get %s: got id %s, want the survivor's %s", old, got.ID, again)
		}
	}
	if got := a.Linked("companies", company, "contacts"); len(got) != 1 || got[again] == nil {
		t.Errorf("company's contacts: got %v, want the survivor %s", got, again)
	}
	if live, archived := a.Count("contacts"); live != 1 || archived != 0 {
		t.Errorf("count: got %d live, %d archived; want 1 and 0", live, archived)
	}
	a.do("POST", "/crm/v3/objects/contacts", `{"properties":{"email":"p1@acme.example"}}`).want(t, 409, nil)
	a.do("POST", "/crm/v3/objects/contacts/merge", map[string]string{"primaryObjectId": again, "objectIdToMerge": ids[1]}).want(t, 400, nil)
}

func TestPrivacyDeletionLeavesNothing(t *testing.T) {
	a := open(t, hubspottest.Options{})
	id := a.make(1)[0]
	a.do("POST", "/crm/objects/2026-09/contacts/gdpr-delete", `{"objectId":"p0@acme.example","idProperty":"email"}`).want(t, 204, nil)
	a.do("GET", "/crm/v3/objects/contacts/"+id+"?archived=true", nil).want(t, 404, nil)
	if live, archived := a.Count("contacts"); live+archived != 0 {
		t.Errorf("count: got %d and %d, want none", live, archived)
	}
	if _, err := a.Create("contacts", map[string]string{"email": "p0@acme.example"}); err != nil {
		t.Errorf("create again: %v", err)
	}
}

func TestBatches(t *testing.T) {
	a := open(t, hubspottest.Options{})
	const base = "/crm/v3/objects/contacts/batch/"
	var p page
	a.do("POST", base+"create", `{"inputs":[{"properties":{"email":"a@x.example"}},{"properties":{"email":"b@x.example"}}]}`).want(t, 201, &p)
	if p.Results[0].get("email") != "b@x.example" {
		t.Errorf("create: got %s first, want an order other than the inputs'", p.Results[0].get("email"))
	}
	b, first := p.Results[0].ID, p.Results[1].ID

	var w wrong
	a.do("POST", base+"create", `{"inputs":[{"properties":{"email":"c@x.example"}},{"properties":{"email":"a@x.example"}}]}`).want(t, 409, &w)
	if live, _ := a.Count("contacts"); live != 2 || w.Message != "Contact already exists" {
		t.Errorf("conflict: got %q and %d contacts, want nothing made", w.Message, live)
	}
	p = page{}
	a.do("POST", base+"create", `{"inputs":[{"objectWriteTraceId":"0","properties":{"email":"c@x.example"}},{"objectWriteTraceId":"1","properties":{"email":"a@x.example"}}]}`).want(t, 207, &p)
	if len(p.Results) != 1 || p.NumErrors != 1 || p.Errors[0].Context["existingId"][0] != first || p.Errors[0].Context["objectWriteTraceId"][0] != "1" {
		t.Errorf("traced conflict: got %+v, want one made and one error with its trace", p)
	}
	a.do("POST", base+"create", `{"inputs":[{"properties":{"email":"d@x.example"}},{"properties":{"bogus":"1"}}]}`).want(t, 400, &w)
	if len(w.Errors) != 1 || w.Errors[0].Code != "PROPERTY_DOESNT_EXIST" || !strings.Contains(w.Message, `[{"isValid":false`) {
		t.Errorf("bad property: got %+v, want the results as text", w)
	}
	p = page{}
	a.do("POST", base+"update", fmt.Sprintf(`{"inputs":[{"id":%q,"properties":{"city":"Köln"}},{"id":"unknown","properties":{}}]}`, b)).want(t, 207, &p)
	if len(p.Results) != 1 || p.Errors[0].Category != "OBJECT_NOT_FOUND" || p.Errors[0].Context["ids"][0] != "unknown" {
		t.Errorf("update: got %+v", p)
	}
	a.do("POST", base+"update", fmt.Sprintf(`{"inputs":[{"id":%q,"properties":{}},{"id":%q,"properties":{}}]}`, b, b)).want(t, 400, &w)
	if !strings.HasPrefix(w.Message, "Duplicate IDs found in batch input: ["+b+"]") {
		t.Errorf("duplicates: got %q", w.Message)
	}
	p = page{}
	a.do("POST", base+"upsert", `{"inputs":[{"idProperty":"email","id":"a@x.example","properties":{"city":"A"}},{"idProperty":"email","id":"new@x.example","properties":{"city":"N"}}]}`).want(t, 200, &p)
	if p.Results[0].New || !p.Results[1].New || p.Results[1].get("email") != "new@x.example" || p.Results[0].ID != first {
		t.Errorf("upsert: got %+v, want the first updated and the second new", p.Results)
	}
	p = page{}
	a.do("POST", base+"read", fmt.Sprintf(`{"inputs":[{"id":%q},{"id":"1"}],"properties":["city"],"propertiesWithHistory":[]}`, b)).want(t, 207, &p)
	if p.Results[0].get("city") != "Köln" {
		t.Errorf("read: got %+v", p)
	}
	a.do("POST", base+"archive", fmt.Sprintf(`{"inputs":[{"id":%q},{"id":"1"}]}`, b)).want(t, 204, nil)
	a.do("POST", base+"read", `{"inputs":[`+strings.Repeat(`{"id":"1"},`, 100)+`{"id":"1"}]}`).want(t, 400, nil)
}

func TestSeedAndPerformance(t *testing.T) {
	a := open(t, hubspottest.Options{})
	ids := a.Seed(sandbox.Generate(1, 400))
	if live, _ := a.Count("contacts"); live != 400 || len(ids.Companies) != 50 {
		t.Errorf("seed: got %d contacts, %d companies; want 400 and 50", live, len(ids.Companies))
	}
	var deal record
	a.do("GET", "/crm/v3/objects/deals/"+ids.Deals[0]+"?properties=amount,hs_is_closed,hubspot_owner_id", nil).want(t, 200, &deal)
	if deal.get("amount") == "" || deal.get("hs_is_closed") == "" || deal.get("hubspot_owner_id") == "" {
		t.Errorf("deal: got %+v, want amount, closedness and owner", deal)
	}
}

func BenchmarkListPage(b *testing.B) {
	a := open(b, hubspottest.Options{})
	a.Seed(sandbox.Generate(1, 20_000))
	const thirty = "email,firstname,lastname,phone,mobilephone,company,website,jobtitle,salutation,address,city,state,zip,country,hs_language,date_of_birth,fax,lifecyclestage,hs_lead_status,associatedcompanyid,hs_email_optout,hs_additional_emails,industry,numemployees,annualrevenue,message,num_notes,closedate,hubspotscore,twitterhandle"
	b.ReportAllocs()
	for b.Loop() {
		a.do("GET", "/crm/v3/objects/contacts?limit=100&properties="+thirty+"&associations=companies", nil).want(b, 200, nil)
	}
}

func BenchmarkSearchPage(b *testing.B) {
	a := open(b, hubspottest.Options{})
	a.Seed(sandbox.Generate(1, 100_000))
	for b.Loop() {
		a.do("POST", "/crm/v3/objects/contacts/search", `{"limit":200,"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"GTE","value":"1700000000000"}]}],"sorts":[{"propertyName":"lastmodifieddate","direction":"ASCENDING"}],"after":"9800"}`).want(b, 200, nil)
	}
}
