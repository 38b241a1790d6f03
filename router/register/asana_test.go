package register_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/router/register"
)

func newClock() *sandbox.Clock {
	return sandbox.NewClock(time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC))
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	server, err := sandbox.Listen(h, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.URL
}

// call makes a request of somebody else with the vendor's API.
func call(t testing.TB, method, address, header, value, body string) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: status %d", method, address, res.StatusCode)
	}
}

// The secret comes in the handshake, is kept, and survives a restart. A webhook that Asana deleted after a day of failures is
// found gone, and made again.
func TestAsana(t *testing.T) {
	clock, ctx := newClock(), context.Background()
	sim := asanatest.New(asanatest.Options{Now: clock.Now})
	url := listen(t, sim.Handler())
	human, err := sim.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	_, sections := human.AddProject("Sales", "Open")
	project, _ := human.AddProject("Other")
	b := newBench(t, "asana", url+"/api/1.0", map[string]any{"token": asanatest.DefaultToken, "requests_per_minute": 100000, "workspace": sim.Workspace(),
		"webhook_projects": []string{"Sales", "Not there yet"}}, clock.Now)
	stranger := `{"data":{"resource":"` + project + `","target":"` + listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret := r.Header.Get("X-Hook-Secret"); secret != "" {
			w.Header().Set("X-Hook-Secret", secret)
		}
	})) + `/hooks/desk"}}`
	call(t, "POST", url+"/api/1.0/webhooks", "Authorization", "Bearer "+asanatest.DefaultToken, stranger)

	found, err := b.office.Look(ctx, b.account)
	b.must(err)
	if len(found.Steps) != 1 || found.Steps[0].Do != register.Create || found.Strangers != 1 {
		t.Fatalf("found %+v, want one to create and one of somebody else", found)
	}
	if got := b.register(); !same(got, register.Create) {
		t.Fatalf("did %v", got)
	}
	b.quiet()
	sim.AddTask(sections[0], "Call Zoë")
	if sum, err := sim.Deliver(ctx); err != nil || sum.Failures != 0 || b.store.stored() == 0 {
		t.Fatalf("delivered %+v and %v, %d stored, want the task's events", sum, err, b.store.stored())
	}

	failForADay(t, b, sim, clock, sections[0])
	b.answer(0)
	if done, missed := b.check(false); !same(done, register.Create) || missed != 0 {
		t.Fatalf("found %v and told %d times that something was missed, want one gone, which was told when it began to fail", done, missed)
	}
	if done, missed := b.check(true); !same(done, register.Create) || missed != 1 {
		t.Fatalf("repaired %v and told %d times that something was missed, want once more", done, missed)
	}
	b.quiet()
	before := b.store.stored()
	sim.AddTask(sections[0], "Call Lin")
	if _, err := sim.Deliver(ctx); err != nil || b.store.stored() == before {
		t.Errorf("the new webhook's delivery was not taken: %v", err)
	}

	// Without its secret nothing that it delivers can be trusted, so a ledger that was lost has it made anew.
	delete(b.store.hooks, "desk")
	b.start()
	if done := b.register(); !same(done, register.Replace) {
		t.Errorf("with a lost ledger: did %v", done)
	}
	b.quiet()
	removedForGood(t, b)
}

// removedForGood removes what is ours: only the stranger's is left, and the secret is worth nothing any more.
func removedForGood(t *testing.T, b *bench) {
	t.Helper()
	gone := b.only()
	if status := b.post(gone.URL, "X-Hook-Signature", hexMAC(gone.secret, `{"events":[]}`), `{"events":[]}`); status != http.StatusOK {
		t.Errorf("signed with the secret that is kept: status %d, want 200", status)
	}
	list, _, err := b.office.Remove(context.Background(), b.account)
	if err != nil || len(list) != 1 || list[0].Do != register.Remove || list[0].Err != nil {
		t.Errorf("removed %+v, %v", list, err)
	}
	if found, err := b.office.Look(context.Background(), b.account); err != nil || found.Strangers != 1 {
		t.Errorf("found %+v and %v, want the stranger's left", found, err)
	}
	if known, err := b.office.Known(context.Background(), "desk"); known || err != nil {
		t.Errorf("after removing: known %v, %v", known, err)
	}
	if status := b.post(gone.URL, "X-Hook-Signature", hexMAC(gone.secret, `{"events":[]}`), `{"events":[]}`); status != http.StatusUnauthorized {
		t.Errorf("signed with the secret of a webhook that is gone: status %d, want 401", status)
	}
}

// failForADay lets deliveries fail until Asana deletes the webhook, and looks every hour meanwhile: it is told once.
func failForADay(t *testing.T, b *bench, sim *asanatest.Server, clock *sandbox.Clock, section string) {
	t.Helper()
	b.answer(http.StatusServiceUnavailable)
	sim.AddTask(section, "Call Ada")
	told := 0
	for range 40 {
		sum, err := sim.Deliver(context.Background())
		b.must(err)
		clock.Advance(time.Minute)
		if sum.Failures > 0 && sum.Removed == 0 {
			done, missed := b.check(true)
			if told += missed; !same(done, register.Keep) || told != 1 {
				t.Errorf("while it fails: did %v and told %d times that something was missed, want one gap and nothing done", done, told)
			}
		}
		clock.Advance(time.Hour)
	}
	if told == 0 {
		t.Error("nobody looked while it failed")
	}
}

// A creation that nobody asked for brings no secret, and without a receiver nothing is created.
func TestNothingWithoutReceiver(t *testing.T) {
	clock := newClock()
	sim := asanatest.New(asanatest.Options{Now: clock.Now})
	human, err := sim.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	human.AddProject("Sales")
	b := newBench(t, "asana", listen(t, sim.Handler())+"/api/1.0", map[string]any{"token": asanatest.DefaultToken, "requests_per_minute": 100000, "workspace": sim.Workspace(),
		"webhook_projects": []string{"Sales"}}, clock.Now)
	b.office.Receiver = nil
	list, _, err := b.office.Register(context.Background(), b.account)
	if err != nil || len(list) != 1 || list[0].Err != register.ErrNoReceiver {
		t.Errorf("got %+v and %v, want an error that says so", list, err)
	}
	if done, missed := b.check(true); done != nil || missed != 0 {
		t.Errorf("a look created %v although nobody registered anything", done)
	}
}
