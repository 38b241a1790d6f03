package salesforce_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

const (
	testToken  = "00Dak000000abcd!AQ8AQGtestTokenOfTheSuite"
	testSecret = "5b1c7f0a9d3e4b6c8a2f"
	publicURL  = "https://hooks.example.com/millrace/sf-main"
)

// harness is a simulated organization.
type harness struct {
	sim    *salesforcetest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	stream string
	extra  map[string]any
	serial int
	signs  bool // in by OAuth, as the settings say
	front  []func(http.ResponseWriter, *http.Request, http.Handler)
	fixed  map[string][]string // ids of the accounts and contacts that rows belong to
}

// newHarness starts an organization; change adjusts the simulator's options first.
func newHarness(t testing.TB, stream string, change func(*salesforcetest.Options)) *harness {
	t.Helper()
	h := &harness{
		clock: sandbox.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(400),
		stream: stream, extra: map[string]any{}, fixed: map[string][]string{},
	}
	opt := salesforcetest.Options{Clock: h.clock, Plan: h.plan, Log: h.log, Tokens: []string{testToken}, MaxQuery: 200}
	if change != nil {
		change(&opt)
	}
	h.sim = salesforcetest.New(opt)
	server, err := sandbox.Listen(h.sim.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	for _, object := range []string{"Account", "Contact"} {
		for i := range 3 {
			if object == stream {
				break // the stream under test begins empty
			}
			h.fixed[object] = append(h.fixed[object], h.create(t, object, map[string]any{fixture[object]: fmt.Sprintf("fixture %d", i)}))
		}
	}
	return h
}

func (h *harness) create(t testing.TB, object string, fields map[string]any) string {
	t.Helper()
	id, err := h.sim.Create(object, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// fixture is the field that names a row of each object.
var fixture = map[string]string{"Account": "Name", "Contact": "LastName", "Opportunity": "Name", "Case": "Subject", "Task": "Subject", "Lead": "LastName"}

func (h *harness) Connector() connectors.Connector { return salesforce.Connector }
func (h *harness) Token() string                   { return testToken }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return h.stream }
func (h *harness) PageSize() int                   { return 200 }
func (h *harness) MaxRequests() int                { return 4 } // describe of two objects, a count, a query
func (h *harness) ForbiddenIsQuota() bool          { return true }
func (h *harness) Settle() time.Duration           { return 7 * time.Minute }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{Path: "^/services/data/"} }
func (h *harness) Settings() map[string]any {
	s := map[string]any{"client_id": "3MVG9client", "client_secret": "app-secret-8812", "refresh_token": "5Aep861refresh", "base_url": h.url,
		"login_url": h.url, "webhook_secret": testSecret, "organization_id": salesforcetest.DefaultOrgID}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// Create makes rows in one instant; contacts get an account, opportunities an account and contact roles.
func (h *harness) Create(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		h.serial++
		ids[i] = h.create(t, h.stream, h.fields(h.serial))
		if h.stream == "Opportunity" && h.serial%3 > 0 {
			h.create(t, "OpportunityContactRole", map[string]any{"OpportunityId": ids[i], "ContactId": h.fixed["Contact"][h.serial%3], "Role": "Decision Maker", "IsPrimary": true})
		}
	}
	return ids
}

func (h *harness) fields(n int) map[string]any {
	f := map[string]any{fixture[h.stream]: fmt.Sprintf("Zoë “Q” \\ <%06d>", n)}
	switch h.stream {
	case "Account":
		f["AnnualRevenue"], f["NumberOfEmployees"], f["BillingStreet"] = 1234500, n, "1 Main St\r\nFloor \"2\""
	case "Contact":
		f["AccountId"] = h.fixed["Account"][n%3]
		f["Email"] = fmt.Sprintf("z%d@private.example", n)
	case "Opportunity":
		f["AccountId"], f["StageName"], f["CloseDate"], f["Amount"] = h.fixed["Account"][n%3], "Prospecting", "2026-12-24", 50000.5
	}
	return f
}

func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	h.serial++
	if err := h.sim.Set(h.stream, map[string]any{fixture[h.stream]: fmt.Sprintf("changed %06d", h.serial)}, ids...); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Delete(t *testing.T, id string) {
	t.Helper()
	if err := h.sim.Delete(h.stream, id); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Merge(t *testing.T, first, second string) string {
	t.Helper()
	if h.stream == "Opportunity" {
		t.Skip("Salesforce merges accounts, contacts and leads only")
	}
	if err := h.sim.Merge(h.stream, first, second); err != nil {
		t.Fatal(err)
	}
	return first
}

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for _, r := range h.sim.Rows(h.stream) {
		live[r.ID] = r.Modified
	}
	return live
}

func (h *harness) Personal(t *testing.T, id string) []string {
	r, ok := h.sim.Row(h.stream, id)
	if !ok {
		t.Fatalf("no row %s", id)
	}
	return []string{fmt.Sprint(r.Fields[fixture[h.stream]])}
}

// Says asks the organization for the row itself and compares every field that the record has.
func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	got := gjson.ParseBytes(data)
	if got.Get("attributes").Exists() {
		return fmt.Errorf("the record has attributes")
	}
	want := gjson.ParseBytes(h.fetch(t, "/services/data/v67.0/sobjects/"+h.stream+"/"+id))
	fields := 0
	var err error
	want.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		if name == "attributes" || strings.HasSuffix(name, "Address") { // a compound field
			return true
		}
		fields++
		if one := got.Get(name); !one.Exists() || one.Type != value.Type || one.String() != value.String() {
			err = fmt.Errorf("field %s: got %s, want %s", name, one.Raw, value.Raw)
		}
		return err == nil
	})
	if fields < 20 && err == nil {
		err = fmt.Errorf("only %d fields were compared", fields)
	}
	return err
}

// fetch asks the simulator past the connector.
func (h *harness) fetch(t testing.TB, path string) []byte {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %d %v %s", path, res.StatusCode, err, body)
	}
	return body
}

func TestSource(t *testing.T) {
	for _, stream := range []string{"Account", "Opportunity", "Contact"} {
		t.Run(stream, func(t *testing.T) {
			connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t, stream, nil) })
		})
	}
}

// queries returns the queries among the logged requests.
func (h *harness) queries() (list []string) {
	for _, e := range h.log.Recent() {
		if q, err := url.ParseQuery(e.Query); err == nil && strings.Contains(e.Path, "/query") {
			list = append(list, q.Get("q"))
		}
	}
	return list
}

// behind puts something in front of the organization that may answer in its place. Its Date is the organization's.
func (h *harness) behind(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	t.Helper()
	next := h.sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", h.clock.Now().UTC().Format(http.TimeFormat))
		answer(w, r, next)
	}))
	t.Cleanup(server.Close)
	h.front = append(h.front, answer)
	h.url = server.URL
}

// counted makes the organization say that every object has so many rows.
func (h *harness) counted(t testing.TB, n int) {
	before := h.front
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/limits/recordCount") {
			var list []string
			for name := range strings.SplitSeq(r.URL.Query().Get("sObjects"), ",") {
				list = append(list, fmt.Sprintf(`{"name":%q,"count":%d}`, name, n))
			}
			fmt.Fprintf(w, `{"sObjects":[%s]}`, strings.Join(list, ","))
			return
		}
		for _, answer := range before {
			answer(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}
