package hubspot_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

const (
	testToken  = "pat-na1-11111111-2222-3333-4444-555555555555"
	testSecret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
	publicURL  = "https://hooks.example.com/millrace/hs-main"
)

// harness is a simulated account whose search is up to 70 seconds late.
type harness struct {
	sim    *hubspottest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	stream string
	extra  map[string]any
	serial int
	fixed  map[string][]string // ids of the companies and contacts that objects are linked to
}

// newHarness starts an account; change adjusts the simulator's options first.
func newHarness(t testing.TB, stream string, change func(*hubspottest.Options)) *harness {
	t.Helper()
	h := &harness{
		clock: sandbox.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(200),
		stream: stream, extra: map[string]any{}, fixed: map[string][]string{},
	}
	h.log.Bodies = true
	opt := hubspottest.Options{Clock: h.clock, Plan: h.plan, Log: h.log, Tokens: []string{testToken},
		IndexLag: 10 * time.Second, IndexJitter: time.Minute, PortalID: 62515}
	if change != nil {
		change(&opt)
	}
	h.sim = hubspottest.New(opt)
	server, err := sandbox.Listen(h.sim.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	for _, object := range []string{"companies", "contacts"} {
		for i := range 3 {
			if object == stream {
				break // the stream under test begins empty
			}
			id, err := h.sim.Create(object, map[string]string{fixture[object]: fmt.Sprintf("fixture %d", i)})
			if err != nil {
				t.Fatal(err)
			}
			h.fixed[object] = append(h.fixed[object], id)
		}
	}
	return h
}

// fixture is the property that names an object of each kind.
var fixture = map[string]string{"companies": "name", "contacts": "lastname", "deals": "dealname", "tickets": "subject"}

func (h *harness) Connector() connectors.Connector { return hubspot.Connector }
func (h *harness) Token() string                   { return testToken }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return h.stream }
func (h *harness) PageSize() int                   { return 1000 }
func (h *harness) MaxRequests() int                { return 9 } // properties, five searches, associations of two kinds, one to spare
func (h *harness) Settle() time.Duration           { return 70 * time.Minute }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{Path: "^/crm/"} }
func (h *harness) Settings() map[string]any {
	s := map[string]any{"token": testToken, "base_url": h.url, "webhook_secret": testSecret}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// Create makes objects; deals and tickets get a company and two contacts.
func (h *harness) Create(t *testing.T, n int) []string {
	t.Helper()
	h.serial += n
	from := h.serial - n
	ids := make([]string, n)
	for i := range ids {
		id, err := h.sim.Create(h.stream, map[string]string{fixture[h.stream]: fmt.Sprintf("Zoë “Q” \\ %06d", from+i)})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
		h.link(t, id, from+i)
	}
	return ids
}

func (h *harness) link(t testing.TB, id string, n int) {
	t.Helper()
	primary := map[string]int{"contacts": 1, "deals": 5, "tickets": 26}[h.stream]
	if primary == 0 {
		return
	}
	companies, contacts := h.fixed["companies"], h.fixed["contacts"]
	var err error
	if n%3 > 0 {
		err = h.sim.Associate(h.stream, id, "companies", companies[n%2], primary)
	}
	if n%4 > 1 && err == nil {
		err = h.sim.Associate(h.stream, id, "companies", companies[2], 0)
	}
	if h.stream != "contacts" && n%2 > 0 && err == nil {
		err = h.sim.Associate(h.stream, id, "contacts", contacts[0], 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	h.serial++
	if err := h.sim.Set(h.stream, map[string]string{fixture[h.stream]: fmt.Sprintf("changed %06d", h.serial)}, ids...); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Delete(t *testing.T, id string) {
	t.Helper()
	if err := h.sim.Archive(h.stream, id); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Merge(t *testing.T, first, second string) string {
	t.Helper()
	id, err := h.sim.Merge(h.stream, first, second)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for _, o := range h.sim.Objects(h.stream) {
		live[o.ID] = o.Updated
	}
	return live
}

func (h *harness) Personal(t *testing.T, id string) []string {
	o, ok := h.sim.Object(h.stream, id)
	if !ok {
		t.Fatalf("no object %s", id)
	}
	return []string{o.Properties[fixture[h.stream]]}
}

// Says asks the account for the object itself and compares byte by byte, associations aside: those are composed.
func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	o, _ := h.sim.Object(h.stream, id)
	got := gjson.ParseBytes(data)
	for name, value := range o.Properties {
		if got.Get("properties."+name).String() != value {
			return fmt.Errorf("property %s: got %s, want %q", name, got.Get("properties."+name).Raw, value)
		}
	}
	var names []string
	got.Get("properties").ForEach(func(k, _ gjson.Result) bool { names = append(names, k.String()); return true })
	raw := h.fetch(t, "/crm/v3/objects/"+h.stream+"/"+id+"?properties="+url.QueryEscape(strings.Join(names, ",")))
	if want := gjson.ParseBytes(raw); got.Get("properties").Raw != want.Get("properties").Raw || got.Get("url").Raw != want.Get("url").Raw {
		return fmt.Errorf("got\n%s\nwant\n%s", data, raw)
	}
	return nil
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
		t.Fatalf("get %s: %d %v", path, res.StatusCode, err)
	}
	return body
}

func TestSource(t *testing.T) {
	for _, stream := range []string{"contacts", "deals"} {
		t.Run(stream, func(t *testing.T) {
			connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t, stream, nil) })
		})
	}
}

// addProperty makes a custom property as an administrator would.
func (h *harness) addProperty(t testing.TB, object, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"label":%q,"type":"string","fieldType":"text","groupName":"custom"}`, name, name)
	req, err := http.NewRequest(http.MethodPost, h.url+"/crm/v3/properties/"+object, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		answer, _ := io.ReadAll(res.Body)
		t.Fatalf("create property: %d %s", res.StatusCode, answer)
	}
}

// property and ends read a record's data.
func property(data, name string) string { return gjson.Get(data, "properties."+name).String() }

func ends(data, to string) (ids []string) {
	for _, r := range gjson.Get(data, "associations."+to+".results").Array() {
		ids = append(ids, r.Get("id").String()+" "+r.Get("type").String())
	}
	return ids
}
