package zendesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// registrar is an account at which webhooks are registered.
type registrar struct{ *harness }

func newRegistrar(t *testing.T) *registrar { return &registrar{newHarness(t, "users", nil)} }

func (h *registrar) Crowd() int { return 101 }

// Subscribes leaves out the request for a new signing secret.
func (h *registrar) Subscribes() sandbox.Match {
	return sandbox.Match{Method: http.MethodPost, Path: "/webhooks$"}
}

func (h *registrar) Unread() []any { return []any{"streams", []string{"satisfaction_ratings"}} }

func (h *registrar) Subscriptions(*testing.T) map[string]string {
	all := map[string]string{}
	for _, w := range h.sim.Hooks() {
		all[w.ID] = fmt.Sprintf("%+v", w)
	}
	return all
}

func (h *registrar) Stranger(t *testing.T, like connectors.Subscription) string {
	u, err := url.Parse(like.URL)
	must(t, err)
	return h.sim.Subscribe(zendesktest.Webhook{Name: like.Name, Endpoint: "https://elsewhere.example" + u.Path, Subscriptions: like.Events})
}

func (h *registrar) ByHand() map[string]func(*testing.T, connectors.Subscription) {
	set := func(change string) func(*testing.T, connectors.Subscription) {
		return func(t *testing.T, have connectors.Subscription) {
			h.send(t, http.MethodPatch, "/api/v2/webhooks/"+have.ID, `{"webhook":`+change+`}`)
		}
	}
	return map[string]func(*testing.T, connectors.Subscription){
		"turned off":    set(`{"status":"inactive"}`),
		"other address": set(`{"endpoint":"https://elsewhere.example/x"}`),
		"fewer events":  set(`{"subscriptions":["zen:event-type:user.deleted"]}`),
	}
}

func (h *registrar) Unsubscribe(t *testing.T, have connectors.Subscription) {
	h.send(t, http.MethodDelete, "/api/v2/webhooks/"+have.ID, "")
}

func (h *registrar) Tell(t *testing.T) {
	h.Create(t, 2) // the first may be the owner, who is there already
	h.clock.Advance(time.Minute)
	if _, err := h.sim.Deliver(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// send makes a request of somebody else.
func (h *registrar) send(t *testing.T, method, path, body string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://sim"+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+testToken)
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	h.sim.Handler().ServeHTTP(answer, req)
	if answer.Code/100 != 2 {
		t.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
	}
}

func TestRegistrar(t *testing.T) {
	connectortest.Registrar(t, func(t *testing.T) connectortest.RegistrarHarness { return newRegistrar(t) })
}

// Webhooks that triggers use are what a person made and never become ones of events, so they are not shown, also at our address.
func TestWebhooksOfTriggersAreNotShown(t *testing.T) {
	h := newRegistrar(t)
	h.sim.Subscribe(zendesktest.Webhook{Name: "Triggers", Endpoint: publicURL, Subscriptions: []string{"conditional_ticket_events"}})
	shown := h.sim.Subscribe(zendesktest.Webhook{Name: "Events", Endpoint: publicURL, Subscriptions: []string{"zen:event-type:user.created"}})
	list, next, err := connectortest.Open(t, h).(connectors.Registrar).Registered(context.Background(), connectors.Place{}, "")
	if err != nil || next != "" || len(list) != 1 || list[0].ID != shown {
		t.Errorf("got %+v and %v, want %s alone", list, err, shown)
	}
}
