package hubspot_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/mapping"
)

// replay is a server that answers searches and lists with a recorded answer.
type replay struct {
	status int
	header map[string]string
	body   []byte
}

// ServeHTTP implements http.Handler.
func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/properties/"):
		_, _ = w.Write([]byte(`{"results":[{"name":"email"},{"name":"hs_object_id"}]}`))
	case strings.Contains(r.URL.Path, "/associations/"):
		_, _ = w.Write([]byte(`{"status":"COMPLETE","results":[]}`))
	default:
		for name, value := range p.header {
			if strings.HasPrefix(name, "x-hubspot") {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(p.status)
		_, _ = w.Write(p.body)
	}
}

// TestRecordedSearches: every recorded v3 search, answered to a poll, gives its objects as records that map, or, when
// it was refused, an error that says why.
func TestRecordedSearches(t *testing.T) {
	p := &replay{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	src := connectortest.Open(t, &harness{url: server.URL}).(connectors.Source)
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: hubspot.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	good, limited, objects := 0, 0, 0
	for _, e := range recordedSearches(t) {
		stream := "contacts"
		if !strings.Contains(e.Path, "CONTACT") {
			stream = "companies" // custom objects have the same shape
		}
		p.status, p.header, p.body = e.Status, e.Headers, inOrder(t, e.Body)
		page, err := src.Read(context.Background(), stream, `{"v":1,"phase":"poll","live":1,"trail":1,"pass":{"from":1,"to":1763834400000,"id":"0"}}`)
		if e.Status != http.StatusOK {
			var refused *connectors.Error
			if limited++; connectors.KindOf(err) != connectors.Limited || !errors.As(err, &refused) || refused.Limit != "search" || refused.Trace == "" {
				t.Errorf("%s %d: got %v, want a refusal of the search limit with its trace", e.Path, e.Status, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", e.Path, err)
			continue
		}
		good++
		objects += len(page.Records)
		for _, rec := range page.Records {
			if _, _, err := rules.Map(rec); err != nil {
				t.Errorf("%s: map: %v", e.Path, err)
			}
		}
	}
	t.Logf("%d answers with %d objects, %d refusals", good, objects, limited)
	if good < 300 || limited < 60 {
		t.Errorf("got %d answers and %d refusals, want at least 300 and 60", good, limited)
	}
}

// TestRecordedPages: list, batch and pipeline answers collected by others decode.
func TestRecordedPages(t *testing.T) {
	p := &replay{status: http.StatusOK}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	src := connectortest.Open(t, &harness{url: server.URL}).(connectors.Source)
	for file, stream := range map[string]string{
		"test__read__objects-api__contacts-response.json": "contacts",
		"test__search__contacts__1-first-page.json":       "contacts",
		"test__metadata-deals-external-pipelines.json":    "pipelines_deals",
		"test__metadata-contacts-external-pipelines.json": "pipelines_tickets",
	} {
		body, err := os.ReadFile(shared(t, "recorded/hubspot/amp-labs/"+file))
		if err != nil {
			t.Fatal(err)
		}
		p.body = body
		page, err := src.Read(context.Background(), stream, "")
		if err != nil || len(page.Records) == 0 {
			t.Errorf("%s: got %d records and %v", file, len(page.Records), err)
		}
	}
}

// TestMissingScopeIsNamed: the recorded refusal names what to add to the app.
func TestMissingScopeIsNamed(t *testing.T) {
	body, err := os.ReadFile(shared(t, "recorded/hubspot/amp-labs/test__metadata-err-schemas-scope.json"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&replay{status: http.StatusForbidden, body: body})
	t.Cleanup(server.Close)
	src := connectortest.Open(t, &harness{url: server.URL}).(connectors.Source)
	_, err = src.Read(context.Background(), "contacts", "")
	if connectors.KindOf(err) != connectors.Denied || !strings.Contains(fmt.Sprint(err), "MISSING_SCOPES the app needs custom-object-read") {
		t.Errorf("got %v, want it denied with the scope named", err)
	}
}

// TestDailyLimitWaitsForMidnight: retrying an exhausted day burns what the account's other apps have (nango PR 4046).
func TestDailyLimitWaitsForMidnight(t *testing.T) {
	body := []byte(`{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY","correlationId":"c033cdaa-2c40-4a64-ae48-b4cec88dad24"}`)
	server := httptest.NewServer(&replay{status: http.StatusTooManyRequests, body: body})
	t.Cleanup(server.Close)
	h := newHarness(t, "contacts", nil)
	h.url = server.URL
	h.clock.Freeze() // 12:00 UTC, 07:00 in New York
	for zone, want := range map[string]time.Duration{"": time.Hour, "America/New_York": 17*time.Hour + time.Minute, "UTC": 12*time.Hour + time.Minute} {
		src := connectortest.Open(t, h, "time_zone", zone).(connectors.Source)
		_, err := src.Read(context.Background(), "contacts", "")
		if connectors.KindOf(err) != connectors.Limited || (connectors.After(err)-want).Abs() > time.Second {
			t.Errorf("zone %q: got %v (after %v), want to wait %v", zone, err, connectors.After(err), want)
		}
	}
}

// recordedSearch is one line of the recordings.
type recordedSearch struct {
	Path    string            `json:"path"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"response_headers"`
	Body    json.RawMessage   `json:"response_body"`
}

func recordedSearches(t *testing.T) (list []recordedSearch) {
	f, err := os.Open(shared(t, "recorded/hubspot/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e recordedSearch
		if json.Unmarshal(lines.Bytes(), &e) == nil && strings.HasPrefix(e.Path, "/crm/v3/") && strings.HasSuffix(e.Path, "/search") {
			list = append(list, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// inOrder sorts the results by id, which is the order the connector asks for and the recorded searches did not.
func inOrder(t *testing.T, body json.RawMessage) []byte {
	var page map[string]json.RawMessage
	var results []json.RawMessage
	if json.Unmarshal(body, &page) != nil || page["results"] == nil {
		return body
	}
	if err := json.Unmarshal(page["results"], &results); err != nil {
		t.Fatal(err)
	}
	id := func(raw json.RawMessage) string {
		var o struct{ ID string }
		_ = json.Unmarshal(raw, &o)
		return fmt.Sprintf("%020s", o.ID)
	}
	slices.SortFunc(results, func(a, b json.RawMessage) int { return cmp.Compare(id(a), id(b)) })
	page["results"], _ = json.Marshal(results)
	delete(page, "paging") // the first page is enough
	page["total"], _ = json.Marshal(len(results))
	out, _ := json.Marshal(page)
	return out
}
