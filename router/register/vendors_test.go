package register_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
	"github.com/millrace/millrace/router/register"
)

// The secret is asked for, and asked for again where it was lost. What somebody changed is changed back; a webhook for
// triggers is what a person made, also at our address.
func TestZendesk(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	sim := zendesktest.New(zendesktest.Options{Clock: clock, Subdomain: "acme", Tokens: []string{"tok"}})
	url := listen(t, sim.Handler())
	b := newBench(t, "zendesk", url, map[string]any{"subdomain": "acme", "token": "tok", "requests_per_minute": 100000}, clock.Now)
	stranger := sim.Subscribe(zendesktest.Webhook{Name: "Millrace: desk", Endpoint: b.public + "/hooks/desk2", Subscriptions: []string{"zen:event-type:user.created"}})
	triggers := sim.Subscribe(zendesktest.Webhook{Name: "Triggers", Endpoint: b.public + "/hooks/desk", Subscriptions: []string{"conditional_ticket_events"}})
	if got := b.register(); !same(got, register.Create) {
		t.Fatalf("did %v", got)
	}
	b.quiet()
	told := func() {
		t.Helper()
		before := b.store.stored()
		if _, err := sim.Create("users", map[string]any{"name": "Zoë", "email": clock.Now().Format("150405") + "@initech.example"}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(1e9)
		if _, err := sim.Deliver(ctx); err != nil || b.store.stored() == before {
			t.Fatalf("a new user was not told: %v", err)
		}
	}
	told()
	ours := func() zendesktest.Webhook {
		t.Helper()
		for _, w := range sim.Hooks() {
			if w.ID != stranger && w.ID != triggers {
				return w
			}
		}
		t.Fatal("ours is gone")
		return zendesktest.Webhook{}
	}
	at := url + "/api/v2/webhooks/" + ours().ID
	for _, drift := range []string{`{"status":"inactive"}`, `{"endpoint":"https://elsewhere.example/x"}`, `{"subscriptions":["zen:event-type:user.created"]}`} {
		call(t, "PATCH", at, "Authorization", "Bearer tok", `{"webhook":`+drift+`}`)
		if done, missed := b.check(true); !same(done, register.Change) || missed != 2 {
			t.Errorf("%s: did %v and told %d times that something was missed", drift, done, missed)
		}
		b.quiet()
		told()
	}
	delete(b.store.hooks, "desk")
	b.start()
	if done := b.register(); !same(done, register.Learn) {
		t.Errorf("with a lost ledger: did %v", done)
	}
	told()
	call(t, "DELETE", at, "Authorization", "Bearer tok", "")
	if done, missed := b.check(true); !same(done, register.Create) || missed != 2 {
		t.Errorf("deleted: did %v and told %d times that something was missed", done, missed)
	}
	told()
	if _, _, err := b.office.Remove(ctx, b.account); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, w := range sim.Hooks() {
		left = append(left, w.ID)
	}
	if !slices.Equal(left, []string{stranger, triggers}) {
		t.Errorf("%v are left, want those of others, %s and %s", left, stranger, triggers)
	}
}

const pathSecret = "0123456789abcdef-in-the-path"

// Each audience has a webhook with an address and a signing secret of its own.
func TestMailchimp(t *testing.T) {
	for _, unsigned := range []bool{false, true} {
		clock, ctx := newClock(), context.Background()
		sim := mailchimptest.New(mailchimptest.Options{Clock: clock, UnsignedWebhooks: unsigned})
		news, trade := sim.CreateList("News"), sim.CreateList("Trade")
		b := newBench(t, "mailchimp", listen(t, sim.Handler()), map[string]any{"api_key": mailchimptest.DefaultKey, "webhook_secret": pathSecret}, clock.Now)
		// Somebody made one by hand, before webhooks were signed.
		sim.Subscribe(mailchimptest.Webhook{List: news, URL: b.public + "/hooks/desk/" + pathSecret})
		stranger := sim.Subscribe(mailchimptest.Webhook{List: news, URL: "https://elsewhere.example/hooks/desk", Events: []string{"campaign"}})
		if got := b.register(); !same(got, register.Change, register.Create) {
			t.Fatalf("did %v", got)
		}
		b.quiet()
		told := func(list string) {
			t.Helper()
			before := b.store.stored()
			clock.Advance(1e9)
			if _, err := sim.Create(list, mailchimptest.Member{Email: clock.Now().Format("150405") + "@initech.example", Status: "subscribed"}); err != nil {
				t.Fatal(err)
			}
			if _, err := sim.Deliver(ctx); err != nil || b.store.stored() == before {
				t.Fatalf("a new member was not told: %v", err)
			}
		}
		told(news)
		told(trade)
		for _, w := range sim.Webhooks() {
			if w.List == trade {
				sim.Unsubscribe(w.ID)
			}
		}
		if done, missed := b.check(true); !same(done, register.Create) || missed != 2 {
			t.Errorf("deleted: did %v and told %d times that something was missed", done, missed)
		}
		b.quiet()
		told(trade)
		b.answer(http.StatusNotFound)
		later := sim.CreateList("Later")
		list, _, err := b.office.Register(ctx, b.account)
		if err != nil || list[len(list)-1].Err == nil || !strings.Contains(list[len(list)-1].Err.Error(), "public_url") {
			t.Errorf("an address that does not answer: got %+v and %v, want an error that says what to do", list, err)
		}
		b.answer(0)
		if got := b.register(); !same(got, register.Create) {
			t.Errorf("did %v", got)
		}
		told(later)
		if _, _, err := b.office.Remove(ctx, b.account); err != nil {
			t.Fatal(err)
		}
		if left := sim.Webhooks(); len(left) != 1 || left[0].ID != stranger {
			t.Errorf("%v are left, want the stranger's", left)
		}
	}
}

// ActiveCampaign deletes what answers 410, keeps small numbers for ids, and has webhooks of single lists.
func TestActiveCampaign(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	sim := activecampaigntest.New(activecampaigntest.Options{Clock: clock})
	for range 120 {
		sim.Hook(activecampaigntest.Webhook{Name: "Millrace: desk", URL: "https://elsewhere.example/hooks/desk", Events: []string{"list_add"}})
	}
	url := listen(t, sim.Handler())
	b := newBench(t, "activecampaign", url, map[string]any{"api_token": activecampaigntest.DefaultToken,
		"requests_per_second": 1000, "webhook_secret": pathSecret}, clock.Now)
	sim.Hook(activecampaigntest.Webhook{Name: "by hand", URL: b.public + "/hooks/desk/" + pathSecret, List: "1"})
	if got := b.register(); !same(got, register.Change) {
		t.Fatalf("did %v", got)
	}
	b.quiet()
	told := func() {
		t.Helper()
		before := b.store.stored()
		clock.Advance(1e9)
		if _, err := sim.Create("contacts", map[string]any{"email": clock.Now().Format("150405") + "@initech.example"}); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Deliver(ctx); err != nil || b.store.stored() == before {
			t.Fatalf("a new contact was not told: %v", err)
		}
	}
	told()
	b.answer(http.StatusGone)
	if _, err := sim.Create("contacts", map[string]any{"email": "gone@initech.example"}); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	b.answer(0)
	if done, missed := b.check(true); !same(done, register.Create) || missed != 2 {
		t.Errorf("deleted after 410: did %v and told %d times that something was missed", done, missed)
	}
	b.quiet()
	told()
	// Another account has the number of ours for somebody else's.
	all := sim.Webhooks()
	ours := all[len(all)-1].ID
	call(t, "DELETE", url+"/api/3/webhooks/"+ours, "Api-Token", activecampaigntest.DefaultToken, "")
	sim.Hook(activecampaigntest.Webhook{ID: ours, Name: "Somebody", URL: "https://elsewhere.example/", Events: []string{"list_add"}})
	if done, _ := b.check(true); !same(done, register.Create) {
		t.Errorf("the number of ours is somebody else's: did %v", done)
	}
	if _, _, err := b.office.Remove(ctx, b.account); err != nil {
		t.Fatal(err)
	}
	if left := sim.Webhooks(); len(left) != 121 {
		t.Errorf("%d are left, want the 121 of others", len(left))
	}
}
