package salesforcetest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// exchange is one recorded request and its answer.
type exchange struct {
	Method, Path string
	Query        map[string]string
	Status       int
	Request      json.RawMessage   `json:"request_body"`
	Headers      map[string]string `json:"response_headers"`
	Response     json.RawMessage   `json:"response_body"`
}

// foreign is what shows that an exchange is about topics or members of the recorded campaigns, which we have not.
var foreign = regexp.MustCompile(`Topic|(0TO|0FT|00v)[0-9A-Za-z]{15}`)

// recordings returns the recorded REST exchanges with objects we have.
func recordings(t *testing.T) []exchange {
	f, err := os.Open(connectortest.Shared(t, "recorded", "salesforce", "exchanges.jsonl"))
	must(t, err)
	defer f.Close()
	var out []exchange
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e exchange
		must(t, json.Unmarshal(lines.Bytes(), &e))
		if strings.HasPrefix(e.Path, "/services/data/") && !foreign.MatchString(e.Path+string(e.Request)+e.Query["q"]+e.Query["ids"]) {
			out = append(out, e)
		}
	}
	if len(out) < 300 {
		t.Fatalf("got %d recorded exchanges, want at least 300", len(out))
	}
	return out
}

// shape describes a value by its keys and types. A null fits every type; of a list the first element counts.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = shape(x)
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		return []any{shape(v[0])}
	case nil:
		return nil
	}
	return fmt.Sprintf("%T", v)
}

// sameShape returns the first place where two shapes differ, "" for none. Keys of extra may be missing on one side.
func sameShape(at string, want, got any, extra func(path string) bool) string {
	if want == nil || got == nil {
		return ""
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: got %v, want an object", at, got)
		}
		for _, k := range slices.Sorted(maps.Keys(mergeKeys(w, g))) {
			a, inWant := w[k]
			b, inGot := g[k]
			path := at + "." + k
			if inWant != inGot && !extra(path) {
				return fmt.Sprintf("%s: recorded %t, ours %t", path, inWant, inGot)
			}
			if d := sameShape(path, a, b, extra); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s: got %v, want a list", at, got)
		}
		return sameShape(at+"[]", w[0], g[0], extra)
	}
	if want != got {
		return fmt.Sprintf("%s: got %v, want %v", at, got, want)
	}
	return ""
}

func mergeKeys(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func parse(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %.200s", err, b)
	}
	return v
}

// world is an organization with what the recorded one had: its custom fields and, under other ids, its rows.
type world struct {
	*org
	ids map[string]string // recorded to ours
}

func newWorld(t *testing.T, all []exchange) *world {
	w := &world{open(t, salesforcetest.Options{}), map[string]string{}}
	for _, e := range all {
		object, describe := strings.CutSuffix(strings.TrimPrefix(e.Path, "/services/data/v42.0/sobjects/"), "/describe")
		if !describe {
			continue
		}
		var in struct {
			Fields []struct {
				Name, Type        string
				Length, Precision int
				Scale             int
				Custom            bool
				ExternalID        bool `json:"externalId"`
			}
		}
		must(t, json.Unmarshal(e.Response, &in))
		for _, f := range in.Fields {
			if f.Custom {
				w.AddField(object, salesforcetest.Field{Name: f.Name, Type: f.Type, Length: f.Length, Precision: f.Precision, Scale: f.Scale, ExternalID: f.ExternalID})
			}
		}
	}
	return w
}

var recordedID = regexp.MustCompile(`\b[0-9A-Za-z]{15}[A-Z0-5]{3}\b`)

// local replaces recorded ids by ours, making rows as needed.
func (w *world) local(text string) string {
	return recordedID.ReplaceAllStringFunc(text, func(id string) string {
		object := map[string]string{"001": "Account", "003": "Contact", "00Q": "Lead", "701": "Campaign"}[id[:3]]
		if object == "" || !strings.ContainsAny(id, "0123456789") {
			return id
		}
		if w.ids[id] == "" {
			fields := map[string]any{"LastName": "x", "Company": "x", "Name": "x"}
			switch object {
			case "Account", "Campaign":
				fields = map[string]any{"Name": "x"}
			case "Contact":
				delete(fields, "Company")
			}
			if object == "Contact" || object == "Lead" {
				delete(fields, "Name")
			}
			w.ids[id] = w.create(object, fields)
		}
		return w.ids[id]
	})
}

