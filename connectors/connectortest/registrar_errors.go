package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

var registrarErrors = []registrarCheck{
	{"RegistrarErrorKinds", registrarErrorKinds},
	{"RefusalIsRejected", refusalIsRejected},
	{"AddressThatDoesNotAnswer", addressThatDoesNotAnswer},
	{"BrokenListIsNoList", brokenListIsNoList},
	{"LostAnswerIsOneSubscription", lostAnswerIsOneSubscription},
	{"RegistrarCancelledContextReturns", registrarCancelledContextReturns},
	{"RegistrarLeavesNoGoroutine", registrarLeavesNoGoroutine},
}

// registrarErrorKinds: an error that looks like an empty list has everything made a second time; one of the wrong kind is
// tried again for ever, or never.
func registrarErrorKinds(t *testing.T, h RegistrarHarness, d *desk) {
	ctx, all := context.Background(), sandbox.Match{}
	want := d.wanted(t)[0]
	t.Run("register", func(t *testing.T) {
		checkErrorKinds(t, h, all, func() error { _, _, err := d.Register(ctx, d.place, want); return err })
	})
	d.converge(t)
	have := d.settled(t, "made")[0]
	t.Run("list", func(t *testing.T) {
		checkErrorKinds(t, h, all, func() error { _, _, err := d.Registered(ctx, d.place, ""); return err })
	})
	if c, ok := d.Registrar.(connectors.Changer); ok {
		t.Run("change", func(t *testing.T) {
			checkEmptyErrorKinds(t, h, all, func() error { return c.Change(ctx, d.place, have, have) })
		})
	}
	if r, ok := d.Registrar.(connectors.SecretReader); ok {
		t.Run("read signing secret", func(t *testing.T) {
			checkErrorKinds(t, h, all, func() error { _, err := r.SigningSecret(ctx, have); return err })
		})
	}
	h.Log().Reset()
	if d.wanted(t); h.Log().Totals().Requests > 0 { // the vendor is asked what there is to be told of
		t.Run("plan", func(t *testing.T) {
			checkErrorKinds(t, h, all, func() error { _, err := d.anew(t).Wanted(ctx, d.place); return err })
		})
	}
	t.Run("unregister", func(t *testing.T) {
		checkEmptyErrorKinds(t, h, all, func() error { return d.Unregister(ctx, d.place, have) })
	})
}

// anew is the same desk with a registrar that remembers nothing.
func (d *desk) anew(t *testing.T) *desk {
	t.Helper()
	other := newDesk(t, d.h)
	other.place = d.place
	return other
}

// refusalIsRejected: what the vendor does not want is not asked for again every minute, and its error, which often repeats
// what it was given, does not show the address: a secret may be in it.
func refusalIsRejected(t *testing.T, h RegistrarHarness, d *desk) {
	want := d.wanted(t)[0]
	addFault(t, h, sandbox.Fault{Kind: "400", Match: h.Subscribes()})
	_, _, err := d.Register(context.Background(), d.place, want)
	wantKind(t, "register", err, connectors.Rejected)
	checkShy(t, h, err, want.URL)
}

// addressThatDoesNotAnswer: vendors that ask the address first refuse it, and nothing is left behind that would be there
// without a secret.
func addressThatDoesNotAnswer(t *testing.T, h RegistrarHarness, d *desk) {
	_, offers := d.Registrar.(connectors.Handshaker)
	if _, asks := d.Registrar.(connectors.Prober); !offers && !asks {
		t.Skip("the vendor does not ask whether the address is there")
	}
	want := d.wanted(t)[0]
	d.at.shut(true)
	_, _, err := d.Register(context.Background(), d.place, want)
	wantKind(t, "register", err, connectors.Rejected)
	checkShy(t, h, err, want.URL)
	if left := d.ids(t); len(left) != 0 {
		t.Errorf("%v are there all the same", left)
	}
	d.at.shut(false)
	d.converge(t)
	d.settled(t, "once it answers")
}

// brokenListIsNoList: whichever page of a list breaks off, part of it is not returned as if it were all.
func brokenListIsNoList(t *testing.T, h RegistrarHarness, d *desk) {
	d.strangers(t, max(1, h.Crowd()))
	d.converge(t)
	_, pages := d.list(t)
	for skip := range pages {
		for _, kind := range []string{"500", sandbox.Truncate, sandbox.HTML} {
			after := d.behind(t, skip)
			addFault(t, h, sandbox.Fault{Kind: kind})
			list, next, err := d.Registered(context.Background(), d.place, after)
			h.Plan().Clear()
			if err == nil || len(list) > 0 || next != "" {
				t.Errorf("%s at page %d: got %d subscriptions, a next page %t and %v, want an error and nothing else", kind, skip+1, len(list), next != "", err)
			}
			checkShy(t, h, err, d.at.secrets()...)
		}
	}
}

// behind returns the cursor behind so many pages.
func (d *desk) behind(t *testing.T, pages int) (after connectors.Cursor) {
	t.Helper()
	for range pages {
		_, next, err := d.Registered(context.Background(), d.place, after)
		if err != nil {
			t.Fatal(err)
		}
		after = next
	}
	return after
}

// lostAnswerIsOneSubscription: made at the vendor, and nobody heard of it. The connector must not ask again by itself, and
// whoever looks the next time must find it.
func lostAnswerIsOneSubscription(t *testing.T, h RegistrarHarness, d *desk) {
	others := d.strangers(t, 1)
	before := h.Subscriptions(t)
	for _, kind := range []string{sandbox.Lost, sandbox.Lost500, sandbox.Truncate} {
		for _, want := range d.wanted(t) {
			n := len(h.Subscriptions(t))
			addFault(t, h, sandbox.Fault{Kind: kind, Match: h.Subscribes()})
			_, _, err := d.Register(context.Background(), d.place, want)
			h.Plan().Clear()
			wantKind(t, kind, err, connectors.Temporary)
			checkShy(t, h, err, want.URL)
			if made := len(h.Subscriptions(t)) - n; made != 1 {
				t.Fatalf("%s: %d were made, want one", kind, made)
			}
		}
		d.converge(t)
		for _, have := range d.settled(t, kind) {
			d.unregister(t, have)
		}
		d.kept(t, kind, before, others...)
		if left := d.ids(t); len(left) != len(others) {
			t.Errorf("%s: %v are left, want those of others, %v", kind, left, others)
		}
	}
}

// registrarCancelledContextReturns: see targetCancelledContextReturns.
func registrarCancelledContextReturns(t *testing.T, h RegistrarHarness, d *desk) {
	d.converge(t)
	have := d.settled(t, "made")[0]
	addFault(t, h, sandbox.Fault{Kind: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second)})
	checkCancel(t, "list", func(ctx context.Context) error {
		_, _, err := d.Registered(ctx, d.place, "")
		return err
	})
	checkCancel(t, "unregister", func(ctx context.Context) error { return d.Unregister(ctx, d.place, have) })
	checkCancel(t, "register", func(ctx context.Context) error {
		_, _, err := d.Register(ctx, d.place, have)
		return err
	})
}

// registrarLeavesNoGoroutine: see targetLeavesNoGoroutine.
func registrarLeavesNoGoroutine(t *testing.T, h RegistrarHarness, d *desk) {
	noGoroutineLeft(t, h, func() {
		d.converge(t)
		for _, have := range d.settled(t, "made") {
			d.unregister(t, have)
		}
	})
}
