package register_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/router/register"
)

// ear knows what a test tells it.
type ear struct {
	now   func() time.Time
	heard time.Time
	polls map[string]int
}

func (e *ear) Silence(streams []string) (since time.Time, polls int) {
	for _, name := range streams {
		polls += e.polls[name]
	}
	return e.heard, polls
}

func (e *ear) Listen() { e.heard, e.polls = e.now(), map[string]int{} }

// Mailchimp turns a webhook off that was answered 410 and shows it as before: only the silence tells.
func TestMailchimpFallsSilent(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	clock.Freeze()
	sim := mailchimptest.New(mailchimptest.Options{Clock: clock})
	list := sim.CreateList("News")
	b := newBench(t, "mailchimp", listen(t, sim.Handler()), map[string]any{"api_key": mailchimptest.DefaultKey, "webhook_secret": pathSecret}, clock.Now)
	e := &ear{now: clock.Now}
	b.account.Ear = e
	happen := func() {
		t.Helper()
		clock.Advance(time.Second)
		if _, err := sim.Create(list, mailchimptest.Member{Email: clock.Now().Format("02150405") + "@initech.example", Status: "subscribed"}); err != nil {
			t.Fatal(err)
		}
		before := b.store.stored()
		if _, err := sim.Deliver(ctx); err != nil {
			t.Fatal(err)
		}
		e.polls["members"]++
		if b.store.stored() > before {
			e.Listen()
		}
	}
	look := func(what string, want int, since time.Time) {
		t.Helper()
		got := b.look(clock)
		if len(got) != want || want > 0 && !got[0].since.Equal(since) {
			t.Fatalf("%s: told %v, want %d gaps since %v", what, got, want, since)
		}
	}
	b.register()
	heard := e.heard
	if heard.IsZero() {
		t.Fatal("nobody listens anew after a webhook was made")
	}
	b.answer(http.StatusGone) // a proxy does
	happen()
	b.answer(0)
	for range 22 {
		happen()
		e.polls["campaigns"] += 10
		look("not a day yet", 0, time.Time{})
	}
	e.polls["members"] = 9
	clock.Advance(24 * time.Hour)
	look("a few changes, and many of what is not told", 0, time.Time{})
	e.polls["members"] = 10
	look("a day, and ten polls found changes", 1, heard)
	look("a day, and ten polls found changes, as before", 0, time.Time{})
	found, err := b.office.Look(ctx, b.account)
	if s := found.Steps[0]; err != nil || s.Do != register.Keep || s.Have.State != connectors.SubscriptionSilent || !strings.HasSuffix(s.Have.Why, "10 polls found changes") {
		t.Errorf("it is shown as %+v, %v", s, err)
	}
	if _, _, err := b.office.Remove(ctx, b.account); err != nil {
		t.Fatal(err)
	}
	if done := b.register(); !same(done, register.Create) {
		t.Fatalf("did %v", done)
	}
	before := b.store.stored()
	happen()
	if b.store.stored() == before {
		t.Error("the new one does not deliver")
	}
	b.quiet()
}
