package salesforcetest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

func TestVersions(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	var list []struct{ Label, URL, Version string }
	stranger := &org{o.Server, t, o.clock, ""}
	stranger.do("GET", "/services/data/", nil).want(t, 200, &list)
	first, last := list[0], list[len(list)-1]
	if first.Version != "31.0" || first.Label != "Summer '14" || last.Version != "67.0" || last.Label != "Summer '26" || last.URL != "/services/data/v67.0" {
		t.Errorf("got %+v to %+v", first, last)
	}
	o.do("GET", "/services/data/v30.0/query?q=x", nil).want(t, 410, nil)
	o.do("GET", "/services/data/v68.0/limits", nil).refused(t, 404, "NOT_FOUND", "")
	o.do("GET", "/services/data/v67/limits", nil).refused(t, 404, "NOT_FOUND", "")
	o.do("GET", "/services/data/v67.0/nonsense", nil).refused(t, 404, "NOT_FOUND", "")
}

func TestDescribe(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	o.AddObject("Order__c", "a01", salesforcetest.Field{Name: "Account__c", Type: "reference", ReferenceTo: []string{"Account"}, Children: "Orders__r"})
	type field struct {
		Name, Type       string
		Filterable       bool
		RelationshipName string
		ReferenceTo      []string
	}
	var d struct {
		Name, KeyPrefix    string
		Fields             []field
		ChildRelationships []struct{ ChildSObject, Field, RelationshipName string }
	}
	r := o.do("GET", "sobjects/account/describe", nil).want(t, 200, &d)
	if d.Name != "Account" || d.KeyPrefix != "001" || !slices.ContainsFunc(d.Fields, func(f field) bool { return f.Name == "Description" && !f.Filterable }) {
		t.Errorf("got %+v", d)
	}
	if !strings.Contains(string(r.body), `"relationshipName":"Orders__r"`) {
		t.Error("the custom object's relationship is missing")
	}
	o.do("GET", "sobjects/Account/describe", nil, "If-Modified-Since", r.header.Get("Last-Modified")).want(t, 304, nil)
	o.clock.Advance(time.Minute)
	o.HideField("Account", "Website")
	again := o.do("GET", "sobjects/Account/describe", nil, "If-Modified-Since", r.header.Get("Last-Modified")).want(t, 200, nil)
	if strings.Contains(string(again.body), `"Website"`) {
		t.Error("a hidden field is described")
	}
	account := o.create("Account", map[string]any{"Name": "A"})
	o.create("Order__c", map[string]any{"Name": "O1", "Account__c": account})
	p := o.query("SELECT Name, (SELECT Name, Account__r.Name FROM Orders__r) FROM Account")
	if got := fmt.Sprint(p.Records[0]["Orders__r"]); !strings.Contains(got, "Name:O1") || !strings.Contains(got, "Name:A") {
		t.Errorf("got %s", got)
	}
}

func TestRowsOneByOne(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	o.AddField("Contact", salesforcetest.Field{Name: "Ext__c", ExternalID: true, Unique: true})
	var made struct {
		ID      string
		Success bool
	}
	r := o.do("POST", "sobjects/Contact", `{"LastName":"  L ","Ext__c":"E1","Birthdate":"1990-02-03"}`).want(t, 201, &made)
	if r.header.Get("Location") != data+"sobjects/Contact/"+made.ID || !made.Success {
		t.Errorf("got %s at %s", r.body, r.header.Get("Location"))
	}
	var row map[string]any
	o.do("GET", "sobjects/Contact/"+made.ID[:15]+"?fields=LastName,Birthdate,Owner.Name", nil).want(t, 200, &row)
	if row["LastName"] != "L" || row["Birthdate"] != "1990-02-03" || row["Owner"].(map[string]any)["Name"] != "Integration" {
		t.Errorf("got %v", row)
	}
	for body, want := range map[string][2]string{
		`{}`:                                                       {"REQUIRED_FIELD_MISSING", "[LastName]"},
		`{"LastName":"x","No":1}`:                                  {"INVALID_FIELD", "No such column 'No'"},
		`{"LastName":"x","Ext__c":"e1"}`:                           {"DUPLICATE_VALUE", made.ID[:15]},
		`{"LastName":"x","Email":"nobody"}`:                        {"INVALID_EMAIL_ADDRESS", "nobody"},
		`{"LastName":"x","AccountId":"1"}`:                         {"MALFORMED_ID", "incorrect type"},
		`{"LastName":"x","AccountId":"` + made.ID + `"}`:           {"MALFORMED_ID", "incorrect type"},
		`{"LastName":"x","AccountId":"001ak0000000001"}`:           {"INVALID_CROSS_REFERENCE_KEY", ""},
		`{"LastName":"x","Birthdate":"soon"}`:                      {"JSON_PARSER_ERROR", "instance of date"},
		`{"LastName":"` + strings.Repeat("x", 81) + `"}`:           {"STRING_TOO_LONG", "max length=80"},
		`{"LastName":"x","CleanStatus":"Foo"}`:                     {"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Foo"},
		`{"LastName":"x","SystemModstamp":"2020-01-01T00:00:00Z"}`: {"INVALID_FIELD_FOR_INSERT_UPDATE", "SystemModstamp"},
		`{"LastName":`:                                             {"JSON_PARSER_ERROR", ""},
	} {
		o.do("POST", "sobjects/Contact", body).refused(t, 400, want[0], want[1])
	}
	o.clock.Advance(time.Minute)
	o.do("PATCH", "sobjects/Contact/"+made.ID, `{"Title":"CTO","LastName":"M"}`).want(t, 204, nil)
	var up struct{ Created bool }
	o.do("PATCH", "sobjects/Contact/Ext__c/E1", `{"Title":null}`).want(t, 200, &up)
	o.do("PATCH", "/services/data/v45.0/sobjects/Contact/Ext__c/E1", `{"Title":null}`).want(t, 204, nil)
	got, _ := o.Row("Contact", made.ID)
	if up.Created || got.Fields["Title"] != nil || got.Fields["Name"] != "M" || !got.Modified.Equal(start.Truncate(time.Second).Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}
	o.do("PATCH", "sobjects/Contact/Ext__c/E2", `{"LastName":"New"}`).want(t, 201, &up)
	if !up.Created {
		t.Error("an upsert that creates does not say so")
	}
	o.do("GET", "sobjects/Contact/Ext__c/E2", nil).want(t, 200, nil)
	o.do("DELETE", "sobjects/Contact/"+made.ID, nil).want(t, 204, nil)
	o.do("PATCH", "sobjects/Contact/"+made.ID, `{"Title":"x"}`).refused(t, 404, "ENTITY_IS_DELETED", "")
}