// TestRecordedShapes replays recorded requests and compares keys and types of the answers. What differs is listed here:
// fields of the recorded organization's installed packages and those newer than its API version are one-sided.
func TestRecordedShapes(t *testing.T) {
	all := recordings(t)
	w := newWorld(t, all)
	compared := map[string]int{}
	for i, e := range all {
		path, body := w.local(e.Path), w.local(string(e.Request))
		if q := e.Query["q"]; q != "" {
			text, err := url.QueryUnescape(q)
			must(t, err)
			path += "?q=" + url.QueryEscape(w.local(text))
		}
		if ids := e.Query["ids"]; ids != "" {
			text, err := url.QueryUnescape(ids)
			must(t, err)
			path += "?ids=" + w.local(text) + "&allOrNone=" + e.Query["allOrNone"]
		}
		if e.Status == 404 {
			object, id := strings.Split(e.Path, "/")[5], path[strings.LastIndex(path, "/")+1:]
			if row, _ := w.Row(object, id); !row.Deleted {
				must(t, w.Delete(object, id))
			}
		}
		if strings.Contains(string(e.Response), "CONVERTED_LEAD") {
			_, err := w.Convert(regexp.MustCompile(`00Q[0-9A-Za-z]{15}`).FindString(body), "")
			must(t, err)
		}
		var got reply
		if body == "null" || body == "" {
			got = w.do(e.Method, path, nil)
		} else {
			got = w.do(e.Method, path, body)
		}
		if got.code != e.Status {
			t.Fatalf("%d: %s %s: got %d %s, want %d", i, e.Method, path, got.code, got.body, e.Status)
		}
		describe := strings.HasSuffix(e.Path, "/describe")
		if d := sameShape("", shape(parse(t, e.Response)), shape(parse(t, got.body)), known(e, describe)); d != "" {
			t.Errorf("%s %s %d: %s", e.Method, e.Path, e.Status, d)
		}
		for _, h := range []string{"sforce-limit-info", "content-type"} {
			if a, b := e.Headers[h], got.header.Get(h); digitless(a) != digitless(b) {
				t.Errorf("%s %s: header %s recorded %q, ours %q", e.Method, e.Path, h, a, b)
			}
		}
		compared[e.Method+fmt.Sprint(e.Status)]++
	}
	t.Logf("compared %v", compared)
}

func digitless(s string) string { return regexp.MustCompile(`[0-9]+`).ReplaceAllString(s, "0") }

// newer are keys of describes that came after v42.0, which the answers recorded in 2025 have.
var newer = []string{".aiPredictionField", ".formulaTreatNullNumberAsZero", ".associateEntityType", ".associateParentEntity", ".deepCloneable", ".defaultImplementation", ".extendedBy",
	".extendsInterfaces", ".implementedBy", ".implementsInterfaces", ".isInterface", ".developerName", ".defaultValues"}

// fields are fields of a row that only one side has, and why.
var fields = map[string]string{
	"DandbCompanyId": "Data.com is retired", "OperatingHoursId": "of Field Service", "CampaignMemberRecordTypeId": "record types are not simulated",
	"HasOptedOutOfEmail": "hidden in the recorded organization", "HasOptedOutOfFax": "hidden there", "DoNotCall": "hidden there",
}

func known(e exchange, describe bool) func(string) bool {
	return func(path string) bool {
		last := path[strings.LastIndex(path, ".")+1:]
		if describe {
			return slices.ContainsFunc(newer, func(k string) bool { return strings.HasSuffix(path, k) })
		}
		return fields[last] != "" || strings.HasSuffix(last, "__c") || (e.Method == "GET" && strings.HasSuffix(path, ".attributes.url"))
	}
}

