package hubspottest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// exchange is one recorded request and its answer.
type exchange struct {
	Method, Path string
	Status       int
	Request      json.RawMessage   `json:"request_body"`
	Headers      map[string]string `json:"response_headers"`
	Response     json.RawMessage   `json:"response_body"`
}

// recordings returns the recorded v3 exchanges with contacts and companies, at most each of a kind.
func recordings(t *testing.T, each int) []exchange {
	f, err := os.Open(connectortest.Shared(t, "recorded", "hubspot", "exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []exchange
	kinds := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // some legacy recordings have headers of another shape
		}
		kind := fmt.Sprint(e.Path, e.Status)
		if strings.HasPrefix(e.Path, "/crm/v3/objects/CO") && kinds[kind] < each {
			kinds[kind]++
			out = append(out, e)
		}
	}
	if len(out) < 10 {
		t.Fatalf("got %d recorded exchanges, want at least 10", len(out))
	}
	return out
}

// properties defines what a recording names and a new account does not have.
func (a *account) properties(kind string, names []string) {
	for _, n := range names {
		if a.do("GET", "/crm/v3/properties/"+kind+"/"+n, nil).code == 404 {
			a.AddProperty(kind, n, "string", false)
		}
	}
}

type recordedBody struct {
	Inputs []struct {
		ID         string            `json:"id"`
		Properties map[string]string `json:"properties"`
	} `json:"inputs"`
	Properties []string `json:"properties"`
}

type recordedPage struct {
	Results []struct {
		ID         string             `json:"id"`
		Properties map[string]*string `json:"properties"`
	} `json:"results"`
}

// TestRecordedShapes replays recorded requests and compares the keys of the answers.
func TestRecordedShapes(t *testing.T) {
	compared := map[string]int{}
	for _, e := range recordings(t, 12) {
		parts := strings.SplitN(strings.TrimPrefix(e.Path, "/crm/v3/objects/"), "/", 2)
		kind, op := map[string]string{"CONTACT": "contacts", "COMPANY": "companies"}[parts[0]], parts[1]
		opt := hubspottest.Options{}
		if e.Status == 429 {
			opt.Limits = &hubspottest.Limits{TenSeconds: 100, Search: 1, Daily: 250_000}
		}
		a := open(t, opt)
		body := a.prepare(t, e, kind, op)
		if e.Status == 429 {
			a.do("POST", e.Path, body)
		}
		got := a.do(e.Method, e.Path, body).want(t, e.Status, nil)
		compared[op+fmt.Sprint(e.Status)]++
		compareShape(t, e, got, op)
	}
	t.Logf("compared %v", compared)
}

// prepare makes the world that a recorded request met and returns its body with our ids.
func (a *account) prepare(t *testing.T, e exchange, kind, op string) string {
	var in recordedBody
	var out recordedPage
	_ = json.Unmarshal(e.Request, &in)
	_ = json.Unmarshal(e.Response, &out)
	body := string(e.Request)
	// What was asked for and not answered did not exist in the recorded account: unknown names are ignored.
	if len(out.Results) > 0 {
		a.properties(kind, slices.Collect(maps.Keys(out.Results[0].Properties)))
	}
	for _, x := range in.Inputs {
		a.properties(kind, slices.Collect(maps.Keys(x.Properties)))
		if x.ID != "" {
			id, err := a.Create(kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			body = strings.ReplaceAll(body, x.ID, id)
		}
	}
	if op != "search" {
		return body
	}
	for _, r := range out.Results {
		props := map[string]string{}
		for name, value := range r.Properties {
			if value != nil && !slices.Contains([]string{"createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"}, name) {
				props[name] = *value
			}
		}
		if _, err := a.Create(kind, props); err != nil {
			t.Fatal(err)
		}
	}
	return body
}

// compareShape wants the keys that were recorded. Exceptions, each for what HubSpot added since 2022: url and, in
// written properties, computed ones.
func compareShape(t *testing.T, e exchange, got reply, op string) {
	t.Helper()
	if e.Status == 204 {
		if len(got.body) != 0 {
			t.Errorf("%s: got a body %s, want none", e.Path, got.body)
		}
		return
	}
	if a, b := keys(t, e.Response), keys(t, got.body); !slices.Equal(a, b) {
		t.Errorf("%s %d: got keys %v, want %v", e.Path, e.Status, b, a)
	}
	if e.Status == 429 {
		for _, h := range []string{"retry-after", "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining"} {
			if e.Headers[h] != "" || got.header.Get(h) != "" {
				t.Errorf("429: header %s recorded %q, got %q; want neither", h, e.Headers[h], got.header.Get(h))
			}
		}
		return
	}
	var want, have struct{ Results []json.RawMessage }
	if err := json.Unmarshal(e.Response, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.body, &have); err != nil {
		t.Fatal(err)
	}
	if len(want.Results) != len(have.Results) {
		t.Errorf("%s: got %d results, want %d", e.Path, len(have.Results), len(want.Results))
	}
	for i := range min(len(want.Results), len(have.Results)) {
		compareRecord(t, e.Path, want.Results[i], have.Results[i], op == "search")
	}
}

func compareRecord(t *testing.T, path string, want, have json.RawMessage, exact bool) {
	t.Helper()
	a, b := keys(t, want), slices.DeleteFunc(keys(t, have), func(k string) bool { return k == "url" })
	if !slices.Equal(a, b) {
		t.Errorf("%s: a result has keys %v, want %v", path, b, a)
	}
	var x, y struct{ Properties json.RawMessage }
	_ = json.Unmarshal(want, &x)
	_ = json.Unmarshal(have, &y)
	a, b = keys(t, x.Properties), keys(t, y.Properties)
	if exact && !slices.Equal(a, b) {
		t.Errorf("%s: properties %v, want %v", path, b, a)
	}
	for _, must := range []string{"lastmodifieddate", "hs_lastmodifieddate"} {
		if slices.Contains(a, must) != slices.Contains(b, must) {
			t.Errorf("%s: property %s recorded %t, got %t", path, must, slices.Contains(a, must), slices.Contains(b, must))
		}
	}
}

func keys(t *testing.T, b []byte) []string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("%v in %.200s", err, b)
	}
	return slices.Sorted(maps.Keys(m))
}