func TestCollections(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	ids := o.contacts(5)
	must(t, o.Delete("Contact", ids[1]))
	var rows []map[string]any
	o.do("POST", "composite/sobjects/Contact", map[string]any{"ids": []string{ids[2], ids[1], "003000000000000", ids[0]}, "fields": []string{"LastName", "Account.Name"}}).want(t, 200, &rows)
	if len(rows) != 4 || rows[0]["LastName"] != "P00002" || rows[1] != nil || rows[2] != nil || rows[3]["LastName"] != "P00000" {
		t.Errorf("got %v", rows)
	}
	o.do("POST", "composite/sobjects/Contact", map[string]any{"ids": make([]string, 2001), "fields": []string{"Id"}}).refused(t, 400, "EXCEEDED_ID_LIMIT", "2000")
	records := make([]map[string]any, 201)
	for i := range records {
		records[i] = map[string]any{"attributes": map[string]string{"type": "Contact"}, "LastName": fmt.Sprint("N", i)}
	}
	o.do("POST", "composite/sobjects", map[string]any{"records": records}).refused(t, 400, "EXCEEDED_ID_LIMIT", "200 records")
	var out []struct {
		ID      string
		Success bool
		Errors  []struct{ StatusCode string }
	}
	delete(records[0], "LastName")
	o.do("POST", "composite/sobjects", map[string]any{"records": records[:3], "allOrNone": true}).want(t, 200, &out)
	if out[1].Success || out[1].Errors[0].StatusCode != "ALL_OR_NONE_OPERATION_ROLLED_BACK" || len(o.Rows("Contact")) != 4 {
		t.Errorf("got %+v and %d rows", out, len(o.Rows("Contact")))
	}
	o.do("POST", "composite/sobjects", map[string]any{"records": records[:3]}).want(t, 200, &out)
	if out[0].Success || !out[1].Success || len(o.Rows("Contact")) != 6 {
		t.Errorf("got %+v and %d rows", out, len(o.Rows("Contact")))
	}
	// What was written together has one time: ties are normal.
	if p := o.query("SELECT SystemModstamp FROM Contact WHERE LastName LIKE 'N%'"); p.Records[0]["SystemModstamp"] != p.Records[1]["SystemModstamp"] {
		t.Errorf("got %v", p.Records)
	}
}

