package hubspottest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// receiver keeps what it was sent and answers status.
type receiver struct {
	mu      sync.Mutex
	status  int
	batches [][]map[string]any
	headers []http.Header
	bodies  [][]byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var events []map[string]any
	_ = json.Unmarshal(body, &events)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches, r.headers, r.bodies = append(r.batches, events), append(r.headers, req.Header), append(r.bodies, body)
	w.WriteHeader(r.status)
}

func (r *receiver) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, b := range r.batches {
		for _, e := range b {
			out = append(out, fmt.Sprint(e["subscriptionType"]))
		}
	}
	return strings.Join(out, " ")
}

func TestWebhooks(t *testing.T) {
	in := &receiver{status: 500}
	srv, err := sandbox.Listen(in, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	a := open(t, hubspottest.Options{Subscriptions: []hubspottest.Subscription{{
		URL: srv.URL + "/hook", Public: "https://hooks.acme.example/hubspot", Secret: "secret", Types: []string{"*"}, Signatures: []string{"v1", "v3"},
	}}})
	ids := a.make(2)
	c := a.company("Acme")
	if err := a.Associate("contacts", ids[0], "companies", c, 1); err != nil {
		t.Fatal(err)
	}
	a.do("PATCH", "/crm/v3/objects/contacts/"+ids[0], `{"properties":{"city":"Rome","firstname":"P0"}}`).want(t, 200, nil)
	if _, err := a.Merge("contacts", ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := a.Archive("companies", c); err != nil {
		t.Fatal(err)
	}
	got, err := a.Deliver(context.Background())
	if err != nil || got.Failed != 8 || got.Events != 0 {
		t.Fatalf("while the receiver fails: got %+v %v, want 8 failed", got, err)
	}
	in.mu.Lock()
	in.status, in.batches, in.headers, in.bodies = 200, nil, nil, nil
	in.mu.Unlock()
	if got, err = a.Deliver(context.Background()); err != nil || got.Events != 8 || a.PendingEvents() != 0 {
		t.Fatalf("then: got %+v %v, want 8 delivered", got, err)
	}
	want := "contact.creation contact.creation company.creation contact.associationChange company.associationChange contact.propertyChange contact.merge company.deletion"
	if kinds := in.kinds(); kinds != want {
		t.Errorf("kinds: got %s, want %s", kinds, want)
	}
	change := in.batches[0][5]
	if change["propertyName"] != "city" || change["propertyValue"] != "Rome" || change["changeSource"] != "INTEGRATION" || change["attemptNumber"] != 1.0 {
		t.Errorf("change: got %v, want city alone, through the API, at the second attempt", change)
	}
	h := in.headers[0]
	if sig := hubspottest.SignV3("secret", "POST", "https://hooks.acme.example/hubspot", in.bodies[0], h.Get("X-HubSpot-Request-Timestamp")); h.Get("X-HubSpot-Signature-v3") != sig {
		t.Errorf("v3: got %s, want %s over the public URL", h.Get("X-HubSpot-Signature-v3"), sig)
	}
	if h.Get("X-HubSpot-Signature") != hubspottest.SignV1("secret", in.bodies[0]) {
		t.Errorf("v1: got %s", h.Get("X-HubSpot-Signature"))
	}
	if n := a.Redeliver(); n != 8 || a.PendingEvents() != 8 {
		t.Errorf("redeliver: got %d, want 8", n)
	}
}

func TestWebhookArraysAreBounded(t *testing.T) {
	in := &receiver{status: 204}
	srv, err := sandbox.Listen(in, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	a := open(t, hubspottest.Options{})
	a.Subscribe(hubspottest.Subscription{URL: srv.URL, Secret: "s", Types: []string{"contact.creation"}})
	a.Seed(sandbox.Generate(1, 250))
	got, err := a.Deliver(context.Background())
	if err != nil || got.Requests != 3 || len(in.batches[0]) != 100 {
		t.Errorf("got %+v %v, first of %d; want 3 requests of at most 100", got, err, len(in.batches[0]))
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	a.make(1)
	if _, err := a.Deliver(ctx); err == nil || a.PendingEvents() != 1 {
		t.Errorf("cancelled: got %v and %d waiting, want an error and the event kept", err, a.PendingEvents())
	}
}
