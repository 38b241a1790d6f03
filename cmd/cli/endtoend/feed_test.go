package endtoend

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// followed is a hub that hears of an organization's changes by change data capture only: it polls once an hour.
type followed struct {
	*vendors
	org *salesforcetest.Server
	bus *pubsub.Server
	hub *hub
}

// startFollowed starts it, with work rules if any are given.
func startFollowed(t testing.TB, o pubsub.Options, rules ...string) *followed {
	t.Helper()
	v := start(t)
	for i, text := range rules {
		v.rules = append(v.rules, v.write(fmt.Sprintf("rules%d.yaml", i), text))
	}
	f := &followed{vendors: v, org: salesforcetest.New(salesforcetest.Options{Clock: v.clock,
		App: &salesforcetest.App{ClientID: "client", ClientSecret: "secret", ClientCredentials: true}})}
	o.Clock = v.clock
	if o.Keepalive == 0 {
		o.Keepalive = 100 * time.Millisecond
	}
	f.bus = pubsub.New(f.org, o)
	endpoint, err := f.bus.Listen("")
	v.ok(err)
	t.Cleanup(func() { _ = f.bus.Close() })
	url := v.listen(f.org.Handler())
	v.extra = fmt.Sprintf("  sf: {connector: salesforce, sign_in: client_credentials, client_id: client, client_secret: secret, "+
		"login_url: %q, base_url: %q, streams: [Account, Contact], cdc: true, pubsub_endpoint: %q, commit_lag: 0s, every: 1h, sweep: never}\n", url, url, endpoint)
	f.hub = v.open()
	f.hub.settle()
	f.contact(time.Time{})
	return f
}

// contact waits until the feed has told anything after an instant.
func (f *followed) contact(after time.Time) {
	f.t.Helper()
	f.hub.until("the feed makes contact", func() bool {
		state, err := f.hub.ledger.Feed(context.Background(), "sf", "ChangeEvents")
		return err == nil && state.Cursor != "" && state.Contact.After(after)
	})
}

// account makes an account in the organization.
func (f *followed) account(name string) string {
	f.t.Helper()
	id, err := f.org.Create("Account", map[string]any{"Name": name})
	f.ok(err)
	return id
}

// knows reports whether the ledger has an account under a name.
func (f *followed) knows(id, name string) bool {
	return gjson.GetBytes(f.hub.raw("sf/Account/"+id), "Name").String() == name
}

func (f *followed) gaps() (streams []string) {
	f.t.Helper()
	gaps, err := f.hub.ledger.Gaps(context.Background())
	f.ok(err)
	for _, g := range gaps {
		if g.Kind == ledger.FeedExpired {
			streams = append(streams, g.Stream)
		}
	}
	return streams
}

// TestChangeIsThereWithinASecond: a change at Salesforce is in the ledger within a second, and polling is an hour away.
func TestChangeIsThereWithinASecond(t *testing.T) {
	f := startFollowed(t, pubsub.Options{})
	for i := range 5 {
		begin := time.Now()
		name := fmt.Sprint("Mill ", i)
		id := f.account(name)
		f.hub.until("the account is known", func() bool { return f.knows(id, name) })
		if took := time.Since(begin); took > time.Second {
			t.Errorf("an account was known after %v, want a second", took)
		}
		f.ok(f.org.Delete("Account", id))
		f.hub.until("its deletion is known", func() bool {
			totals, err := f.hub.ledger.Totals(context.Background())
			return err == nil && totals.Live["sf/Account"] == 0
		})
	}
}

// TestExpiredReplayIDLosesNothing: the hub is stopped for four days, and polling goes on behind changes that it never saw,
// as it does when transactions end late. The gap is recorded, read again and healed, and the feed followed on (elsewhere it
// was dead for 16 days).
func TestExpiredReplayIDLosesNothing(t *testing.T) {
	f := startFollowed(t, pubsub.Options{})
	first := f.account("First")
	f.hub.until("the first account is known", func() bool { return f.knows(first, "First") })
	f.passOver(95 * time.Hour)
	f.hub.stop()
	ids := map[string]string{}
	for i := range 30 {
		name := fmt.Sprint("While away ", i)
		ids[name] = f.account(name)
	}
	f.clock.Advance(96 * time.Hour)
	stopped := time.Now()
	f.hub = f.open()
	f.hub.until("the gaps are healed", func() bool { return f.hub.gapCount("healed") == 2 && len(f.gaps()) == 0 })
	if n := f.hub.gapCount("recorded"); n != 2 {
		t.Errorf("%d gaps were recorded, want one of each stream", n)
	}
	for name, id := range ids {
		if !f.knows(id, name) {
			t.Errorf("%s is missing", name)
		}
	}
	f.contact(stopped)
	late := f.account("Late")
	f.hub.until("the feed goes on", func() bool { return f.knows(late, "Late") })
	f.hub.noProblems()
}

// passOver makes polling of accounts go on behind an instant ahead.
func (f *followed) passOver(ahead time.Duration) {
	f.t.Helper()
	to, err := f.hub.opened["sf"].(connectors.Rewinder).CursorAt("Account", f.clock.Now().Add(ahead))
	f.ok(err)
	state, err := f.hub.ledger.Stream(context.Background(), "sf", "Account")
	f.ok(err)
	f.ok(f.hub.ledger.Rewind(context.Background(), "sf", "Account", false, state.Cursor, to))
}

// TestEventsThatAreLostForGood: the vendor says that an event may be lost for good; polling finds what no event told.
func TestEventsThatAreLostForGood(t *testing.T) {
	f := startFollowed(t, pubsub.Options{Lose: func(c salesforcetest.Change) bool { return c.Type == salesforcetest.Created }})
	id := f.account("Silent")
	time.Sleep(300 * time.Millisecond)
	if f.knows(id, "Silent") {
		t.Fatal("the account was told of")
	}
	f.later()
	f.hub.wait(func(ctx context.Context) error {
		return f.hub.router.ReadAll(ctx, router.Scope{Connections: []string{"sf"}})
	})
	if !f.knows(id, "Silent") {
		t.Error("polling did not find the account")
	}
}

// gapCount returns how many gaps of feeds were recorded or healed.
func (h *hub) gapCount(action string) int {
	h.t.Helper()
	families, err := h.router.Metrics().Registry.Gather()
	h.v.ok(err)
	n := 0
	for _, family := range families {
		if family.GetName() != "millrace_feed_gaps_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			if m.GetLabel()[0].GetValue() == action {
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}
