package zendesktest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// receiver keeps what it was sent and answers status.
type receiver struct {
	mu      sync.Mutex
	status  int
	headers []http.Header
	bodies  []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers, r.bodies = append(r.headers, req.Header), append(r.bodies, string(body))
	w.WriteHeader(r.status)
}

func (r *receiver) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, b := range r.bodies {
		var e struct{ Type string }
		_ = json.Unmarshal([]byte(b), &e) // a trigger's body may be anything
		out = append(out, strings.TrimPrefix(e.Type, "zen:event-type:"))
	}
	return strings.Join(out, " ")
}

func listen(t *testing.T, in *receiver) string {
	t.Helper()
	srv, err := sandbox.Listen(in, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return srv.URL
}

func (a *account) deliver() zendesktest.Delivered {
	a.t.Helper()
	got, err := a.Deliver(context.Background())
	if err != nil {
		a.t.Fatal(err)
	}
	return got
}

func TestEventWebhooks(t *testing.T) {
	in := &receiver{status: 500}
	a := open(t, zendesktest.Options{})
	hook := a.Subscribe(zendesktest.Webhook{Endpoint: listen(t, in), Secret: "secret", Subscriptions: []string{"*"}})
	ids := a.make(2)
	if err := a.Set("users", map[string]any{"name": "N", "suspended": true}, ids[0]); err != nil {
		t.Fatal(err)
	}
	if err := a.MergeUsers(ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	const want = "user.created user.identity_created user.created user.identity_created user.name_changed user.suspended_changed " +
		"user.active_changed user.deleted user.identity_created user.merged"
	n := len(strings.Fields(want))
	if got := a.deliver(); got.Failed != n || got.Events != 0 {
		t.Fatalf("while the receiver fails: got %+v, want %d failed", got, n)
	}
	in.mu.Lock()
	in.status, in.headers, in.bodies = 200, nil, nil
	in.mu.Unlock()
	if got := a.deliver(); got.Events != n || a.PendingEvents() != 0 {
		t.Fatalf("then: got %+v, want %d delivered", got, n)
	}
	if got := in.kinds(); got != want {
		t.Errorf("kinds: got\n%s\nwant\n%s", got, want)
	}
	h := in.headers[0]
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(h.Get("X-Zendesk-Webhook-Signature-Timestamp") + in.bodies[0]))
	if sig := base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("X-Zendesk-Webhook-Signature") != sig {
		t.Errorf("signature: got %s, want %s over the time and the body", h.Get("X-Zendesk-Webhook-Signature"), sig)
	}
	if h.Get("X-Zendesk-Webhook-Id") != hook || len(h.Get("X-Zendesk-Webhook-Invocation-Id")) != 26 || h.Get("X-Zendesk-Account-Id") == "" || h.Get("User-Agent") != "Zendesk Webhook" {
		t.Errorf("headers: got %v", h)
	}
	if merged := in.bodies[n-1]; !strings.Contains(merged, "zen:user:"+ids[1]) || !strings.Contains(merged, ids[0]) {
		t.Errorf("merged: got %s, want both sides", merged)
	}
	invocation := in.headers[0].Get("X-Zendesk-Webhook-Invocation-Id")
	if got := a.Redeliver(); got != n {
		t.Errorf("redeliver: got %d", got)
	}
	a.ReverseEvents()
	a.deliver()
	if got := in.headers[2*n-1].Get("X-Zendesk-Webhook-Invocation-Id"); got != invocation {
		t.Errorf("repeated: got invocation %s, want %s again, at the end", got, invocation)
	}
	a.make(0)
	if err := a.Delete("users", ids[0]); err != nil {
		t.Fatal(err)
	}
	if got := a.DropEvents(2); got != 1 || a.PendingEvents() != 1 {
		t.Errorf("dropped: got %d, %d left, want one of two", got, a.PendingEvents())
	}
}

// TestRecordedEvents compares the bodies of events with the documented and the recorded one.
func TestRecordedEvents(t *testing.T) {
	in := &receiver{status: 200}
	a := open(t, zendesktest.Options{})
	a.Subscribe(zendesktest.Webhook{Endpoint: listen(t, in), Subscriptions: []string{"zen:event-type:user.deleted", "zen:event-type:user.active_changed"}})
	if err := a.Delete("users", a.make(1)[0]); err != nil {
		t.Fatal(err)
	}
	a.deliver()
	for i, file := range []string{"doc-user.active_changed.json", "recorded-delivery-user.deleted.json"} {
		want := fixture(t, "webhooks", file)
		var real struct {
			Body    string `json:"body_raw"`
			Headers map[string]string
		}
		if err := json.Unmarshal(want, &real); err == nil && real.Body != "" {
			want = []byte(real.Body)
			for name := range real.Headers {
				if in.headers[i].Get(name) == "" {
					t.Errorf("header %s was recorded", name)
				}
			}
		}
		if diff := shapeDiff(want, []byte(in.bodies[i]), nil); diff != "" {
			t.Errorf("%s: %s\n%s", file, diff, in.bodies[i])
		}
	}
}

func TestTriggersAndTickets(t *testing.T) {
	in := &receiver{status: 200}
	url := listen(t, in)
	a := open(t, zendesktest.Options{WebhookDelay: time.Minute})
	a.Subscribe(zendesktest.Webhook{Endpoint: url, Format: "xml", Subscriptions: []string{"conditional_ticket_events"}, Body: "<t id='{{ticket.id}}' s='{{ticket.status}}'/>"})
	a.Subscribe(zendesktest.Webhook{Endpoint: url, Subscriptions: []string{"zen:event-type:ticket.status_changed", "zen:event-type:ticket.soft_deleted", "zen:event-type:ticket.comment_added"}})
	id := a.create("tickets", map[string]any{"description": "D"})
	a.do("PUT", "/api/v2/tickets/"+id, `{"ticket":{"status":"open","comment":{"body":"C"}}}`).want(t, 200, nil)
	if err := a.Delete("tickets", id); err != nil {
		t.Fatal(err)
	}
	if got := a.deliver(); got.Requests != 0 {
		t.Errorf("at once: got %+v, want nothing before a minute", got)
	}
	a.clock.Advance(time.Minute)
	a.deliver()
	if in.bodies[0] != "<t id='1' s='new'/>" || !strings.HasPrefix(in.headers[0].Get("Content-Type"), "application/xml") {
		t.Errorf("trigger: got %s %v", in.bodies[0], in.headers[0])
	}
	var e struct {
		Detail map[string]any
		Event  struct {
			Current string
			Meta    struct{ Sequence struct{ Position int } }
		}
	}
	if err := json.Unmarshal([]byte(in.bodies[1]), &e); err != nil || e.Detail["actor_id"] == "0" || e.Detail["status"] != "OPEN" || e.Event.Current != "OPEN" || e.Event.Meta.Sequence.Position != 1 {
		t.Errorf("ticket event: got %s", in.bodies[1])
	}
	if got := in.kinds(); got != " ticket.status_changed ticket.comment_added  ticket.soft_deleted" {
		t.Errorf("kinds: got %q", got)
	}
}

// TestRetriesAreFewAndTheBreakerOpens: an outage loses events.
func TestRetriesAreFewAndTheBreakerOpens(t *testing.T) {
	in := &receiver{status: 503}
	a := open(t, zendesktest.Options{})
	a.Subscribe(zendesktest.Webhook{Endpoint: listen(t, in), Subscriptions: []string{"zen:event-type:user.created"}})
	a.make(1)
	for i, want := range []zendesktest.Delivered{{Requests: 1, Failed: 1}, {Requests: 1, Failed: 1}, {Requests: 1, Given: 1}, {}} {
		if got := a.deliver(); got != want {
			t.Errorf("round %d: got %+v, want %+v", i+1, got, want)
		}
	}
	in.mu.Lock()
	in.status = 404
	in.mu.Unlock()
	a.create("users", map[string]any{"name": "Refused"})
	if got := a.deliver(); got.Given != 1 {
		t.Errorf("404: got %+v, want it given up at once", got)
	}
	for range 110 {
		a.create("users", map[string]any{"name": "Many"})
	}
	if got := a.deliver(); got.Broken == 0 || got.Requests+got.Broken != 110 {
		t.Errorf("breaker: got %+v, want the last ones dropped", got)
	}
	in.mu.Lock()
	in.status = 200
	in.mu.Unlock()
	a.clock.Advance(5 * time.Second)
	a.create("users", map[string]any{"name": "Later"})
	if got := a.deliver(); got.Events != 1 {
		t.Errorf("after the pause: got %+v", got)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	a.create("users", map[string]any{"name": "Kept"})
	if _, err := a.Deliver(ctx); err == nil || a.PendingEvents() != 1 {
		t.Errorf("cancelled: got %v and %d waiting, want an error and the delivery kept", err, a.PendingEvents())
	}
}

func TestWebhookAdministration(t *testing.T) {
	a := open(t, zendesktest.Options{})
	var w struct {
		Webhook struct{ ID, Status string }
		Secret  struct{ Algorithm, Secret string } `json:"signing_secret"`
		Errors  []struct{ Code string }
	}
	a.do("POST", "/api/v2/webhooks", `{"webhook":{"name":"W","status":"active","endpoint":"https://x.example","http_method":"POST","request_format":"json","subscriptions":["zen:event-type:user.created"]}}`).want(t, 201, &w)
	id := w.Webhook.ID
	a.do("GET", "/api/v2/webhooks/"+id+"/signing_secret", nil).want(t, 200, &w)
	if w.Secret.Algorithm != "SHA256" || w.Secret.Secret != a.SigningSecret(id) {
		t.Errorf("secret: got %+v", w.Secret)
	}
	a.make(1)
	if a.PendingEvents() != 1 {
		t.Errorf("got %d waiting, want one", a.PendingEvents())
	}
	a.do("PATCH", "/api/v2/webhooks/"+id, `{"webhook":{"status":"inactive"}}`).want(t, 204, nil)
	a.create("users", map[string]any{"name": "N"})
	if a.PendingEvents() != 1 {
		t.Errorf("inactive: got %d waiting, want no more", a.PendingEvents())
	}
	old := a.SigningSecret(id)
	a.do("POST", "/api/v2/webhooks/"+id+"/signing_secret", nil).want(t, 201, nil)
	if a.SigningSecret(id) == old {
		t.Error("reset: the secret is the same")
	}
	a.do("DELETE", "/api/v2/webhooks/"+id, nil).want(t, 204, nil)
	a.do("GET", "/api/v2/webhooks/"+id, nil).want(t, 404, &w)
	if len(w.Errors) != 1 || w.Errors[0].Code != "WebhookNotFound" {
		t.Errorf("gone: got %+v, want a list of errors", w.Errors)
	}
	a.do("POST", "/api/v2/webhooks", `{"webhook":{"name":"W"}}`).want(t, 400, nil)
}

// invocations is a page of what became of a webhook's deliveries.
type invocations struct {
	Invocations []struct {
		ID, Status string
		Code       *int   `json:"status_code"`
		At         string `json:"latest_completed_at"`
	}
	Meta struct {
		HasMore bool   `json:"has_more"`
		After   string `json:"after_cursor"`
	}
	Links struct{ Next string }
}

func (i invocations) statuses() string {
	var all []string
	for _, one := range i.Invocations {
		all = append(all, one.Status)
	}
	return strings.Join(all, ", ")
}

// What became of deliveries is listed for a week, newest first, in pages.
func TestInvocations(t *testing.T) {
	in := &receiver{status: 403}
	a := open(t, zendesktest.Options{})
	hook := a.Subscribe(zendesktest.Webhook{Endpoint: listen(t, in), Subscriptions: []string{"zen:event-type:user.created"}})
	list := func(query string) (page invocations) {
		t.Helper()
		a.do("GET", "/api/v2/webhooks/"+hook+"/invocations"+query, nil).want(t, 200, &page)
		return page
	}
	answer := func(status int) {
		in.mu.Lock()
		in.status = status
		in.mu.Unlock()
		a.create("users", map[string]any{"name": "N"})
		a.clock.Advance(time.Second)
		a.deliver()
	}
	answer(403)
	answer(503)
	answer(200)
	if got := list("").statuses(); got != "success, success, terminated" {
		t.Errorf("after a refusal, one that was taken the second time and one taken at once: got %s", got)
	}
	answer(500)
	first := list("?page[size]=3")
	if got := first.statuses(); got != "failed, success, success" || !first.Meta.HasMore || first.Links.Next == "" {
		t.Errorf("the first page: got %s and %+v", got, first.Meta)
	}
	last := list("?page[size]=3&page[after]=" + first.Meta.After)
	if got := last.statuses(); got != "terminated" || last.Meta.HasMore || *last.Invocations[0].Code != 403 {
		t.Errorf("the second page: got %+v", last)
	}
	if got := list("?filter[status]=failed&sort=latest_completed_at").statuses(); got != "failed" {
		t.Errorf("of one status: got %s", got)
	}
	a.do("GET", "/api/v2/webhooks/"+hook+"/invocations?filter[status]=terminated", nil).want(t, 400, nil)
	a.make(110)
	a.deliver()
	a.make(0)
	a.create("users", map[string]any{"name": "N"})
	a.deliver()
	if broken := list("?filter[status]=circuit+broken"); len(broken.Invocations) == 0 || broken.Invocations[0].Code != nil {
		t.Errorf("behind an open breaker: got %+v, want some without a status code", broken)
	}
	a.clock.Advance(7 * 24 * time.Hour)
	if got := list(""); len(got.Invocations) != 0 {
		t.Errorf("after a week: got %s", got.statuses())
	}
	a.do("GET", "/api/v2/webhooks/nosuch/invocations", nil).want(t, 404, nil)
}
