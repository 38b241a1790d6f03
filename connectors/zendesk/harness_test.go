package zendesk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// harness is a simulated account, whose exports withhold the last minute.
type harness struct {
	sim    *zendesktest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	stream string
	extra  map[string]any
	serial int
	owner  string // the account's first user, until a test has taken it for one of its own
	asker  string // requester of tickets
}

// newHarness starts an account; change adjusts the simulator's options first.
func newHarness(t testing.TB, stream string, change func(*zendesktest.Options)) *harness {
	t.Helper()
	h := &harness{
		clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(200),
		stream: stream, extra: map[string]any{},
	}
	h.log.Bodies = true
	opt := zendesktest.Options{Clock: h.clock, Plan: h.plan, Log: h.log, Tokens: []string{testToken}, Subdomain: "acme"}
	if change != nil {
		change(&opt)
	}
	h.sim = zendesktest.New(opt)
	server, err := sandbox.Listen(h.sim.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	for _, u := range h.sim.Rows("users") {
		h.owner = u.ID
	}
	if stream == "tickets" {
		h.asker = h.make(t, "users", map[string]any{"name": "Asker", "email": "asker@initech.example"})
	}
	return h
}

func (h *harness) Connector() connectors.Connector { return zendesk.Connector }
func (h *harness) Token() string                   { return testToken }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return h.stream }
func (h *harness) PageSize() int                   { return 1000 }
func (h *harness) MaxRequests() int                { return 1 }
func (h *harness) Settle() time.Duration           { return 2 * time.Minute }
func (h *harness) NeverEmpty() bool                { return h.stream == "users" }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{Path: "^/api/v2/"} }
func (h *harness) Settings() map[string]any {
	s := map[string]any{"subdomain": "acme", "token": testToken, "base_url": h.url, "webhook_secret": testSecret}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// make creates one object.
func (h *harness) make(t testing.TB, object string, fields map[string]any) string {
	t.Helper()
	id, err := h.sim.Create(object, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// title is the member that names an object of each kind.
var title = map[string]string{"users": "name", "organizations": "name", "tickets": "subject"}

// Create makes objects. An account is never without a user, so that its owner is the first one.
func (h *harness) Create(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		h.serial++
		name := fmt.Sprintf("Zoë “Q” \\ %06d", h.serial)
		switch {
		case h.stream == "users" && h.owner != "":
			ids[i], h.owner = h.owner, ""
			h.set(t, map[string]any{"name": name}, ids[i])
		case h.stream == "users":
			ids[i] = h.make(t, "users", map[string]any{"name": name, "email": fmt.Sprintf("zoe%d@initech.example", h.serial)})
		case h.stream == "tickets":
			ids[i] = h.make(t, "tickets", map[string]any{"subject": name, "requester_id": json.Number(h.asker),
				"comment": map[string]any{"body": "It burns."}, "custom_fields": []any{}})
		default:
			ids[i] = h.make(t, h.stream, map[string]any{title[h.stream]: name})
		}
	}
	return ids
}

func (h *harness) set(t testing.TB, fields map[string]any, ids ...string) {
	t.Helper()
	if err := h.sim.Set(h.stream, fields, ids...); err != nil {
		t.Fatal(err)
	}
}

// Change changes objects in one instant. Names of organizations are unique, so their notes change.
func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	h.serial++
	field := title[h.stream]
	if h.stream == "organizations" {
		field = "notes"
	}
	h.set(t, map[string]any{field: fmt.Sprintf("changed %06d", h.serial)}, ids...)
}

func (h *harness) Delete(t *testing.T, id string) {
	t.Helper()
	if err := h.sim.Delete(h.stream, id); err != nil {
		t.Fatal(err)
	}
}

// Live returns the stamps by which the exports order, which only tickets have apart from updated_at.
func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for _, o := range h.sim.Rows(h.stream) {
		live[o.ID] = o.Stamp
	}
	return live
}

func (h *harness) Personal(t *testing.T, id string) []string {
	o, ok := h.sim.Row(h.stream, id)
	if !ok {
		t.Fatalf("no object %s", id)
	}
	return []string{fmt.Sprint(o.Fields[title[h.stream]])}
}

// Says compares, byte by byte, with what the account says of the object itself, but for what is added to it.
func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	raw := h.fetch(t, "/api/v2/"+h.stream+"/"+id)
	want := gjson.GetBytes(raw, strings.TrimSuffix(h.stream, "s")).Raw
	got := string(data)
	for _, added := range []string{"identities", "metric_set", "group_name", "custom_field_values"} {
		if at := strings.LastIndex(got, `,"`+added+`":`); at > 0 && !gjson.Get(want, added).Exists() {
			got = got[:at] + "}"
		}
	}
	if got != want {
		return fmt.Errorf("got\n%s\nwant\n%s", got, want)
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
	for _, stream := range []string{"users", "tickets", "organizations"} {
		t.Run(stream, func(t *testing.T) {
			connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t, stream, nil) })
		})
	}
}

// signing adds the test token to every request.
type signing struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s signing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+testToken)
	return s.next.RoundTrip(r)
}
