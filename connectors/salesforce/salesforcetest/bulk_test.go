package salesforcetest_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

type jobInfo struct {
	ID, State, ErrorMessage                     string
	NumberRecordsProcessed, NumberRecordsFailed int
}

// load puts CSV through an ingest job and returns the finished job.
func (o *org) load(job, data string) jobInfo {
	o.t.Helper()
	var j jobInfo
	o.do("POST", "jobs/ingest", job).want(o.t, 200, &j)
	o.do("PUT", "jobs/ingest/"+j.ID+"/batches", data).want(o.t, 201, nil)
	o.do("PATCH", "jobs/ingest/"+j.ID, `{"state":"UploadComplete"}`).want(o.t, 200, nil)
	o.do("GET", "jobs/ingest/"+j.ID, nil).want(o.t, 200, &j)
	return j
}

// unload reads a query job's result, in parts of at most size rows.
func (o *org) unload(id string, size int) [][]string {
	o.t.Helper()
	var out [][]string
	for locator := ""; locator != "null"; {
		r := o.do("GET", fmt.Sprintf("jobs/query/%s/results?maxRecords=%d&locator=%s", id, size, locator), nil).want(o.t, 200, nil)
		rows, err := csv.NewReader(strings.NewReader(string(r.body))).ReadAll()
		must(o.t, err)
		if got := r.header.Get("Sforce-NumberOfRecords"); got != fmt.Sprint(len(rows)-1) {
			o.t.Errorf("Sforce-NumberOfRecords %s with %d rows", got, len(rows)-1)
		}
		if out == nil {
			out = rows[:1]
		}
		out = append(out, rows[1:]...)
		locator = r.header.Get("Sforce-Locator")
	}
	return out
}

func TestBulkQuery(t *testing.T) {
	o := open(t, salesforcetest.Options{BulkDelay: time.Minute})
	ids := o.contacts(25)
	odd := o.create("Contact", map[string]any{"LastName": "say \"hi\",\nsecond", "MailingStreet": "1\r\n2"})
	gone := o.create("Contact", map[string]any{"LastName": "gone"})
	must(t, o.Delete("Contact", gone))
	var j jobInfo
	o.do("POST", "jobs/query", `{"operation":"queryAll","query":"SELECT Id, LastName, MailingStreet, IsDeleted, Account.Name, SystemModstamp FROM Contact ORDER BY Id"}`).want(t, 200, &j)
	o.do("GET", "jobs/query/"+j.ID, nil).want(t, 200, &j)
	if j.State != "InProgress" {
		t.Errorf("state %s before the delay", j.State)
	}
	o.do("GET", "jobs/query/"+j.ID+"/results", nil).refused(t, 400, "INVALIDJOBSTATE", "")
	o.clock.Advance(time.Minute)
	o.do("GET", "jobs/query/"+j.ID, nil).want(t, 200, &j)
	if j.State != "JobComplete" || j.NumberRecordsProcessed != 27 {
		t.Errorf("got %+v", j)
	}
	must(t, o.Set("Contact", map[string]any{"LastName": "changed"}, ids...)) // the result is a file
	rows := o.unload(j.ID, 10)
	if len(rows) != 28 || !slices.Equal(rows[0], []string{"Id", "LastName", "MailingStreet", "IsDeleted", "Account.Name", "SystemModstamp"}) {
		t.Fatalf("got %d rows, header %v", len(rows), rows[0])
	}
	if !slices.Equal(rows[1], []string{ids[0], "P00000", "", "false", "", "2026-11-22T09:00:00.000Z"}) || rows[26][0] != odd || rows[26][1] != "say \"hi\",\nsecond" || rows[27][3] != "true" {
		t.Errorf("got %q, %q, %q", rows[1], rows[26], rows[27])
	}
	o.do("GET", "/services/data/v66.0/jobs/query/"+j.ID+"/results", nil).refused(t, 409, "API_ERROR", "version")
	o.do("DELETE", "jobs/query/"+j.ID, nil).want(t, 204, nil)
	o.do("GET", "jobs/query/"+j.ID, nil).refused(t, 404, "NOT_FOUND", "")
}

func TestBulkRefuses(t *testing.T) {
	o := open(t, salesforcetest.Options{BulkJobs: 1, BulkDelay: time.Hour})
	for soql, want := range map[string][2]string{
		"SELECT (SELECT Id FROM Contacts) FROM Account": {"FEATURENOTENABLED", "Aggregate Relationships"},
		"SELECT BillingAddress FROM Account":            {"API_ERROR", "Selecting compound data not supported in Bulk Query"},
		"SELECT COUNT() FROM Account":                   {"FEATURENOTENABLED", ""},
		"SELECT Nope FROM Account":                      {"API_ERROR", "No such column 'Nope'"},
		"SELECT Id FROM CaseStatus":                     {"INVALIDENTITY", "not supported by the Bulk API"},
	} {
		o.do("POST", "jobs/query", map[string]string{"operation": "query", "query": soql}).refused(t, 400, want[0], want[1])
	}
	var j jobInfo
	o.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Id FROM Account"}`).want(t, 200, &j)
	o.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Id FROM Account"}`).refused(t, 400, "LIMIT_EXCEEDED", "Max bulk v2 query jobs (1) per 24 hrs has been reached")
	o.do("PATCH", "jobs/query/"+j.ID, `{"state":"Aborted"}`).want(t, 200, &j)
	if j.State != "Aborted" {
		t.Errorf("got %s", j.State)
	}
	off := open(t, salesforcetest.Options{BulkOff: true})
	off.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Id FROM Account"}`).refused(t, 400, "FEATURENOTENABLED", "")
	off.do("GET", "jobs/query/750ak0000000001", nil).refused(t, 400, "FEATURENOTENABLED", "")
}

