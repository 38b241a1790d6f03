package register_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
	"github.com/millrace/millrace/router/register"
)

// told is one gap.
type told struct {
	since time.Time
	why   string
}

// look looks once, an hour after the last time, and returns the gaps.
func (b *bench) look(clock *sandbox.Clock) (list []told) {
	b.t.Helper()
	clock.Advance(time.Hour)
	_, err := b.office.Check(context.Background(), b.account, true, func(_ context.Context, since time.Time, why string) error {
		list = append(list, told{since, why})
		return nil
	})
	b.must(err)
	return list
}

// What Zendesk could not deliver is a gap since all was well: one when it is found and one when deliveries are taken again, none
// for the hours between, and one for what was lost between two looks.
func TestZendeskFails(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	clock.Freeze()
	sim := zendesktest.New(zendesktest.Options{Clock: clock, Subdomain: "acme", Tokens: []string{"tok"}})
	b := newBench(t, "zendesk", listen(t, sim.Handler()), map[string]any{"subdomain": "acme", "token": "tok", "requests_per_minute": 100000}, clock.Now)
	happen := func(answer int) {
		t.Helper()
		b.answer(answer)
		if _, err := sim.Create("organizations", map[string]any{"name": clock.Now().String()}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Minute)
		if _, err := sim.Deliver(ctx); err != nil {
			t.Fatal(err)
		}
		b.answer(0)
	}
	b.register()
	happen(0)
	if got := b.look(clock); got != nil {
		t.Fatalf("all is well: told %v", got)
	}
	good := clock.Now()
	happen(http.StatusForbidden)
	if got := b.look(clock); len(got) != 1 || !got[0].since.Equal(good) {
		t.Fatalf("a delivery was refused: told %v, want one gap since %v", got, good)
	}
	found, err := b.office.Look(ctx, b.account)
	if s := found.Steps[0]; err != nil || s.Do != register.Keep || s.Have.State != connectors.SubscriptionFailing ||
		s.Have.Why != "1 of the last 2 deliveries, the newest terminated after status 403" {
		t.Errorf("it is shown as %+v, %v", s, err)
	}
	for range 30 {
		happen(http.StatusForbidden)
		if got := b.look(clock); got != nil {
			t.Fatalf("while it goes on: told %v, want nothing more", got)
		}
		b.start()
	}
	happen(http.StatusForbidden)
	happen(0)
	if got := b.look(clock); got != nil {
		t.Fatalf("one was taken, but others were lost since the last look: told %v", got)
	}
	if got := b.look(clock); len(got) != 1 || !got[0].since.Equal(good) {
		t.Fatalf("taken again: told %v, want one gap since %v", got, good)
	}
	b.quiet()
	good = clock.Now()
	happen(http.StatusForbidden)
	happen(0)
	if got := b.look(clock); len(got) != 1 || !got[0].since.Equal(good) {
		t.Fatalf("one was lost and the next taken: told %v, want one gap since %v", got, good)
	}
}

// fake is a vendor with one webhook.
type fake struct {
	connectors.Registrar
	have   []connectors.Subscription
	health connectors.Subscription
	err    error // of asking for its health
	made   error // of making one
}

const fakePlace = "https://hub.example/hooks/desk"

func (f *fake) Wanted(context.Context, connectors.Place) ([]connectors.Subscription, error) {
	return []connectors.Subscription{{URL: fakePlace, State: connectors.SubscriptionOn}}, nil
}

func (f *fake) Registered(context.Context, connectors.Place, connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	return f.have, "", nil
}

func (f *fake) Register(_ context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	if f.made == nil {
		want.ID = "1"
		f.have = []connectors.Subscription{want}
	}
	return want, connectors.Secret{}, f.made
}

func (f *fake) Health(_ context.Context, have connectors.Subscription) (connectors.Subscription, error) {
	have.State, have.Lost = f.health.State, f.health.Lost
	return have, f.err
}

type nobody struct{}

func (nobody) Answers(string) error { return nil }

func (nobody) Expect(string, func(context.Context, connectors.Secret) error) (func(), error) {
	return nil, errors.New("nothing is offered")
}
func (nobody) Trust(string, ...connectors.Secret) error { return nil }

// Whatever happens, what was missed is told when it is found and when it is over, both since all was well.
func TestMissedIsToldTwice(t *testing.T) {
	clock := newClock()
	clock.Freeze()
	vendor := &fake{health: connectors.Subscription{State: connectors.SubscriptionOn}}
	b := &bench{t: t, store: &memory{hooks: map[string][]byte{}}}
	b.office = &register.Office{Store: b.store, Receiver: nobody{}, Now: clock.Now}
	b.account = register.Account{Registrar: vendor, Configured: true, Place: connectors.Place{Connection: "desk", Address: fakePlace}}
	b.register()
	var good time.Time
	look := func(what string, want int) {
		t.Helper()
		clock.Advance(time.Hour)
		var got []told
		_, err := b.office.Check(context.Background(), b.account, true, func(_ context.Context, since time.Time, why string) error {
			got = append(got, told{since, why})
			return nil
		})
		if (err != nil) != (vendor.err != nil) {
			t.Errorf("%s: got error %v", what, err)
		}
		if len(got) != want {
			t.Errorf("%s: told %v, want %d gaps", what, got, want)
		}
		for _, g := range got {
			if !g.since.Equal(good) {
				t.Errorf("%s: a gap since %v, want since %v", what, g.since, good)
			}
		}
	}
	well := func(want int) {
		t.Helper()
		look("well again", want)
		good = clock.Now()
		look("well", 0)
		good = clock.Now()
	}
	well(0)
	gone := vendor.have
	vendor.have, vendor.made = nil, errors.New("the vendor refuses")
	look("gone", 1)
	look("still gone", 0)
	vendor.made = nil
	look("made again", 1)
	good = clock.Now()
	well(0)

	vendor.health.State = connectors.SubscriptionFailing
	look("failing", 1)
	vendor.have, vendor.made = nil, errors.New("the vendor refuses")
	look("and gone", 0)
	vendor.have, vendor.made = gone, nil
	look("and back, failing", 0)
	vendor.health.State, vendor.err = connectors.SubscriptionOn, errors.New("not now")
	look("nobody knows", 0)
	vendor.err = nil
	well(1)

	// A person who registers anew makes things right, and the next look tells what was missed.
	vendor.have = nil
	b.register()
	well(1)

	vendor.err = errors.New("not now")
	look("nobody knows", 0)
	vendor.err, vendor.health.Lost = nil, clock.Now()
	look("what was lost meanwhile", 1)
	well(1)
}
