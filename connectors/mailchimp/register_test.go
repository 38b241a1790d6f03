package mailchimp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// registrar is an account of two audiences at which webhooks are registered.
type registrar struct{ *harness }

func newRegistrar(t *testing.T, unsigned bool) *registrar {
	h := &registrar{newHarness(t, func(o *mailchimptest.Options) { o.UnsignedWebhooks = unsigned })}
	h.sim.CreateList("Trade")
	return h
}

// Crowd is 1: each audience is a page.
func (h *registrar) Crowd() int { return 1 }

func (h *registrar) Subscribes() sandbox.Match {
	return sandbox.Match{Method: http.MethodPost, Path: "/webhooks$"}
}

func (h *registrar) Unread() []any { return []any{"streams", []string{"lists"}} }

func (h *registrar) Subscriptions(*testing.T) map[string]string {
	all := map[string]string{}
	for _, w := range h.sim.Webhooks() {
		slices.Sort(w.Events)
		slices.Sort(w.Sources)
		all[w.ID] = fmt.Sprintf("%+v", w)
	}
	return all
}

func (h *registrar) Stranger(t *testing.T, like connectors.Subscription) string {
	u, err := url.Parse(like.URL)
	must(t, err)
	return h.sim.Subscribe(mailchimptest.Webhook{List: like.Of, URL: "https://elsewhere.example" + u.Path, Events: like.Events})
}

func (h *registrar) ByHand() map[string]func(*testing.T, connectors.Subscription) {
	set := func(change func(connectors.Subscription) string) func(*testing.T, connectors.Subscription) {
		return func(t *testing.T, have connectors.Subscription) {
			h.send(t, http.MethodPatch, "/3.0/lists/"+have.Of+"/webhooks/"+have.ID, change(have))
		}
	}
	return map[string]func(*testing.T, connectors.Subscription){
		"fewer events":  set(func(connectors.Subscription) string { return `{"events":{"cleaned":true}}` }),
		"fewer sources": set(func(connectors.Subscription) string { return `{"sources":{"user":true,"admin":true}}` }),
		// The address is asked for, so that it must be one that answers.
		"other address": set(func(have connectors.Subscription) string {
			return fmt.Sprintf(`{"url":%q}`, strings.Replace(have.URL, have.Of+"/", "", 1))
		}),
	}
}

func (h *registrar) Unsubscribe(_ *testing.T, have connectors.Subscription) {
	h.sim.Unsubscribe(have.ID)
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
	req.SetBasicAuth("any", testKey)
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	h.sim.Handler().ServeHTTP(answer, req)
	if answer.Code/100 != 2 {
		t.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
	}
}

// TestRegistrar runs with accounts that sign and with those that do not yet.
func TestRegistrar(t *testing.T) {
	for name, unsigned := range map[string]bool{"signed": false, "unsigned": true} {
		t.Run(name, func(t *testing.T) {
			connectortest.Registrar(t, func(t *testing.T) connectortest.RegistrarHarness { return newRegistrar(t, unsigned) })
		})
	}
}