// TestRecordedErrors compares answers of other collections, by the file that has them.
func TestRecordedErrors(t *testing.T) {
	o := open(t, salesforcetest.Options{App: &salesforcetest.App{ClientID: "app"}, Tokens: []string{salesforcetest.DefaultToken}})
	o.AddField("Contact", salesforcetest.Field{Name: "Ext__c", ExternalID: true})
	ids := []string{o.create("Contact", map[string]any{"LastName": "a", "Ext__c": "two"}), o.create("Contact", map[string]any{"LastName": "b", "Ext__c": "two"})}
	gone := o.create("Contact", map[string]any{"LastName": "c"})
	must(t, o.Delete("Contact", gone))
	many := func(method, body string) reply { return o.do(method, "composite/sobjects", body) }
	query := func(soql string) reply { return o.do("GET", "query?q="+url.QueryEscape(soql), nil) }
	stranger := &org{o.Server, t, o.clock, "expired"}
	for _, tc := range []struct {
		file   string
		status int
		got    reply
	}{
		{"amp-labs/test__batch__create__contacts__err-bad-request.json", 400, many("POST", `{"records":[]}`)},
		{"amp-labs/test__batch__create__contacts__partial-but-allOrNone.json", 200, many("POST", `{"allOrNone":true,"records":[{"attributes":{"type":"Contact"}},{"attributes":{"type":"Contact"},"LastName":"x"}]}`)},
		{"amp-labs/test__batch__create__contacts__success.json", 200, many("POST", `{"records":[{"attributes":{"type":"Contact"},"LastName":"x"},{"attributes":{"type":"Contact"},"LastName":"y"}]}`)},
		{"amp-labs/test__batch__update__contacts__err-each-no-ids.json", 200, many("PATCH", `{"records":[{"attributes":{"type":"Contact"}},{"attributes":{"type":"Contact"}}]}`)},
		{"amp-labs/test__crm__delete__not-found.json", 404, o.do("DELETE", "sobjects/Contact/"+gone, nil)},
		{"amp-labs/test__create-ok.json", 201, o.do("POST", "sobjects/Contact", `{"LastName":"z"}`)},
		{"amp-labs/test__invalid-field-upsert.json", 400, o.do("PATCH", "sobjects/Contact/"+ids[0], `{"MasterRecordId":"x"}`)},
		{"amp-labs/test__unknown-object.json", 400, query("SELECT Name,BillingCity,IsDeleted FROM Accout")},
		{"amp-labs/test__unknown-field.json", 400, o.do("GET", "sobjects/Account/001000000000001?fields=AccountNumer", nil)},
		{"restforce/services_data_success_response.json", 200, o.do("GET", "/services/data/", nil)},
		{"restforce/expired_session_response.json", 401, stranger.do("GET", "limits", nil)},
		{"restforce/refresh_error_response.json", 400, o.do("POST", "/services/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"}, "refresh_token": {"x"}})},
		{"restforce/sobject__query_error_response.json", 400, query("SELECT x FROM Contact")},
		{"restforce/sobject__query_empty_response.json", 200, query("SELECT Id FROM Lead")},
		{"restforce/sobject__sobject_describe_error_response.json", 404, o.do("GET", "sobjects/Foo/describe", nil)},
		{"restforce/sobject__sobject_find_error_response.json", 404, o.do("GET", "sobjects/Contact/23foo", nil)},
		{"restforce/sobject__upsert_error_response.json", 404, o.do("PATCH", "sobjects/Contact/Namez/x", `{"LastName":"x"}`)},
		{"restforce/sobject__upsert_multiple_error_response.json", 300, o.do("PATCH", "sobjects/Contact/Ext__c/two", `{"LastName":"x"}`)},
		{"restforce/sobject__write_error_response.json", 400, o.do("POST", "sobjects/Contact", `{"foo":"x"}`)},
		{"restforce/sobject__get_deleted_success_response.json", 200, o.do("GET", "sobjects/Contact/deleted?start=2026-11-22T08:00:00Z&end=2026-11-22T10:00:00Z", nil)},
		{"restforce/sobject__get_updated_success_response.json", 200, o.do("GET", "sobjects/Contact/updated?start=2026-11-22T08:00:00Z&end=2026-11-22T10:00:00Z", nil)},
		{"errors/doc-403-request-limit-exceeded.json", 403, spent(t).do("GET", "limits", nil)},
	} {
		want, err := os.ReadFile(connectortest.Shared(t, "recorded", "salesforce", tc.file))
		must(t, err)
		if tc.got.code != tc.status {
			t.Errorf("%s: got %d %s, want %d", tc.file, tc.got.code, tc.got.body, tc.status)
			continue
		}
		if d := sameShape("", shape(parse(t, want)), shape(parse(t, tc.got.body)), func(string) bool { return false }); d != "" {
			t.Errorf("%s: %s\nours: %s", tc.file, d, tc.got.body)
		}
		// The code of an error is compared too: it is what clients act on.
		code := regexp.MustCompile(`"(errorCode|statusCode|error)"\s*:\s*"([A-Z_a-z]+)"`)
		if a, b := code.FindSubmatch(want), code.FindSubmatch(tc.got.body); a != nil && (b == nil || string(a[2]) != string(b[2])) {
			t.Errorf("%s: got %s, want code %s", tc.file, tc.got.body, a[2])
		}
	}
}

// spent is an organization whose calls of the day are used up.
func spent(t *testing.T) *org {
	o := open(t, salesforcetest.Options{DailyLimit: 10})
	o.UseCalls(10)
	return o
}
