package mailchimp_test

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
	"github.com/millrace/millrace/connectors/mailchimp"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

const (
	testKey    = "11111111222222223333333344444444-us19"
	testSecret = "test-path-secret-0123456789"
	signingKey = "test-signing-secret"
	publicURL  = "https://hooks.example.com/millrace/mc-main"
)

// harness is a simulated account with one audience.
type harness struct {
	sim    *mailchimptest.Server
	url    string
	clock  *sandbox.Clock
	plan   *sandbox.Plan
	log    *sandbox.Log
	extra  map[string]any
	list   string
	serial int
}

// newHarness starts an account; change adjusts the simulator's options first.
func newHarness(t testing.TB, change func(*mailchimptest.Options)) *harness {
	t.Helper()
	h := &harness{clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)), plan: sandbox.NewPlan(1), log: sandbox.NewLog(500), extra: map[string]any{}}
	opt := mailchimptest.Options{Clock: h.clock, Plan: h.plan, Log: h.log, Keys: []string{testKey}}
	if change != nil {
		change(&opt)
	}
	h.sim = mailchimptest.New(opt)
	server, err := sandbox.Listen(h.sim.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.url = server.URL
	h.list = h.sim.CreateList("News")
	return h
}

func (h *harness) Connector() connectors.Connector { return mailchimp.Connector }
func (h *harness) Token() string                   { return testKey }
func (h *harness) SignsIn() bool                   { return true }
func (h *harness) Clock() *sandbox.Clock           { return h.clock }
func (h *harness) Plan() *sandbox.Plan             { return h.plan }
func (h *harness) Log() *sandbox.Log               { return h.log }
func (h *harness) Stream() string                  { return "members" }
func (h *harness) PageSize() int                   { return 1000 }
func (h *harness) MaxRequests() int                { return 2 }
func (h *harness) Settle() time.Duration           { return 12 * time.Second }
func (h *harness) Reads() sandbox.Match            { return sandbox.Match{Path: "^/3.0/"} }
func (h *harness) Settings() map[string]any {
	s := map[string]any{"api_key": testKey, "base_url": h.url, "webhook_secret": testSecret}
	for k, v := range h.extra {
		s[k] = v
	}
	return s
}

// Create makes members.
func (h *harness) Create(t *testing.T, n int) []string { return h.create(t, h.list, n) }

func (h *harness) create(t testing.TB, list string, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		h.serial++
		id, err := h.sim.Create(list, mailchimptest.Member{Email: fmt.Sprintf("zoe%d@initech.example", h.serial), Status: "subscribed",
			First: fmt.Sprintf("Zoë “Q” \\ %06d", h.serial), Last: "Zhou"})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	return ids
}

// Change changes members in one instant.
func (h *harness) Change(t *testing.T, ids ...string) {
	t.Helper()
	h.serial++
	must(t, h.sim.Set(mailchimptest.Member{First: fmt.Sprintf("changed %06d", h.serial)}, ids...))
}

func (h *harness) Delete(t *testing.T, id string) { must(t, h.sim.Delete(id)) }

func (h *harness) Live(*testing.T) map[string]time.Time {
	live := map[string]time.Time{}
	for _, m := range h.sim.Members() {
		live[m.ID] = m.Stamp
	}
	return live
}

func (h *harness) Personal(t *testing.T, id string) []string {
	m, ok := h.sim.Member(id)
	if !ok {
		t.Fatalf("no member %s", id)
	}
	return []string{m.Email, m.Name}
}

// Says compares, byte by byte, with what the account says of the member itself, but for what is added to it.
func (h *harness) Says(t *testing.T, id string, data json.RawMessage) error {
	list, contact, _ := strings.Cut(id, ":")
	want := string(h.fetch(t, "/3.0/lists/"+list+"/members/"+contact+"?exclude_fields=_links"))
	if got := strings.Replace(string(data), `,"list_name":"News"`, "", 1); got != want {
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
	req.SetBasicAuth("any", testKey)
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
	connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness { return newHarness(t, nil) })
}

// reader reads a stream as the router would.
type reader struct {
	src    connectors.Source
	stream string
	at     connectors.Cursor
	got    []connectors.Record
}

func open(t testing.TB, h *harness, stream string, change ...any) *reader {
	t.Helper()
	return &reader{src: connectortest.Open(t, h, change...).(connectors.Source), stream: stream}
}

func (r *reader) page(t testing.TB) connectors.Page {
	t.Helper()
	page, err := r.src.Read(t.Context(), r.stream, r.at)
	if err != nil {
		t.Fatalf("read %s after %s: %v", r.stream, r.at, err)
	}
	r.got, r.at = append(r.got, page.Records...), page.Next
	return page
}

// drain reads until nothing more is ready and returns what that brought.
func (r *reader) drain(t testing.TB) []connectors.Record {
	t.Helper()
	before := len(r.got)
	for range 2000 {
		if !r.page(t).More {
			return r.got[before:]
		}
	}
	t.Fatal("the stream is not caught up after 2,000 pages")
	return nil
}

// of returns the records of an object by their ids.
func of(object string, records []connectors.Record) map[string]connectors.Record {
	found := map[string]connectors.Record{}
	for _, r := range records {
		if r.Ref.Object == object {
			found[r.Ref.ID] = r
		}
	}
	return found
}

func says(r connectors.Record, path string) string { return gjson.GetBytes(r.Data, path).String() }

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
