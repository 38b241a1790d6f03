package salesforcetest_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestRecordedJobs compares the answers of bulk jobs.
func TestRecordedJobs(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	o.AddField("Opportunity", salesforcetest.Field{Name: "external_id__c", ExternalID: true})
	run := func(csv string) (create, closed, done reply, id string) {
		create = o.do("POST", "jobs/ingest", `{"object":"Opportunity","operation":"upsert","externalIdFieldName":"external_id__c"}`)
		var job struct{ ID string }
		create.want(t, 200, &job)
		o.do("PUT", "jobs/ingest/"+job.ID+"/batches", csv).want(t, 201, nil)
		closed = o.do("PATCH", "jobs/ingest/"+job.ID, `{"state":"UploadComplete"}`).want(t, 200, nil)
		return create, closed, o.do("GET", "jobs/ingest/"+job.ID, nil).want(t, 200, nil), job.ID
	}
	create, closed, done, id := run("Name,StageName,external_id__c,CloseDate\nNoemi,GENERATED,e3,2003-04-987654321987654321\nA,Prospecting,e1,2026-12-01\n")
	_, _, broken, _ := run("Name,StageName_invalid_field_on_purpose,external_id__c\nA,B,C\n")
	for file, got := range map[string]reply{
		"test__bulk__write__launch-job-opportunity.json": create, "test__bulk__write__update-job-opportunity.json": closed,
		"test__bulk__info__partial-failure.json": done, "test__bulk__info__complete-failure.json": broken,
		"test__bulk__read-launch-job-account.json": o.do("POST", "jobs/query", `{"operation":"query","query":"SELECT Id FROM Account"}`).want(t, 200, nil),
	} {
		want, err := os.ReadFile(connectortest.Shared(t, "recorded", "salesforce", "amp-labs", file))
		must(t, err)
		if d := sameShape("", shape(parse(t, want)), shape(parse(t, got.body)), func(string) bool { return false }); d != "" {
			t.Errorf("%s: %s\nours: %s", file, d, got.body)
		}
	}
	want, err := os.ReadFile(connectortest.Shared(t, "recorded", "salesforce", "amp-labs", "test__bulk__info__partial-failure.csv"))
	must(t, err)
	a, err := csv.NewReader(strings.NewReader(string(want))).ReadAll()
	must(t, err)
	b, err := csv.NewReader(strings.NewReader(string(o.do("GET", "jobs/ingest/"+id+"/failedResults", nil).want(t, 200, nil).body))).ReadAll()
	must(t, err)
	if len(b) != 2 || !slices.Equal(a[0], b[0]) || a[1][1] != b[1][1] {
		t.Errorf("failed results: got %q, want %q", b, a)
	}
}

// malformed is the id that a recorded answer complains about.
const malformed = "001RM000003oLrB000"

// TestIDsOfTheVendor checks the checksum with every id of 18 characters in the recordings but the placeholders.
func TestIDsOfTheVendor(t *testing.T) {
	ids := map[string]bool{}
	prefix := regexp.MustCompile(`^(0[0-9A-Z]|50|70|75|a0)[0-9A-Za-z]*[0-9][0-9A-Za-z]*$`)
	must(t, filepath.WalkDir(connectortest.Shared(t, "recorded", "salesforce"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range recordedID.FindAll(b, -1) {
			if id := string(m); prefix.MatchString(id) && !strings.Contains(id, "123456789ABCDE") && id != malformed {
				ids[id] = true
			}
		}
		return nil
	}))
	for id := range ids {
		if got := salesforcetest.Checksum(id[:15]); got != id[15:] {
			t.Errorf("%s: got checksum %s", id, got)
		}
	}
	if len(ids) < 240 {
		t.Errorf("found %d ids, want at least 240", len(ids))
	}
}

// TestRecordedDescribes compares what describes say of each standard field with what a real organization said.
func TestRecordedDescribes(t *testing.T) {
	all := recordings(t)
	w := newWorld(t, all)
	compared := 0
	for _, e := range all {
		object, describe := strings.CutSuffix(strings.TrimPrefix(e.Path, "/services/data/v42.0/sobjects/"), "/describe")
		if !describe {
			continue
		}
		ours := fieldsOf(t, w.do("GET", "sobjects/"+object+"/describe", nil).want(t, 200, nil).body)
		for name, want := range fieldsOf(t, e.Response) {
			got := ours[name]
			if got == nil || strings.HasSuffix(name, "__c") {
				continue
			}
			for _, k := range []string{"type", "soapType", "label", "length", "byteLength", "precision", "scale", "nillable", "createable", "updateable", "filterable", "sortable",
				"idLookup", "nameField", "referenceTo", "relationshipName", "compoundFieldName", "restrictedPicklist", "calculated", "externalId", "unique", "extraTypeInfo"} {
				compared++
				if a, b := fmt.Sprint(want[k]), fmt.Sprint(got[k]); a != b {
					t.Errorf("%s.%s: %s is %s, recorded %s", object, name, k, b, a)
				}
			}
		}
	}
	if compared < 2000 {
		t.Errorf("compared %d facts, want thousands", compared)
	}
}

func fieldsOf(t *testing.T, body []byte) map[string]map[string]any {
	t.Helper()
	var in struct{ Fields []map[string]any }
	must(t, json.Unmarshal(body, &in))
	out := map[string]map[string]any{}
	for _, f := range in.Fields {
		out[f["name"].(string)] = f
	}
	return out
}