// TestRecordedErrors compares error envelopes with those other projects recorded.
func TestRecordedErrors(t *testing.T) {
	a := open(t, hubspottest.Options{})
	if _, err := a.Create("contacts", map[string]string{"email": "taken@x.example"}); err != nil {
		t.Fatal(err)
	}
	scoped := open(t, hubspottest.Options{Scopes: []string{}})
	const batch = "/crm/v3/objects/contacts/batch/"
	for _, tc := range []struct {
		file string
		got  reply
	}{
		{"test__batch__create__contacts__err-conflict.json", a.do("POST", batch+"create", `{"inputs":[{"properties":{"email":"taken@x.example"}}]}`).want(t, 409, nil)},
		{"test__batch__create__contacts__err-partial-success.json", a.do("POST", batch+"create", `{"inputs":[{"objectWriteTraceId":"0","properties":{"email":"taken@x.example"}}]}`).want(t, 207, nil)},
		{"test__batch__create__contacts__err-many-invalid-properties.json", a.do("POST", batch+"create", `{"inputs":[{"properties":{"first000name":"x"}}]}`).want(t, 400, nil)},
		{"test__batch__update__contacts__err-duplicate-ids.json", a.do("POST", batch+"update", `{"inputs":[{"id":"1","properties":{}},{"id":"1","properties":{}}]}`).want(t, 400, nil)},
		{"test__batch__update__contacts__err-partial-success.json", a.do("POST", batch+"update", `{"inputs":[{"id":"1","properties":{}}]}`).want(t, 207, nil)},
		{"test__search__error-invalid-object.json", a.do("POST", "/crm/v3/objects/butterflies/search", `{}`).want(t, 400, nil)},
		{"test__metadata-err-schemas-scope.json", scoped.do("GET", "/crm/v3/objects/contacts", nil).want(t, 403, nil)},
		{"test__post-auth__account-info.json", a.do("GET", "/account-info/v3/details", nil).want(t, 200, nil)},
		{"internal__associations__test__err-contact-to-contact.json", a.do("POST", "/crm/v4/associations/contacts/contacts/batch/create", `{"inputs":[{"from":{"id":"x"},"to":{"id":"x"},"types":[]}]}`).want(t, 207, nil)},
		{"test__search__contacts__contacts-to-companies.json", a.do("POST", "/crm/v4/associations/contacts/companies/batch/read", `{"inputs":[{"id":"x"}]}`).want(t, 207, nil)},
	} {
		want, err := os.ReadFile(filepath.Join(connectortest.Shared(t, "recorded", "hubspot", "amp-labs"), tc.file))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := keys(t, want), keys(t, tc.got.body); !slices.Equal(a, b) {
			t.Errorf("%s: got keys %v, want %v", tc.file, b, a)
		}
	}
}

// TestSignaturesOfTheVendor checks the signing functions with every vector HubSpot published.
func TestSignaturesOfTheVendor(t *testing.T) {
	raw, err := os.ReadFile(connectortest.Shared(t, "recorded", "signatures", "test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		HubSpot []struct {
			Version, Secret, Method, URI, Body, Signature string
			Timestamp                                     any
		}
	}
	if err := json.Unmarshal(raw, &in); err != nil || len(in.HubSpot) < 8 {
		t.Fatalf("got %d vectors and %v, want 8", len(in.HubSpot), err)
	}
	for i, v := range in.HubSpot {
		got := map[string]string{
			"v1": hubspottest.SignV1(v.Secret, []byte(v.Body)),
			"v2": hubspottest.SignV2(v.Secret, v.Method, v.URI, []byte(v.Body)),
			"v3": hubspottest.SignV3(v.Secret, v.Method, v.URI, []byte(v.Body), digits(v.Timestamp)),
		}[v.Version]
		if got != v.Signature {
			t.Errorf("vector %d (%s): got %s, want %s", i, v.Version, got, v.Signature)
		}
	}
}

func digits(v any) string {
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprint(v)
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	a := open(t, hubspottest.Options{IndexLag: time.Millisecond})
	ids := a.make(20)
	done := make(chan bool)
	for w := range 4 {
		go func() {
			defer func() { done <- true }()
			for i := range 40 {
				r := httptest.NewRequest("POST", "/crm/v3/objects/contacts/search", strings.NewReader(`{"limit":100}`))
				r.Header.Set("Authorization", "Bearer "+a.token)
				a.Handler().ServeHTTP(httptest.NewRecorder(), r)
				_ = a.Touch("contacts", ids[(w*7+i)%len(ids)])
				a.clock.Advance(time.Millisecond)
				a.Objects("contacts")
			}
		}()
	}
	for range 4 {
		<-done
	}
}
