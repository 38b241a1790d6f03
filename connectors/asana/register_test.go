package asana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// registrar is a workspace with two projects that webhooks are wanted for, one that nobody made yet, and an address of somebody
// else's that takes every secret.
type registrar struct {
	*world
	section   string
	elsewhere string
	serial    int
}

func newRegistrar(t *testing.T, oauth bool) *registrar {
	h := &registrar{world: newWorld(t, oauth, nil)}
	_, sections := h.human.AddProject("Sales", "Open")
	h.human.AddProject("Support", "Open")
	h.section = sections[0]
	h.extra["webhook_projects"] = []string{"Sales", "Support", "Not there yet"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret := r.Header.Get("X-Hook-Secret"); secret != "" {
			w.Header().Set("X-Hook-Secret", secret)
		}
	}))
	t.Cleanup(server.Close)
	h.elsewhere = server.URL
	return h
}

func (h *registrar) Crowd() int { return 51 } // of each of two projects

func (h *registrar) Subscribes() sandbox.Match {
	return sandbox.Match{Method: http.MethodPost, Path: "/webhooks$"}
}

// Unread is nil: without projects there is an error that says so.
func (h *registrar) Unread() []any { return nil }

// Subscriptions leaves out what deliveries change.
func (h *registrar) Subscriptions(t *testing.T) map[string]string {
	all := map[string]string{}
	path := "/webhooks?limit=100&opt_fields=active,resource.gid,target,filters,created_at&workspace=" + h.sim.Workspace()
	for path != "" {
		var page struct {
			Data []json.RawMessage `json:"data"`
			Next *struct {
				Path string `json:"path"`
			} `json:"next_page"`
		}
		if err := json.Unmarshal(h.ask(t, http.MethodGet, path, nil), &page); err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Data {
			var o object
			if err := json.Unmarshal(one, &o); err != nil {
				t.Fatal(err)
			}
			all[o.GID] = string(one)
		}
		if path = ""; page.Next != nil {
			path = page.Next.Path
		}
	}
	return all
}

// Stranger makes one with the same sign-in, since Asana shows those alone. It refuses a second one of a project and an address.
func (h *registrar) Stranger(t *testing.T, like connectors.Subscription) string {
	u, err := url.Parse(like.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.serial++
	var made struct {
		Data object `json:"data"`
	}
	body := map[string]any{"resource": like.Of, "target": fmt.Sprintf("%s/%d%s", h.elsewhere, h.serial, u.Path),
		"filters": []any{map[string]any{"resource_type": "task", "action": "added"}}}
	if err := json.Unmarshal(h.ask(t, http.MethodPost, "/webhooks", body), &made); err != nil || made.Data.GID == "" {
		t.Fatalf("no webhook was made: %v", err)
	}
	return made.Data.GID
}

func (h *registrar) ByHand() map[string]func(*testing.T, connectors.Subscription) {
	return map[string]func(*testing.T, connectors.Subscription){
		"fewer events": func(t *testing.T, have connectors.Subscription) {
			h.ask(t, http.MethodPut, "/webhooks/"+have.ID, map[string]any{"filters": []any{map[string]any{"resource_type": "task", "action": "added"}}})
		},
		"fewer fields": func(t *testing.T, have connectors.Subscription) {
			h.ask(t, http.MethodPut, "/webhooks/"+have.ID, map[string]any{"filters": []any{map[string]any{"resource_type": "task", "action": "changed", "fields": []string{"name"}}}})
		},
	}
}

func (h *registrar) Unsubscribe(t *testing.T, have connectors.Subscription) {
	h.ask(t, http.MethodDelete, "/webhooks/"+have.ID, nil)
}

func (h *registrar) Tell(t *testing.T) {
	h.sim.AddTask(h.section, "Call Zoë")
	h.clock.Advance(time.Second)
	if _, err := h.sim.Deliver(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// ask makes a request of somebody else's program with the same sign-in.
func (h *registrar) ask(t *testing.T, method, path string, data map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, "http://sim/api/1.0"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", "application/json")
	answer := record(h.sim.Handler(), req)
	if answer.Code/100 != 2 {
		t.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

// TestRegistrar runs with a token and with an app's sign-in, of which each sees its own webhooks.
func TestRegistrar(t *testing.T) {
	for name, oauth := range map[string]bool{"token": false, "app": true} {
		t.Run(name, func(t *testing.T) {
			connectortest.Registrar(t, func(t *testing.T) connectortest.RegistrarHarness { return newRegistrar(t, oauth) })
		})
	}
}
