package zendesk_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// inbox is a receiver that verifies and parses what it gets.
type inbox struct {
	hook connectors.Webhook
	now  func() time.Time

	mu    sync.Mutex
	hints []connectors.Hint
	errs  []error
}

// ServeHTTP implements http.Handler.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d := connectors.Delivery{Method: r.Method, URL: publicURL, Header: r.Header, Body: body, Received: b.now()}
	if err == nil {
		err = b.hook.Verify(d)
	}
	hints, parseErr := b.hook.Parse(d)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range []error{err, parseErr} {
		if e != nil {
			b.errs = append(b.errs, e)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	b.hints = append(b.hints, hints...)
}

// received subscribes an inbox to an account.
func received(t *testing.T, h *harness, hook zendesktest.Webhook) *inbox {
	t.Helper()
	box := &inbox{hook: connectortest.Open(t, h).(connectors.Webhook), now: h.clock.Now}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	hook.Endpoint, hook.Secret = server.URL, testSecret
	h.sim.Subscribe(hook)
	return box
}

// deliver has the account send what it has, and returns what that hints at, the newest word on each record.
func (b *inbox) deliver(t *testing.T, h *harness) map[string]connectors.Hint {
	t.Helper()
	if _, err := h.sim.Deliver(context.Background()); err != nil || len(b.errs) > 0 {
		t.Fatalf("deliver: %v %v", err, b.errs)
	}
	all := map[string]connectors.Hint{}
	for _, hint := range b.hints {
		all[hint.Ref.Object+"/"+hint.Ref.ID] = hint
	}
	return all
}

// TestWebhooksTellOfUsers: what the deliveries hint at is what happened, signed by the account itself: creations and
// changes are to be fetched, deletions and merges say what they are.
func TestWebhooksTellOfUsers(t *testing.T) {
	h := newHarness(t, "users", nil)
	box := received(t, h, zendesktest.Webhook{Subscriptions: []string{"*"}})
	user := func(name string) string {
		return h.make(t, "users", map[string]any{"name": name, "email": name + "@initech.example"})
	}
	changed, gone, winner, loser := user("changed"), user("gone"), user("winner"), user("loser")
	org := h.make(t, "organizations", map[string]any{"name": "Initech"})
	ticket := h.make(t, "tickets", map[string]any{"subject": "S", "requester_id": json.Number(changed), "comment": map[string]any{"body": "B"}})
	h.clock.Advance(time.Second)
	must(t, h.sim.Set("users", map[string]any{"name": "Changed"}, changed), h.sim.Delete("users", gone), h.sim.MergeUsers(winner, loser),
		h.sim.Delete("organizations", org), h.sim.DeleteForever("tickets", ticket))
	all := box.deliver(t, h)
	for ref, want := range map[string]connectors.DeletionKind{"users/" + changed: "", "users/" + gone: connectors.Soft, "users/" + winner: "",
		"organizations/" + org: connectors.Soft, "tickets/" + ticket: connectors.Privacy} {
		hint, ok := all[ref]
		if !ok || hint.Deleted.Kind != want || hint.At.IsZero() {
			t.Errorf("%s: got %+v, want %q", ref, hint, want)
		}
	}
	merged := false
	for _, hint := range box.hints {
		merged = merged || hint.Ref.ID == loser && hint.Deleted.Kind == connectors.Merged && hint.Deleted.Into.ID == winner
	}
	if !merged {
		t.Errorf("nothing says that the loser was merged: %+v", box.hints)
	}
}

// TestTriggerBodies: the body that the README has people put into a trigger hints at the ticket.
func TestTriggerBodies(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	box := received(t, h, zendesktest.Webhook{Subscriptions: []string{"conditional_ticket_events"},
		Body: `{"ticket_id": "{{ticket.id}}", "updated_at": "{{ticket.updated_at_with_timestamp}}"}`})
	id := h.Create(t, 1)[0]
	h.clock.Advance(time.Second)
	h.Change(t, id)
	hint, ok := box.deliver(t, h)["tickets/"+id]
	if row, _ := h.sim.Row("tickets", id); !ok || !hint.At.Equal(row.Updated) {
		t.Errorf("got %+v, want the ticket as it was changed at %v", hint, row.Updated)
	}
}
