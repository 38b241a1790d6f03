package salesforce_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/mapping"
)

// exchange is one line of the recordings.
type exchange struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"response_headers"`
	Body    json.RawMessage   `json:"response_body"`
}

func exchanges(t *testing.T) (list []exchange) {
	f, err := os.Open(connectortest.Shared(t, "recorded/salesforce/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// describes returns the recorded answers to describe, by object. Over the weeks of the recordings fields were added; each
// object has those of all its answers.
func describes(t *testing.T, list []exchange) map[string]json.RawMessage {
	t.Helper()
	all, fields := map[string]map[string]any{}, map[string]map[string]any{}
	for _, e := range list {
		if !strings.HasSuffix(e.Path, "/describe") || e.Status != http.StatusOK {
			continue
		}
		var one map[string]any
		if err := json.Unmarshal(e.Body, &one); err != nil {
			t.Fatal(err)
		}
		object := fmt.Sprint(one["name"])
		if all[object] = one; fields[object] == nil {
			fields[object] = map[string]any{}
		}
		for _, f := range one["fields"].([]any) {
			fields[object][fmt.Sprint(f.(map[string]any)["name"])] = f
		}
	}
	out := map[string]json.RawMessage{}
	for object, one := range all {
		one["fields"] = slices.Collect(maps.Values(fields[object]))
		out[object], _ = json.Marshal(one)
	}
	return out
}

// replay answers with recordings: describe of an object, and to everything else one row or a refusal.
type replay struct {
	describe map[string]json.RawMessage
	status   int
	body     []byte
	limit    string
}

// ServeHTTP implements http.Handler.
func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Sforce-Limit-Info", p.limit)
	for object, body := range p.describe {
		if strings.HasSuffix(r.URL.Path, "/sobjects/"+object+"/describe") {
			_, _ = w.Write(body)
			return
		}
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

func replayed(t *testing.T, p *replay) connectors.Source {
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	h := newHarness(t, "Account", nil)
	h.url = server.URL
	h.extra["backfill"], h.extra["custom_objects"] = "rest", []any{"Topic"}
	return connectortest.Open(t, h).(connectors.Source)
}

// TestRecordedRows: every recorded row of an object, as a query would answer it, is a record with all its fields and maps
// without a warning; every recorded refusal is an error with its code.
func TestRecordedRows(t *testing.T) {
	list := exchanges(t)
	p := &replay{describe: describes(t, list), limit: "api-usage=895/15000"}
	src := replayed(t, p)
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: salesforce.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	rows, refused := 0, 0
	for _, e := range list {
		object := gjson.GetBytes(e.Body, "attributes.type").String()
		if e.Method != http.MethodGet || !strings.Contains(e.Path, "/sobjects/") || strings.HasSuffix(e.Path, "/describe") {
			continue
		}
		if e.Status != http.StatusOK {
			p.status, p.body = e.Status, e.Body
			if _, err := src.Read(context.Background(), "Account", ""); connectors.KindOf(err) != connectors.Gone || !strings.Contains(err.Error(), "NOT_FOUND") {
				t.Errorf("%s %d: got %v", e.Path, e.Status, err)
			}
			refused++
			continue
		}
		p.status, p.body = http.StatusOK, fmt.Appendf(nil, `{"totalSize":1,"done":true,"records":[%s]}`, e.Body)
		page, err := src.Read(context.Background(), object, "")
		if err != nil || len(page.Records) != 1 {
			t.Errorf("%s: got %d records and %v", e.Path, len(page.Records), err)
			continue
		}
		rows++
		checkRow(t, e, page.Records[0], rules)
	}
	t.Logf("%d rows, %d refusals", rows, refused)
	if rows < 90 || refused < 5 {
		t.Errorf("got %d rows and %d refusals, want at least 90 and 5", rows, refused)
	}
}

func checkRow(t *testing.T, e exchange, rec connectors.Record, rules *mapping.Rules) {
	t.Helper()
	want, got := gjson.ParseBytes(e.Body), gjson.ParseBytes(rec.Data)
	want.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		one := got.Get(name)
		switch {
		case name == "attributes" || strings.HasSuffix(name, "Address"):
			if one.Exists() {
				t.Errorf("%s: the record has %s", e.Path, name)
			}
		case one.String() != value.String() && one.Num != value.Num || one.Type != value.Type:
			t.Errorf("%s: field %s: got %s, want %s", e.Path, name, one.Raw, value.Raw)
		}
		return true
	})
	_, outcome, err := rules.Map(rec)
	if err != nil {
		t.Errorf("%s: map: %v", e.Path, err)
	}
	for _, w := range outcome.Warnings {
		if !strings.Contains(w.Problem, "phone") && w.Field != "phones" && w.Field != "emails" && w.Field != "domains" && w.Field != "website" { // demo data
			t.Errorf("%s: warning: %+v", e.Path, w)
		}
	}
}

// TestRecordedQueries: every recorded answer to a query decodes, whatever it was for.
func TestRecordedQueries(t *testing.T) {
	list := exchanges(t)
	p := &replay{describe: describes(t, list)}
	src := replayed(t, p)
	empty, one := 0, 0
	for _, e := range list {
		if !strings.HasSuffix(e.Path, "/query") || gjson.GetBytes(e.Body, "records.1").Exists() {
			continue // several rows are in no order that we ask for
		}
		object := gjson.GetBytes(e.Body, "records.0.attributes.type").String()
		p.status, p.body = e.Status, e.Body
		if object == "" {
			page, err := src.Read(context.Background(), "Account", "")
			if err != nil || len(page.Records) != 0 || !page.More {
				t.Errorf("%s: got %d records and %v", e.Body, len(page.Records), err)
			}
			empty++
			continue
		}
		if p.describe[object] == nil || !gjson.GetBytes(e.Body, "records.0.Id").Exists() {
			continue
		}
		// The recorded queries ask for no stamp, without which a row is not taken: it must be an error that is tried again.
		if _, err := src.Read(context.Background(), object, ""); object != "Topic" && connectors.KindOf(err) != connectors.Temporary {
			t.Errorf("%s: got %v for a row without a stamp", e.Body, err)
		}
		one++
	}
	t.Logf("%d without rows, %d with one", empty, one)
	if empty < 50 || one < 50 {
		t.Errorf("got %d and %d, want at least 50 of each", empty, one)
	}
}

// TestRecordedRefusals: the error bodies that others recorded are understood, objects and lists alike, and show no message.
func TestRecordedRefusals(t *testing.T) {
	for file, want := range map[string]struct {
		status int
		kind   connectors.Kind
		code   string
	}{
		"restforce/expired_session_response.json":             {401, connectors.Denied, "INVALID_SESSION_ID"},
		"restforce/sobject__query_error_response.json":        {400, connectors.Rejected, "INVALID_FIELD"},
		"restforce/sobject__sobject_find_error_response.json": {404, connectors.Gone, "NOT_FOUND"},
		"restforce/auth_error_response.json":                  {400, connectors.Rejected, "invalid_grant"},
		"amp-labs/test__unknown-object.json":                  {400, connectors.Denied, "INVALID_TYPE"},
		"amp-labs/test__unknown-field.json":                   {400, connectors.Rejected, "INVALID_FIELD"},
		"errors/doc-403-request-limit-exceeded.json":          {403, connectors.Limited, "REQUEST_LIMIT_EXCEEDED"},
	} {
		body, err := os.ReadFile(connectortest.Shared(t, "recorded/salesforce", file))
		if err != nil {
			t.Fatal(err)
		}
		p := &replay{describe: describes(t, exchanges(t)), status: want.status, body: body}
		_, err = replayed(t, p).Read(context.Background(), "Account", "")
		if connectors.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.code) {
			t.Errorf("%s: got %v, want %v with %s", file, err, want.kind, want.code)
		}
		if message := gjson.GetBytes(body, "0.message").String(); len(message) > 12 && strings.Contains(err.Error(), message) {
			t.Errorf("%s: the error shows the message: %v", file, err)
		}
	}
}

// TestRecordedRoles: contact roles come as a list of their own within the row.
func TestRecordedRoles(t *testing.T) {
	body, err := os.ReadFile(connectortest.Shared(t, "recorded/salesforce/amp-labs/test__read-opportunity-with-contacts.json"))
	if err != nil {
		t.Fatal(err)
	}
	fields := `[{"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"Amount","type":"currency"},{"name":"StageName","type":"picklist"},{"name":"SystemModstamp","type":"datetime"}]`
	p := &replay{status: http.StatusOK, describe: map[string]json.RawMessage{
		"Opportunity": []byte(`{"name":"Opportunity","keyPrefix":"006","fields":` + fields + `,"childRelationships":[{"childSObject":"OpportunityContactRole","relationshipName":"OpportunityContactRoles"}]}`),
		"Account":     []byte(`{"name":"Account","fields":` + fields + `}`)}}
	p.body = bytes.Replace(body, []byte(`"Name": "Test Opportunity"`), []byte(`"SystemModstamp": "2026-11-20T10:00:00.000+0000", "Name": "Test Opportunity"`), 1)
	page, err := replayed(t, p).Read(context.Background(), "Opportunity", "")
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("got %d records and %v", len(page.Records), err)
	}
	roles := gjson.GetBytes(page.Records[0].Data, "OpportunityContactRoles")
	if len(roles.Array()) != 2 || roles.Get("0.ContactId").String() != "003ak000003dQCGAA2" || gjson.GetBytes(page.Records[0].Data, "Amount").Raw != "50000" {
		t.Errorf("got %s", page.Records[0].Data)
	}
}

// invented are ids that somebody made up for an example: 0123456789ABCDENNN, 001RM000003oLrB000.
var invented = regexp.MustCompile(`^[012]123456789|000$|^[0-9]+$`)

// TestRecordedIDs: every id of 18 characters in the recordings is what its first 15 make.
func TestRecordedIDs(t *testing.T) {
	escapes := regexp.MustCompile(`%[0-9A-F]{2}`)
	id := regexp.MustCompile(`\b([0-9a][0-9A-Za-z]{14}[A-Z0-5]{3})\b`)
	found := map[string]bool{}
	err := filepath.WalkDir(connectortest.Shared(t, "recorded/salesforce"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		text = escapes.ReplaceAll(text, []byte(" "))
		for _, m := range id.FindAllSubmatch(text, -1) {
			if one := string(m[1]); strings.ContainsAny(one[:3], "0123456789") && !invented.MatchString(one) {
				found[one] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	bad := slices.DeleteFunc(slices.Collect(maps.Keys(found)), func(one string) bool { return salesforce.Long(one[:15]) == one })
	t.Logf("%d ids", len(found))
	if len(found) < 250 || len(bad) > 0 {
		t.Errorf("of %d ids these do not fit their first 15 characters: %v", len(found), bad)
	}
}
