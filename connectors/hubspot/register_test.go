package hubspot_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// registrar is a public app, installed in an account. It is one subscription; of its own those are somebody else's here that
// are of products.
type registrar struct{ *harness }

func newRegistrar(t *testing.T) *registrar {
	h := &registrar{appHarness(t)}
	h.extra["token"], h.extra["client_id"], h.extra["client_secret"], h.extra["refresh_token"] = nil, "client", testSecret, h.sim.NewRefreshToken()
	h.extra["webhook_properties"] = []string{"dealname", "name", "email"} // each costs a request whenever the app is set up
	return h
}

const ofOthers = "product."

func (h *registrar) SignsIn() bool { return true }

// Crowd is 0: the list has no pages.
func (h *registrar) Crowd() int { return 0 }

func (h *registrar) Subscribes() sandbox.Match {
	return sandbox.Match{Method: http.MethodPost, Path: "/subscriptions$"}
}

func (h *registrar) Unread() []any { return []any{"streams", []string{"owners"}} }

func (h *registrar) Subscriptions(*testing.T) map[string]string {
	all, app := map[string]string{}, ""
	for _, s := range h.sim.AppSubscriptions() {
		if strings.HasPrefix(s.EventType, ofOthers) {
			all["subscription "+s.ID] = fmt.Sprintf("%+v", s)
		} else {
			app += fmt.Sprintf("%+v", s)
		}
	}
	if app != "" {
		all[fmt.Sprint(hubspottest.AppID)] = h.sim.AppTarget() + app
	}
	return all
}

// Stranger has somebody else use the same app. An app that delivers elsewhere is not taken at all; see TestHubSpotAppOfAnother.
func (h *registrar) Stranger(t *testing.T, like connectors.Subscription) string {
	h.deliverTo(t, like.URL)
	h.send(t, http.MethodPost, "/subscriptions", `{"eventType":"product.creation","active":true}`)
	all := h.sim.AppSubscriptions()
	return "subscription " + all[len(all)-1].ID
}

func (h *registrar) ByHand() map[string]func(*testing.T, connectors.Subscription) {
	first := func() hubspottest.AppSubscription {
		all := h.sim.AppSubscriptions()
		return all[slices.IndexFunc(all, func(s hubspottest.AppSubscription) bool { return !strings.HasPrefix(s.EventType, ofOthers) })]
	}
	return map[string]func(*testing.T, connectors.Subscription){
		"other address": func(t *testing.T, _ connectors.Subscription) { h.deliverTo(t, "https://elsewhere.example/x") },
		"no address":    func(t *testing.T, _ connectors.Subscription) { h.send(t, http.MethodDelete, "/settings", "") },
		"one paused": func(t *testing.T, _ connectors.Subscription) {
			h.send(t, http.MethodPatch, "/subscriptions/"+first().ID, `{"active":false}`)
		},
		"one deleted": func(t *testing.T, _ connectors.Subscription) {
			h.send(t, http.MethodDelete, "/subscriptions/"+first().ID, "")
		},
		"one twice": func(t *testing.T, _ connectors.Subscription) {
			h.send(t, http.MethodPost, "/subscriptions", fmt.Sprintf(`{"eventType":%q,"active":true}`, "deal.restore"))
		},
	}
}

func (h *registrar) Unsubscribe(t *testing.T, _ connectors.Subscription) {
	for _, s := range h.sim.AppSubscriptions() {
		if !strings.HasPrefix(s.EventType, ofOthers) {
			h.send(t, http.MethodDelete, "/subscriptions/"+s.ID, "")
		}
	}
	h.send(t, http.MethodDelete, "/settings", "")
}

func (h *registrar) Tell(t *testing.T) {
	h.Create(t, 1)
	h.clock.Advance(time.Second)
	if _, err := h.sim.Deliver(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (h *registrar) deliverTo(t *testing.T, address string) {
	t.Helper()
	h.send(t, http.MethodPut, "/settings", fmt.Sprintf(`{"targetUrl":%q,"throttling":{"maxConcurrentRequests":10}}`, address))
}

// send makes a request of somebody else who has the key, past the network and its faults.
func (h *registrar) send(t *testing.T, method, path, body string) {
	t.Helper()
	r := httptest.NewRequest(method, fmt.Sprint("/app-webhooks/2026-09/", hubspottest.AppID, path, "?hapikey=", ownersKey), strings.NewReader(body))
	w := httptest.NewRecorder()
	h.sim.Handler().ServeHTTP(w, r)
	if w.Code/100 != 2 {
		t.Fatalf("%s %s: got %d: %s", method, path, w.Code, w.Body)
	}
}

func TestRegistrar(t *testing.T) {
	connectortest.Registrar(t, func(t *testing.T) connectortest.RegistrarHarness { return newRegistrar(t) })
}
