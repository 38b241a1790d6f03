package activecampaign_test

import (
	"bytes"
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
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
)

const (
	testToken  = "0d9c41ae7a4de516313673e2341f600311112222333344445555666677778888abcdef01"
	testSecret = "5b1c7f0a9d3e4b6c8a2f"
	publicURL  = "https://hooks.example.com/millrace/ac-main"
)

// harness is a simulated account.
type harness struct {
	sim    *activecampaigntest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	stream string
	extra  map[string]any
	serial int
	front  func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil = none
}

// newHarness starts an account; change adjusts the simulator's options first.
func newHarness(t testing.TB, stream string, change func(*activecampaigntest.Options)) *harness {
	t.Helper()
	h := &harness{
		clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(2000),
		stream: stream, extra: map[string]any{},
	}
	opt := activecampaigntest.Options{Clock: h.clock, Plan: h.plan, Log: h.log, Tokens: []string{testToken}}
	if change != nil {
		change(&opt)
	}
	h.sim = activecampaigntest.New(opt)
	server, err := sandbox.Listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.front != nil {
			h.front(w, r, h.sim.Handler())
			return
		}
		h.sim.Handler().ServeHTTP(w, r)
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	return h
}

func (h *harness) Connector() connectors.Connector { return activecampaign.Connector }
func (h *harness) Token() string                   { return testToken }
func (h *harness) SignsIn() bool                   { return true }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return h.stream }
func (h *harness) PageSize() int                   { return 100 }
func (h *harness) MaxRequests() int                { return 1 }
func (h *harness) Settle() time.Duration           { return 2 * time.Minute }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{Path: "^/api/3/"} }
func (h *harness) SecretSetting() string           { return "webhook_secret" }
func (h *harness) SecretInPath() bool              { return true }
func (h *harness) Freshness() time.Duration        { return 0 }
func (h *harness) SignsAddress() bool              { return false }
func (h *harness) Unknown() []byte {
	return []byte("type=sms_template_add&date_time=2026-11-30T07:00:00-05:00&template[id]=4")
}

func (h *harness) Settings() map[string]any {
	s := map[string]any{"api_token": testToken, "base_url": h.url, "webhook_secret": testSecret}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// Deliver is a delivery as ActiveCampaign posts it, to the address with the secret at its end.
func (h *harness) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	return connectors.Delivery{Method: http.MethodPost, URL: publicURL, Path: "/millrace/ac-main/" + testSecret, Body: body, Received: at,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
}

// make creates one object.
func (h *harness) make(t testing.TB, object string, fields map[string]any) string {
	t.Helper()
	id, err := h.sim.Create(object, fields)
	must(t, err)
	return id
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// title is the member that names an object of each kind.
var title = map[string]string{"contacts": "firstName", "deals": "title"}

func (h *harness) Create(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		h.serial++
		fields := map[string]any{title[h.stream]: fmt.Sprintf("Zoë “Q” \\ %06d", h.serial)}
		if h.stream == "contacts" {
			fields["email"] = fmt.Sprintf("zoe%d@initech.example", h.serial)
		}
		ids[i] = h.make(t, h.stream, fields)
	}
	return ids
}

func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	h.serial++
	must(t, h.sim.Set(h.stream, map[string]any{title[h.stream]: fmt.Sprintf("changed %06d", h.serial)}, ids...))
}

func (h *harness) Delete(t *testing.T, id string) {
	t.Helper()
	must(t, h.sim.Delete(h.stream, id))
}

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for _, o := range h.sim.Rows(h.stream) {
		live[o.ID] = o.Updated
	}
	return live
}

func (h *harness) Personal(t *testing.T, id string) []string {
	for _, o := range h.sim.Rows(h.stream) {
		if o.ID == id {
			return []string{o.Text(title[h.stream]), o.Text("email")}
		}
	}
	t.Fatalf("no object %s", id)
	return nil
}

// Says compares, byte by byte, with what the account says of the object, but for what is added behind it.
func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	q := url.Values{"include": {"contactLists.list,contactTags.tag,fieldValues.field"}, "ids[]": {id}, "limit": {"100"}}
	var want string
	for _, one := range gjson.GetBytes(h.fetch(t, "/api/3/"+h.stream+"?"+q.Encode()), h.stream).Array() {
		if one.Get("id").String() == id {
			want = one.Raw
		}
	}
	if h.stream == "contacts" {
		want = strings.TrimSuffix(want, "}") + `,"lists":`
	}
	if want == "" || !bytes.HasPrefix(data, []byte(want)) {
		return fmt.Errorf("got\n%s\nwant\n%s", data, want)
	}
	return nil
}

// fetch asks the simulator past the connector.
func (h *harness) fetch(t testing.TB, path string) []byte {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.url+path, nil)
	must(t, err)
	req.Header.Set("Api-Token", testToken)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
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

// TestSourceByDays: a filter that counts days and leaves the one that is given out, in whoever's zone, loses nothing.
func TestSourceByDays(t *testing.T) {
	for _, zone := range []time.Duration{-11 * time.Hour, 14 * time.Hour} {
		for _, utc := range []bool{false, true} {
			t.Run(fmt.Sprint(zone, utc), func(t *testing.T) {
				for _, begun := range []int{0, 9, 23} { // of the day, in UTC
					h := newHarness(t, "contacts", func(o *activecampaigntest.Options) { o.DayFilter, o.UTCFilter, o.Zone = true, utc, zone })
					h.clock.Advance(time.Duration(begun-12) * time.Hour)
					twoDays(t, h)
				}
			})
		}
	}
}

// twoDays makes a contact each hour, and wants the poll after it to bring it.
func twoDays(t *testing.T, h *harness) {
	t.Helper()
	r := newReader(t, h, "contacts")
	r.drain(t)
	for hour := range 50 {
		id := contact(t, h, fmt.Sprintf("zoe%d@initech.example", hour))
		h.clock.Advance(time.Second)
		if r.drain(t); r.got["contacts/"+id].Data == nil {
			t.Fatalf("hour %d: contact %s does not come", hour, id)
		}
		h.clock.Advance(time.Hour)
	}
}

func TestWebhook(t *testing.T) {
	connectortest.Webhook(t, func(t *testing.T) connectortest.WebhookHarness { return newHarness(t, "contacts", nil) })
}
