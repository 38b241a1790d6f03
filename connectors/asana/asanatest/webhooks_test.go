package asanatest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// receiver is a target that echoes the handshake and keeps deliveries.
type receiver struct {
	url    string
	mu     sync.Mutex
	secret string
	broken bool
	bodies [][]byte
	wrong  int // deliveries whose signature does not fit
	came   chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	v := &receiver{came: make(chan struct{}, 100)}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	v.url = s.URL + "/hook"
	return v
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if secret := r.Header.Get("X-Hook-Secret"); secret != "" {
		v.secret = secret
		w.Header().Set("X-Hook-Secret", secret)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Hook-Signature") != asanatest.Sign(v.secret, body) {
		v.wrong++
	}
	v.bodies = append(v.bodies, body)
	v.came <- struct{}{}
}

func (v *receiver) setBroken(b bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.broken = b
}

// take returns the events received since the last call and how many deliveries carried them.
func (v *receiver) take(t *testing.T) (events []map[string]any, deliveries int) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.wrong > 0 {
		t.Errorf("got %d deliveries with a wrong signature", v.wrong)
	}
	for _, b := range v.bodies {
		var x struct{ Events []map[string]any }
		if err := json.Unmarshal(b, &x); err != nil {
			t.Fatal(err)
		}
		events = append(events, x.Events...)
	}
	deliveries, v.bodies = len(v.bodies), nil
	return events, deliveries
}

func (w *world) deliver() asanatest.Delivered {
	w.t.Helper()
	sum, err := w.srv.Deliver(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return sum
}

func TestWebhookHandshakeHeartbeatAndDeliveries(t *testing.T) {
	w, v := newWorld(t, asanatest.Options{}), newReceiver(t)
	made := w.post("/webhooks", `{"data":{"resource":"`+w.project+`","target":"`+v.url+`"}}`)
	if made.status != 201 || made.body["X-Hook-Secret"] != v.secret || v.secret == "" {
		t.Fatalf("got %d %v, want 201 with the secret the target was told", made.status, made.body)
	}
	w.deliver()
	if events, n := v.take(t); n != 1 || len(events) != 0 {
		t.Errorf("got %d deliveries with %d events first, want one empty heartbeat", n, len(events))
	}
	id := w.add("one")
	if err := w.human.SetNotes(id, "changed"); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	events, _ := v.take(t)
	last := events[len(events)-1]
	if last["action"] != "changed" || last["resource"].(map[string]any)["gid"] != id || last["change"].(map[string]any)["field"] != "notes" {
		t.Errorf("got last event %v, want the change of notes", last)
	}
	if _, named := last["resource"].(map[string]any)["name"]; named {
		t.Error("got a name in an event; webhooks are compact")
	}
	if sum := w.deliver(); sum.Posts != 0 {
		t.Errorf("got %+v with nothing new, want no delivery", sum)
	}
	w.clock.Advance(8 * time.Hour)
	if sum := w.deliver(); sum.Posts != 1 || sum.Events != 0 {
		t.Errorf("got %+v after 8 hours, want a heartbeat", sum)
	}
}

func TestWebhookNeedsTheEcho(t *testing.T) {
	w, v := newWorld(t, asanatest.Options{}), newReceiver(t)
	v.setBroken(true)
	w.refused(400, "POST", "/webhooks", `{"data":{"resource":"`+w.project+`","target":"`+v.url+`"}}`)
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer silent.Close()
	w.refused(400, "POST", "/webhooks", `{"data":{"resource":"`+w.project+`","target":"`+silent.URL+`"}}`)
	if got := w.get("/webhooks?workspace=" + w.srv.Workspace()).list("gid"); len(got) != 0 {
		t.Errorf("got webhooks %v, want none", got)
	}
	strict := newWorld(t, asanatest.Options{RefuseLocalTargets: true})
	strict.refused(403, "POST", "/webhooks", `{"data":{"resource":"`+strict.project+`","target":"http://localhost:1/x"}}`)
}

func TestWebhookFiltersAndList(t *testing.T) {
	w, v := newWorld(t, asanatest.Options{}), newReceiver(t)
	body := `{"data":{"resource":"` + w.project + `","target":"` + v.url + `","filters":[{"resource_type":"task","action":"changed","fields":["completed"]}]}}`
	hook := w.ok(201, "POST", "/webhooks", body)["gid"].(string)
	w.refused(403, "POST", "/webhooks", body)
	w.refused(400, "POST", "/webhooks", `{"data":{"resource":"`+w.srv.Workspace()+`","target":"`+v.url+`"}}`)
	id := w.add("one")
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"name":"two","completed":true}}`)
	w.deliver()
	if events, _ := v.take(t); len(events) != 1 || events[0]["change"].(map[string]any)["field"] != "completed" {
		t.Errorf("got %v, want the completion only", events)
	}
	if got := w.get("/webhooks?limit=10&workspace=" + w.srv.Workspace()).list("gid"); !slices.Equal(got, []string{hook}) {
		t.Errorf("got webhooks %v, want %s", got, hook)
	}
	w.ok(200, "DELETE", "/webhooks/"+hook, "")
	w.refused(404, "GET", "/webhooks/"+hook, "")
	w.ok(200, "PUT", "/tasks/"+id, `{"data":{"completed":false}}`)
	if sum := w.deliver(); sum.Posts != 0 {
		t.Errorf("got %+v from a deleted webhook", sum)
	}
}

func TestFailingWebhookRetriesThenDies(t *testing.T) {
	w, v := newWorld(t, asanatest.Options{}), newReceiver(t)
	hook := w.ok(201, "POST", "/webhooks", `{"data":{"resource":"`+w.project+`","target":"`+v.url+`"}}`)["gid"].(string)
	w.deliver()
	v.take(t)
	v.setBroken(true)
	w.add("one")
	if sum := w.deliver(); sum.Failures != 1 {
		t.Fatalf("got %+v, want one failure", sum)
	}
	if got := w.ok(200, "GET", "/webhooks/"+hook, ""); got["delivery_retry_count"] != 1.0 || got["next_attempt_after"] == nil || got["failure_deletion_timestamp"] == nil {
		t.Errorf("got %v, want the failure shown", got)
	}
	if sum := w.deliver(); sum.Failures != 0 {
		t.Errorf("got %+v before the next attempt is due, want nothing tried", sum)
	}
	v.setBroken(false)
	w.clock.Advance(time.Minute)
	w.deliver()
	if events, _ := v.take(t); len(events) == 0 {
		t.Error("got no events after the target came back; they must be delivered late, not lost")
	}
	v.setBroken(true)
	w.add("two")
	for range 30 {
		w.deliver()
		w.clock.Advance(time.Hour)
	}
	w.refused(404, "GET", "/webhooks/"+hook, "")
}

func TestRunDeliversByItself(t *testing.T) {
	w, v := newWorld(t, asanatest.Options{}), newReceiver(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.srv.Run(ctx) }()
	w.ok(201, "POST", "/webhooks", `{"data":{"resource":"`+w.project+`","target":"`+v.url+`"}}`)
	w.add("one")
	deadline := time.After(10 * time.Second)
	for got := 0; got == 0; {
		select {
		case <-v.came:
			events, _ := v.take(t)
			got = len(events)
		case <-deadline:
			t.Fatal("no event within 10 s")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v from Run, want nil", err)
	}
}
