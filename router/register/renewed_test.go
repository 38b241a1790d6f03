package register_test

import (
	"context"
	"testing"

	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
	"github.com/millrace/millrace/router/register"
)

// A person who has Zendesk make another signing secret tells nobody. Until the next look its deliveries are refused; then the
// new secret is asked for, what was refused is told to be missed, and the old secret, which may have leaked, is worth nothing.
func TestZendeskSecretIsRenewed(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	sim := zendesktest.New(zendesktest.Options{Clock: clock, Subdomain: "acme", Tokens: []string{"tok"}})
	url := listen(t, sim.Handler())
	b := newBench(t, "zendesk", url, map[string]any{"subdomain": "acme", "token": "tok", "requests_per_minute": 100000}, clock.Now)
	b.register()
	b.quiet()
	taken := func() bool {
		t.Helper()
		before := b.store.stored()
		if _, err := sim.Create("organizations", map[string]any{"name": clock.Now().String()}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(1e9)
		_, err := sim.Deliver(ctx)
		b.must(err)
		return b.store.stored() > before
	}
	old := b.only()
	for _, drift := range []string{"", `{"webhook":{"status":"inactive"}}`} {
		hook := sim.Hooks()[0]
		call(t, "POST", url+"/api/v2/webhooks/"+hook.ID+"/signing_secret", "Authorization", "Bearer tok", "")
		want := register.Learn
		if drift != "" {
			call(t, "PATCH", url+"/api/v2/webhooks/"+hook.ID, "Authorization", "Bearer tok", drift)
			want = register.Change
		} else if taken() {
			t.Fatal("what is signed with a secret that nobody knows was taken")
		}
		if done, missed := b.check(true); !same(done, want) || missed != 2 {
			t.Errorf("drift %q: did %v and told %d times that something was missed, want %s and twice", drift, done, missed, want)
		}
		b.start()
		if !taken() {
			t.Errorf("drift %q: what is signed with the new secret was refused", drift)
		}
	}
	if now := b.only(); now.secret != sim.SigningSecret(sim.Hooks()[0].ID) || now.secret == old.secret {
		t.Error("the secret that is kept is not the one that the vendor has now")
	}
}
