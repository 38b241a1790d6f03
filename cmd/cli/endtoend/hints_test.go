package endtoend

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/router/receive"
)

// hinted is a hub that hears of changes by webhook only: it polls once an hour.
func hinted(t *testing.T) (*vendors, *hub, func()) {
	v := start(t)
	v.hs["every"], v.hs["sweep"], v.hooks = "1h", "never", true
	h := v.open()
	rec, err := receive.New(receive.Options{Public: "https://hub.example", Store: receive.Inbox{Ledger: h.ledger}, Stored: h.router.Received,
		Hooks: []receive.Hook{{Connection: "hubspot", Webhook: h.opened["hubspot"].(connectors.Webhook)}}, Log: slog.New(slog.DiscardHandler)})
	v.ok(err)
	t.Cleanup(rec.Close)
	server := httptest.NewServer(rec)
	t.Cleanup(server.Close)
	v.hubspot.Subscribe(hubspottest.Subscription{URL: server.URL + "/hooks/hubspot", Public: rec.Address("hubspot"), Secret: webhookSecret, Types: []string{"*"}})
	h.settle()
	return v, h, func() {
		t.Helper()
		v.later()
		before := rec.Tallies()[0]
		out, err := v.hubspot.Deliver(context.Background())
		if after := rec.Tallies()[0]; err != nil || out.Failed+out.Given > 0 || out.Events == 0 || after.Stored == before.Stored || after.Refused > 0 {
			t.Fatalf("delivered %+v, %v; the receiver counts %+v after %+v; want every event taken", out, err, after, before)
		}
		h.shown()
	}
}

// TestHints: what a webhook hints at is fetched and shown, without any poll: creation, change, association, deletion,
// restoration, merge, and a deletion for privacy.
func TestHints(t *testing.T) {
	v, h, deliver := hinted(t)
	v.calls.Reset()

	ana, company := v.person("Ana"), v.create("companies", map[string]string{"name": "Zidar", "domain": "zidar.example"})
	deal := v.deal("Bridge", "appointmentscheduled")
	deliver()
	v.card("contacts", ana)
	if got := v.card("deals", deal).Name; got != "No customer – Bridge" {
		t.Errorf("the deal is called %q, want No customer – Bridge", got)
	}

	v.ok(v.hubspot.Set("deals", map[string]string{"amount": "700"}, deal))
	v.ok(v.hubspot.Associate("deals", deal, "companies", company, 0))
	deliver()
	if task := v.card("deals", deal); task.Name != "Zidar – Bridge" || !strings.HasPrefix(task.Fields["Amount"], "700") {
		t.Errorf("got %q with %v, want Zidar – Bridge with the amount 700", task.Name, task.Fields)
	}

	v.ok(v.hubspot.Dissociate("deals", deal, "companies", company))
	deliver()
	if got := v.card("deals", deal).Name; got != "No customer – Bridge" {
		t.Errorf("without the company the deal is called %q, want No customer – Bridge", got)
	}

	v.ok(v.hubspot.Archive("deals", deal))
	deliver()
	if !v.card("deals", deal).Completed {
		t.Error("the task of a deleted deal is open, want it completed")
	}
	v.ok(v.hubspot.Restore("deals", deal))
	deliver()
	if v.card("deals", deal).Completed {
		t.Error("the task of a restored deal is completed, want it open")
	}

	bea := v.person("Bea")
	deliver()
	survivor, err := v.hubspot.Merge("contacts", ana, bea)
	v.ok(err)
	deliver()
	open := v.in("Customers")
	if len(open) != 2 || len(v.cards("contacts", survivor)) != 1 { // the company and the survivor
		t.Errorf("%d cards are open, want 2; the survivor has %d", len(open), len(v.cards("contacts", survivor)))
	}

	v.ok(v.hubspot.Purge("contacts", survivor))
	deliver()
	if data := h.raw("hubspot/contacts/" + survivor); data != nil {
		t.Errorf("the ledger still knows %d bytes of a person deleted for privacy", len(data))
	}
	if open := v.in("Customers"); len(open) != 1 {
		t.Errorf("%d cards are open, want the company's only", len(open))
	}
	h.noProblems()
	for _, c := range v.calls.Counts() {
		if strings.HasSuffix(c.Class, "/search") {
			t.Errorf("%d searches at %s, want none: nothing may come from a poll here", c.Requests, c.Class)
		}
	}
}

// TestHintsDoubledAndReversed: deliveries repeat and come in any order; the end is the same.
func TestHintsDoubledAndReversed(t *testing.T) {
	v, h, deliver := hinted(t)
	ids := v.people(20)
	v.ok(v.hubspot.Set("contacts", map[string]string{"city": "Rome"}, ids...))
	v.ok(v.hubspot.Archive("contacts", ids[3], ids[4]))
	v.ok(v.hubspot.Restore("contacts", ids[4]))
	v.hubspot.ReverseEvents()
	deliver()
	if v.hubspot.Redeliver() == 0 {
		t.Fatal("nothing was delivered again")
	}
	deliver()
	v.audit()
	if open := len(v.in("Customers")); open != 19 {
		t.Errorf("%d cards are open, want 19", open)
	}
	h.noProblems()
}

// TestForgedHint: a delivery that is not signed, or by another secret, is refused and changes nothing.
func TestForgedHint(t *testing.T) {
	v, h, _ := hinted(t)
	hook := h.opened["hubspot"].(connectors.Webhook)
	id := v.person("Ana")
	body := []byte(`[{"objectId":` + id + `,"subscriptionType":"contact.privacyDeletion","portalId":44237313,"occurredAt":1763834400000}]`)
	d := connectors.Delivery{Method: http.MethodPost, URL: "https://hub.example/hooks", Header: http.Header{}, Body: body, Received: time.Now()}
	if err := hook.Verify(d); err == nil {
		t.Error("an unsigned delivery was accepted")
	}
	stamp := "1763834400000"
	d.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	d.Header.Set("X-HubSpot-Signature-v3", hubspottest.SignV3("another secret", d.Method, d.URL, body, stamp))
	if err := hook.Verify(d); err == nil {
		t.Error("a delivery signed with another secret was accepted")
	}
}
