package register_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/router/register"
)

// hubspotApp is an account, the app in it, and somebody else who has the app's key, too.
type hubspotApp struct {
	*bench
	sim   *hubspottest.Server
	clock *sandbox.Clock
	base  string // of the app's webhooks
}

func newHubSpotApp(t *testing.T, settings map[string]any) *hubspotApp {
	t.Helper()
	h := &hubspotApp{clock: newClock()}
	h.sim = hubspottest.New(hubspottest.Options{Clock: h.clock, Tokens: []string{"tok"},
		App: &hubspottest.App{ClientID: "app", ClientSecret: "shh-shh-shh", DeveloperKey: "owner"}})
	url := listen(t, h.sim.Handler())
	h.base = fmt.Sprint(url, "/app-webhooks/2026-09/", hubspottest.AppID)
	all := map[string]any{"token": "tok", "webhook_secret": "shh-shh-shh", "portal_id": 44237313, "requests_per_10s": 1000000,
		"app_id": hubspottest.AppID, "developer_api_key": "owner"}
	for k, v := range settings {
		all[k] = v
	}
	h.bench = newBench(t, "hubspot", url, all, h.clock.Now)
	return h
}

// somebody changes the app past Millrace.
func (h *hubspotApp) somebody(method, path, body string) {
	h.t.Helper()
	call(h.t, method, h.base+path+"?hapikey=owner", "Accept", "application/json", body)
}

func (h *hubspotApp) deliversTo(address string) {
	h.t.Helper()
	h.somebody("PUT", "/settings", `{"targetUrl":"`+address+`","throttling":{"maxConcurrentRequests":7}}`)
}

// find returns a subscription of the app.
func (h *hubspotApp) find(event, property string) hubspottest.AppSubscription {
	h.t.Helper()
	for _, s := range h.sim.AppSubscriptions() {
		if s.EventType == event && s.PropertyName == property {
			return s
		}
	}
	h.t.Fatalf("the app does not tell of %s %s", event, property)
	return hubspottest.AppSubscription{}
}

// told changes an account's deal and has it delivered.
func (h *hubspotApp) told() {
	h.t.Helper()
	before := h.store.stored()
	h.clock.Advance(time.Second)
	id, err := h.sim.Create("deals", map[string]string{"dealname": "Mill"})
	h.must(err)
	h.must(h.sim.Set("deals", map[string]string{"dealname": "Millrace"}, id))
	sum, err := h.sim.Deliver(context.Background())
	if err != nil || sum.Failed > 0 || sum.Events < 2 || h.store.stored() == before {
		h.t.Fatalf("a new deal and its new name: delivered %+v, %v", sum, err)
	}
}

// The app is one thing: an address and what it tells of. Whatever of it somebody changed is changed back, what others
// subscribed to in it is left alone, and every event of it is delivered.
func TestHubSpot(t *testing.T) {
	h := newHubSpotApp(t, nil)
	if got := h.register(); !same(got, register.Create) {
		t.Fatalf("did %v", got)
	}
	h.quiet()
	h.told()
	h.somebody("POST", "/subscriptions", `{"eventType":"product.creation","active":true}`)
	others := h.find("product.creation", "")
	h.quiet()
	for _, drift := range []struct{ what, method, path, body string }{
		{"deleted", "DELETE", "/subscriptions/" + h.find("deal.creation", "").ID, ""},
		{"paused", "PATCH", "/subscriptions/" + h.find("deal.propertyChange", "dealname").ID, `{"active":false}`},
		{"twice", "POST", "/subscriptions", `{"eventType":"deal.creation","active":true}`},
		{"of what is not read", "POST", "/subscriptions", `{"eventType":"deal.propertyChange","propertyName":"nobody_reads_it","active":true}`},
		{"another address", "PUT", "/settings", `{"targetUrl":"https://elsewhere.example/x","throttling":{"maxConcurrentRequests":20}}`},
		{"no address", "DELETE", "/settings", ""},
	} {
		h.somebody(drift.method, drift.path, drift.body)
		if done, missed := h.check(false); !same(done, register.Change) || missed != 1 {
			t.Errorf("%s: found %v and told %d times that something was missed", drift.what, done, missed)
		}
		if done, missed := h.check(true); !same(done, register.Change) || missed != 1 {
			t.Errorf("%s: did %v and told %d times that something was missed", drift.what, done, missed)
		}
		h.quiet()
		h.told()
	}
	delete(h.store.hooks, "desk")
	h.start()
	h.quiet()
	if known, err := h.office.Known(context.Background(), "desk"); !known || err != nil {
		t.Errorf("with a lost ledger, after registering: known %v, %v", known, err)
	}
	h.told()
	found, err := h.office.Look(context.Background(), h.account)
	if err != nil || found.Strangers != 1 {
		t.Errorf("found %+v, %v, want the one of products to be somebody's", found, err)
	}
	if _, _, err := h.office.Remove(context.Background(), h.account); err != nil {
		t.Fatal(err)
	}
	if left := h.sim.AppSubscriptions(); len(left) != 1 || left[0] != others || h.sim.AppTarget() != h.public+"/hooks/desk" {
		t.Errorf("%v and %q are left, want the one of products and where it delivers", left, h.sim.AppTarget())
	}
	if found, err := h.office.LookRemove(context.Background(), h.account); err != nil || len(found.Steps) != 0 {
		t.Errorf("after removing: found %+v, %v, want nothing to do", found, err)
	}
}