func TestBulkIngest(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	o.AddField("Account", salesforcetest.Field{Name: "Ext__c", ExternalID: true})
	o.create("Account", map[string]any{"Name": "Parent", "Ext__c": "P"})
	j := o.load(`{"object":"Account","operation":"upsert","externalIdFieldName":"Ext__c"}`, "Ext__c,Name,AnnualRevenue,Parent.Ext__c\nA,Alpha,12,P\nB,,1,\nP,Renamed,#N/A,\nC,Gamma,much,\n")
	if j.State != "JobComplete" || j.NumberRecordsProcessed != 4 || j.NumberRecordsFailed != 2 {
		t.Errorf("got %+v", j)
	}
	good := string(o.do("GET", "jobs/ingest/"+j.ID+"/successfulResults", nil).want(t, 200, nil).body)
	bad := string(o.do("GET", "jobs/ingest/"+j.ID+"/failedResults", nil).want(t, 200, nil).body)
	if !strings.HasPrefix(good, "\"sf__Id\",\"sf__Created\",Ext__c,Name") || strings.Count(good, "\"true\"") != 1 || strings.Count(good, "\"false\"") != 1 {
		t.Errorf("successful: %s", good)
	}
	if !strings.Contains(bad, "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --") || !strings.Contains(bad, "'much' is not a valid value for the type xsd:double:AnnualRevenue --") {
		t.Errorf("failed: %s", bad)
	}
	p := o.query("SELECT Name, AnnualRevenue, Parent.Name FROM Account ORDER BY Name")
	if p.TotalSize != 2 || p.Records[0]["Parent"].(map[string]any)["Name"] != "Renamed" || p.Records[0]["AnnualRevenue"] != 12.0 {
		t.Errorf("got %+v", p.Records)
	}
	id := p.Records[0]["attributes"].(map[string]any)["url"].(string)
	id = id[strings.LastIndex(id, "/")+1:]
	o.load(`{"object":"Account","operation":"hardDelete"}`, "Id\n"+id+"\n")
	if p := o.queryAll("SELECT Id FROM Account"); p.TotalSize != 1 {
		t.Errorf("a hard delete left a trace: %+v", p)
	}
	if j := o.load(`{"object":"Account","operation":"insert"}`, "Nome\nx\n"); j.State != "Failed" || j.ErrorMessage != "InvalidBatch : Field name not found : Nome" {
		t.Errorf("got %+v", j)
	}
}

// TestDataSetsThroughBulk loads organizations of a labelled data set and reads them back complete.
func TestDataSetsThroughBulk(t *testing.T) {
	raw, err := os.ReadFile(connectortest.Shared(t, "datasets", "dedupe", "csv_example_input_with_true_ids.csv"))
	must(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	must(t, err)
	index := func(name string) int { return slices.Index(rows[0], name) }
	o := open(t, salesforcetest.Options{})
	o.AddField("Account", salesforcetest.Field{Name: "Row__c", ExternalID: true, Unique: true})
	var in strings.Builder
	out := csv.NewWriter(&in)
	must(t, out.Write([]string{"Row__c", "Name", "BillingStreet", "BillingPostalCode", "Phone"}))
	want := map[string][]string{}
	for i, r := range rows[1:] {
		line := []string{fmt.Sprint(i), r[index("Site name")], r[index("Address")], r[index("Zip")], r[index("Phone")]}
		must(t, out.Write(line))
		for k := range line {
			line[k] = strings.TrimSpace(line[k])
		}
		want[line[0]] = line[1:]
	}
	out.Flush()
	if j := o.load(`{"object":"Account","operation":"insert"}`, in.String()); j.NumberRecordsFailed != 0 || j.NumberRecordsProcessed != len(rows)-1 {
		t.Fatalf("got %+v, want %d rows", j, len(rows)-1)
	}
	var j jobInfo
	o.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Row__c, Name, BillingStreet, BillingPostalCode, Phone FROM Account"}`).want(t, 200, &j)
	for _, r := range o.unload(j.ID, 1000)[1:] {
		if !slices.Equal(want[r[0]], r[1:]) {
			t.Errorf("row %s: got %q, want %q", r[0], r[1:], want[r[0]])
		}
		delete(want, r[0])
	}
	if len(want) != 0 {
		t.Errorf("%d rows were not read back", len(want))
	}
	if p := o.query("SELECT COUNT() FROM Account"); p.TotalSize != len(rows)-1 {
		t.Errorf("counted %d", p.TotalSize)
	}
}

// TestBulkResultsAreStreamed reads a result of 90 MB without the memory for it.
func TestBulkResultsAreStreamed(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	text := strings.Repeat("x", 30_000)
	for i := range 3000 {
		o.create("Account", map[string]any{"Name": fmt.Sprint(i), "Description": text})
	}
	var j jobInfo
	o.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Id, Name, Description FROM Account"}`).want(t, 200, &j)
	o.do("GET", "jobs/query/"+j.ID, nil).want(t, 200, &j)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most := heap(), uint64(0)
	w := &sink{header: http.Header{}, watch: func() { most = max(most, heap()) }}
	r := httptest.NewRequest("GET", data+"jobs/query/"+j.ID+"/results", nil)
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.Handler().ServeHTTP(w, r)
	if w.n < 90_000_000 || most > before+16<<20 {
		t.Errorf("got %d bytes, the heap grew by %d", w.n, most-before)
	}
}

// sink counts what is written.
type sink struct {
	header http.Header
	n      int
	watch  func()
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Write(b []byte) (int, error) {
	s.n += len(b)
	s.watch()
	return len(b), nil
}
