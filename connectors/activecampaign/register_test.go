package activecampaign_test

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
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// registrar is an account at which webhooks are registered.
type registrar struct{ *harness }

func (h *registrar) Crowd() int { return 100 }

func (h *registrar) Subscribes() sandbox.Match {
	return sandbox.Match{Method: http.MethodPost, Path: "/webhooks$"}
}

func (h *registrar) Unread() []any { return []any{"streams", []string{"lists"}} }

func (h *registrar) Subscriptions(*testing.T) map[string]string {
	all := map[string]string{}
	for _, w := range h.sim.Webhooks() {
		all[w.ID] = fmt.Sprintf("%+v", w)
	}
	return all
}

func (h *registrar) Stranger(t *testing.T, like connectors.Subscription) string {
	u, err := url.Parse(like.URL)
	must(t, err)
	return h.sim.Hook(activecampaigntest.Webhook{Name: like.Name, URL: "https://elsewhere.example" + u.Path, Events: like.Events})
}

func (h *registrar) ByHand() map[string]func(*testing.T, connectors.Subscription) {
	set := func(change string) func(*testing.T, connectors.Subscription) {
		return func(t *testing.T, have connectors.Subscription) {
			h.send(t, http.MethodPut, "/api/3/webhooks/"+have.ID, `{"webhook":`+change+`}`)
		}
	}
	return map[string]func(*testing.T, connectors.Subscription){
		"other address": set(`{"url":"https://elsewhere.example/x"}`),
		"fewer events":  set(`{"events":["bounce"]}`),
		"fewer sources": set(`{"sources":["admin"]}`),
		"one list only": set(`{"listid":1}`),
	}
}

func (h *registrar) Unsubscribe(t *testing.T, have connectors.Subscription) {
	h.send(t, http.MethodDelete, "/api/3/webhooks/"+have.ID, "")
}

func (h *registrar) Tell(t *testing.T) {
	h.Create(t, 1)
	h.clock.Advance(time.Second)
	_, err := h.sim.Deliver(context.Background())
	must(t, err)
}

// send makes a request of somebody else.
func (h *registrar) send(t *testing.T, method, path, body string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://sim"+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Api-Token", testToken)
	answer := httptest.NewRecorder()
	h.sim.Handler().ServeHTTP(answer, req)
	if answer.Code/100 != 2 {
		t.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
	}
}

func TestRegistrar(t *testing.T) {
	connectortest.Registrar(t, func(t *testing.T) connectortest.RegistrarHarness {
		return &registrar{newHarness(t, "contacts", nil)}
	})
}

// ActiveCampaign takes any address and delivers by https to port 443 only, so another one is refused before it is told.
func TestWebhooksNeedPort443(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	r := connectortest.Open(t, h).(connectors.Registrar)
	for address, ok := range map[string]bool{"https://hub.example/hooks/crm": true, "https://hub.example:443/hooks/crm": true, "http://hub.example:8088/hooks/crm": true,
		"https://hub.example:8443/hooks/crm": false} {
		list, err := r.Wanted(context.Background(), connectors.Place{Connection: "crm", Address: address})
		if ok != (err == nil && len(list) == 1) || !ok && connectors.KindOf(err) != connectors.Rejected {
			t.Errorf("%s: got %d subscriptions and %v", address, len(list), err)
		}
	}
}