func TestComposite(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	request := func(allOrNone bool, bodies ...string) (codes []int, bodiesOut []json.RawMessage) {
		var subs []map[string]any
		for i, b := range bodies {
			subs = append(subs, map[string]any{"method": "POST", "url": data + "sobjects/Account", "referenceId": fmt.Sprint("r", i), "body": json.RawMessage(b)})
		}
		var out struct {
			CompositeResponse []struct {
				Body           json.RawMessage
				HTTPStatusCode int
			}
		}
		o.do("POST", "composite", map[string]any{"allOrNone": allOrNone, "compositeRequest": subs}).want(t, 200, &out)
		for _, r := range out.CompositeResponse {
			codes = append(codes, r.HTTPStatusCode)
			bodiesOut = append(bodiesOut, r.Body)
		}
		return codes, bodiesOut
	}
	codes, _ := request(false, `{"Name":"A"}`, `{"Name":"B","ParentId":"@{r0.id}"}`)
	if !slices.Equal(codes, []int{201, 201}) || o.query("SELECT Id FROM Account WHERE Parent.Name = 'A'").TotalSize != 1 {
		t.Errorf("got %v", codes)
	}
	codes, out := request(true, `{"Name":"C"}`, `{}`, `{"Name":"D"}`)
	if !slices.Equal(codes, []int{400, 400, 400}) || !strings.Contains(string(out[0]), "PROCESSING_HALTED") || !strings.Contains(string(out[1]), "REQUIRED_FIELD_MISSING") || len(o.Rows("Account")) != 2 {
		t.Errorf("got %v %s and %d rows, want the first undone", codes, out, len(o.Rows("Account")))
	}
	id := o.Rows("Account")[0].ID
	var undone struct {
		CompositeResponse []struct{ HTTPStatusCode int }
	}
	o.do("POST", "composite", `{"allOrNone":true,"compositeRequest":[{"method":"PATCH","url":"`+data+`sobjects/Account/`+id+`","referenceId":"a","body":{"Name":"X"}},
		{"method":"GET","url":"`+data+`sobjects/Account/x","referenceId":"b"}]}`).want(t, 200, &undone)
	if row, _ := o.Row("Account", id); row.Fields["Name"] != "A" || o.query("SELECT Id FROM Account WHERE Name = 'A'").TotalSize != 1 {
		t.Errorf("got %v and %+v, want the change undone", row.Fields["Name"], undone)
	}
	codes, out = request(false, `{}`, `{"Name":"B","ParentId":"@{r0.id}"}`)
	if !slices.Equal(codes, []int{400, 400}) || !strings.Contains(string(out[1]), "Invalid reference specified") {
		t.Errorf("got %v %s", codes, out)
	}
	var batch struct {
		HasErrors bool
		Results   []struct {
			StatusCode int
			Result     json.RawMessage
		}
	}
	before := o.do("GET", "limits", nil).header.Get("Sforce-Limit-Info")
	o.do("POST", "composite/batch", `{"batchRequests":[{"method":"GET","url":"v67.0/query?q=SELECT+Id+FROM+Account"},{"method":"GET","url":"v67.0/sobjects/Account/x"}]}`).want(t, 200, &batch)
	after := o.do("GET", "limits", nil).header.Get("Sforce-Limit-Info")
	if !batch.HasErrors || batch.Results[0].StatusCode != 200 || batch.Results[1].StatusCode != 404 || before != "api-usage=7/15000" || after != "api-usage=10/15000" {
		t.Errorf("got %+v; usage %s, then %s", batch, before, after)
	}
}

func TestDailyLimit(t *testing.T) {
	o := open(t, salesforcetest.Options{DailyLimit: 3})
	for i := range 3 {
		r := o.do("GET", "limits", nil).want(t, 200, nil)
		if got := r.header.Get("Sforce-Limit-Info"); got != fmt.Sprintf("api-usage=%d/3", i+1) {
			t.Errorf("got %s", got)
		}
	}
	o.do("GET", "limits", nil).refused(t, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	o.clock.Advance(25 * time.Hour)
	o.do("GET", "limits", nil).want(t, 200, nil)
}

func TestOrganization(t *testing.T) {
	o := open(t, salesforcetest.Options{OrgID: "00D4S000000oz4eUAA", Sandbox: true})
	r := o.query("SELECT Id, InstanceName, IsSandbox, DefaultCurrencyIsoCode FROM Organization").Records
	if len(r) != 1 || r[0]["Id"] != "00D4S000000oz4eUAA" || r[0]["IsSandbox"] != true || r[0]["DefaultCurrencyIsoCode"] != "USD" {
		t.Errorf("got %v", r)
	}
	var me map[string]any
	o.do("GET", "/services/oauth2/userinfo", nil).want(t, 200, &me)
	if me["organization_id"] != "00D4S000000oz4eUAA" {
		t.Errorf("got %v", me)
	}
	o.do("GET", "/id/00D4S000000oz4eUAA/"+me["user_id"].(string), nil).want(t, 200, &me)
	var counts struct {
		SObjects []struct {
			Name  string
			Count int
		} `json:"sObjects"`
	}
	o.do("GET", "limits/recordCount?sObjects=User,Nothing,OpportunityStage", nil).want(t, 200, &counts)
	if len(counts.SObjects) != 2 || counts.SObjects[0].Count != 10 || counts.SObjects[1].Count != 2 {
		t.Errorf("got %+v", counts)
	}
}