// What somebody else's app is used for stays as it is, whether it was never ours or another program moved in; and it is said
// what to do. To set the address by hand is how an app is handed over.
func TestHubSpotAppOfAnother(t *testing.T) {
	refused := func(h *hubspotApp, target string, list []hubspottest.AppSubscription, done []register.Outcome, err error) {
		h.t.Helper()
		h.must(err)
		if len(done) != 1 || connectors.KindOf(done[0].Err) != connectors.Rejected || !strings.Contains(done[0].Err.Error(), "in HubSpot by hand") {
			h.t.Errorf("did %+v, want a refusal that says what to do", done)
		}
		if got := h.sim.AppSubscriptions(); h.sim.AppTarget() != target || !slices.Equal(got, list) {
			h.t.Errorf("the app delivers to %q and tells of %v, want %q and %v as before", h.sim.AppTarget(), got, target, list)
		}
	}
	const theirs = "https://n8n.example/webhook/s3cret"
	ctx := context.Background()
	for _, target := range []string{theirs, ""} {
		h := newHubSpotApp(t, nil)
		h.somebody("POST", "/subscriptions", `{"eventType":"contact.creation","active":true}`)
		if target != "" {
			h.deliversTo(target)
		}
		list := h.sim.AppSubscriptions()
		done, found, err := h.office.Register(ctx, h.account)
		refused(h, target, list, done, err)
		if found.Strangers != 1 {
			t.Errorf("found %d of others, want the app", found.Strangers)
		}
		h.deliversTo(h.public + "/hooks/desk")
		if got := h.register(); !same(got, register.Change) {
			t.Errorf("after it was handed over: did %v", got)
		}
		h.quiet()
		h.told()
	}

	h := newHubSpotApp(t, nil)
	h.register()
	for _, s := range h.sim.AppSubscriptions() { // as n8n does when it is told to use an app
		h.somebody("DELETE", "/subscriptions/"+s.ID, "")
	}
	h.somebody("POST", "/subscriptions", `{"eventType":"contact.creation","active":true}`)
	h.deliversTo(theirs)
	list := h.sim.AppSubscriptions()
	missed := 0
	done, err := h.office.Check(ctx, h.account, true, func(context.Context, time.Time, string) error { missed++; return nil })
	refused(h, theirs, list, done, err)
	if missed == 0 {
		t.Error("nobody is told that nothing comes any more")
	}
	done, _, err = h.office.Remove(ctx, h.account)
	refused(h, theirs, list, done, err)
}

// The hub moves to another address, and the app with it.
func TestHubSpotFollowsTheAddress(t *testing.T) {
	h := newHubSpotApp(t, nil)
	h.register()
	h.account.Place.Address = strings.Replace(h.public, "/at/home", "/moved", 1) + "/hooks/desk"
	if got := h.register(); !same(got, register.Change) {
		t.Fatalf("did %v", got)
	}
	if got := h.sim.AppTarget(); got != h.account.Place.Address {
		t.Errorf("the app delivers to %s, want %s", got, h.account.Place.Address)
	}
}
