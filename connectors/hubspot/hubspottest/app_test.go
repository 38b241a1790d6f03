package hubspottest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestAppWebhooksTell: what an app's active subscriptions are of is delivered to its address, signed with its secret, and
// nothing else. Changes take effect late, and what rests is not told later.
func TestAppWebhooksTell(t *testing.T) {
	in := &receiver{status: 200}
	srv, err := sandbox.Listen(in, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	a := open(t, hubspottest.Options{HookCache: 5 * time.Minute, Tokens: []string{hubspottest.DefaultToken},
		App: &hubspottest.App{ClientID: "app", ClientSecret: "shh", DeveloperKey: "k"}})
	a.token = ""
	app := func(method, path, body string, code int) reply {
		t.Helper()
		var in any
		if body != "" {
			in = body
		}
		return a.do(method, fmt.Sprint("/app-webhooks/2026-09/", hubspottest.AppID, path, "?hapikey=k"), in).want(t, code, nil)
	}
	serial := 0
	told := func(want string) {
		t.Helper()
		serial++
		id, err := a.Create("contacts", map[string]string{"firstname": "Zoë", "email": fmt.Sprintf("z%d@acme.example", serial)})
		if err != nil {
			t.Fatal(err)
		}
		a.clock.Advance(time.Millisecond)
		if err := a.Set("contacts", map[string]string{"firstname": "Zoe", "lastname": "Q"}, id); err != nil {
			t.Fatal(err)
		}
		in.mu.Lock()
		in.batches, in.headers, in.bodies = nil, nil, nil
		in.mu.Unlock()
		if _, err := a.Deliver(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := in.kinds(); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	app("PUT", "/settings", `{"targetUrl":"`+srv.URL+`/hook","throttling":{"maxConcurrentRequests":10}}`, 200)
	var made hubspottest.AppSubscription
	app("POST", "/subscriptions", `{"eventType":"contact.creation","active":false}`, 201).want(t, 201, &made)
	app("POST", "/subscriptions", `{"eventType":"contact.propertyChange","propertyName":"firstname","active":true}`, 201)
	told("")
	a.clock.Advance(5 * time.Minute)
	told("contact.propertyChange")
	h := in.headers[0]
	if sig := hubspottest.SignV3("shh", "POST", srv.URL+"/hook", in.bodies[0], h.Get("X-HubSpot-Request-Timestamp")); h.Get("X-HubSpot-Signature-v3") != sig {
		t.Errorf("signature: got %s, want %s", h.Get("X-HubSpot-Signature-v3"), sig)
	}
	if one := in.batches[0][0]; one["propertyName"] != "firstname" || one["appId"] != float64(hubspottest.AppID) {
		t.Errorf("got %v", one)
	}
	app("PATCH", "/subscriptions/"+made.ID, `{"active":true}`, 200)
	told("contact.propertyChange")
	a.clock.Advance(5 * time.Minute)
	told("contact.creation contact.propertyChange")
	app("DELETE", "/settings", "", 204)
	a.clock.Advance(5 * time.Minute)
	told("")
	app("PUT", "/settings", `{"targetUrl":"`+srv.URL+`/hook","throttling":{"maxConcurrentRequests":10}}`, 200)
	app("DELETE", "/subscriptions/"+made.ID, "", 204)
	a.clock.Advance(5 * time.Minute)
	told("contact.propertyChange")
}

// TestAppHasABound: the thousand and first subscription is refused with the vendor's words.
func TestAppHasABound(t *testing.T) {
	a := open(t, hubspottest.Options{App: &hubspottest.App{ClientID: "app", ClientSecret: "shh", DeveloperKey: "k"}})
	a.token = ""
	path := fmt.Sprint("/webhooks/v3/", hubspottest.AppID, "/subscriptions?hapikey=k")
	for i := range 1000 {
		a.do("POST", path, fmt.Sprintf(`{"eventType":"deal.propertyChange","propertyName":"p%d"}`, i)).want(t, 201, nil)
	}
	var w wrong
	a.do("POST", path, `{"eventType":"deal.creation"}`).want(t, 400, &w)
	if w.Message != "Couldn't create another subscription. You've reached the maximum number allowed per application (1000)." {
		t.Errorf("got %q", w.Message)
	}
}

// TestAppNeedsTheScopes: an app tells only of what it may read.
func TestAppNeedsTheScopes(t *testing.T) {
	a := open(t, hubspottest.Options{Scopes: []string{"crm.objects.contacts.read"}, App: &hubspottest.App{ClientID: "app", ClientSecret: "shh", DeveloperKey: "k"}})
	a.token = ""
	path := fmt.Sprint("/webhooks/2026-03/", hubspottest.AppID, "/subscriptions?hapikey=k")
	a.do("POST", path, `{"eventType":"contact.creation"}`).want(t, 201, nil)
	a.do("POST", path, `{"eventType":"ticket.creation"}`).want(t, 403, nil)
}
