package asanatest_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// sync asks for a resource's events and returns the answer and the token it carries.
func (w *world) sync(resource, token string) (answer, string) {
	path := "/events?resource=" + resource
	if token != "" {
		path += "&sync=" + token
	}
	a := w.get(path)
	next, _ := a.body["sync"].(string)
	return a, next
}

func TestEventsBeginWith412AndGoOn(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	first, token := w.sync(w.project, "")
	if first.status != 412 || token == "" {
		t.Fatalf("got %d %v, want 412 with a token", first.status, first.body)
	}
	id := w.add("one")
	w.ok(201, "POST", "/tasks/"+id+"/subtasks", `{"data":{"name":"child"}}`)
	a, next := w.sync(w.project, token)
	if a.status != 200 || a.body["has_more"] != false || len(a.body["data"].([]any)) < 3 {
		t.Fatalf("got %d %v, want the task's and the subtask's events", a.status, a.body)
	}
	event := a.body["data"].([]any)[0].(map[string]any)
	if event["action"] != "added" || event["type"] != "task" || event["resource"].(map[string]any)["name"] != "one" {
		t.Errorf("got first event %v, want the added task with its name", event)
	}
	if again, _ := w.sync(w.project, token); len(again.body["data"].([]any)) != len(a.body["data"].([]any)) {
		t.Error("the same token gave other events")
	}
	if a, _ := w.sync(w.project, next); len(a.body["data"].([]any)) != 0 {
		t.Errorf("got %v after everything was read, want nothing", a.body["data"])
	}
	if a, _ := w.sync(id, token); a.status != 412 {
		t.Errorf("a token of another resource: got %d, want 412", a.status)
	}
}

func TestEventsComeHundredAtATime(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	_, token := w.sync(w.project, "")
	const tasks = 120 // two events each
	for range tasks {
		w.srv.AddTask(w.sections[0], "x")
	}
	total := 0
	for more := true; more; {
		a, next := w.sync(w.project, token)
		n := len(a.body["data"].([]any))
		if n > 100 {
			t.Fatalf("got %d events, want 100 at most", n)
		}
		total, token, more = total+n, next, a.body["has_more"].(bool)
	}
	if total != 2*tasks {
		t.Errorf("got %d events, want %d", total, 2*tasks)
	}
}

func TestSyncTokensExpire(t *testing.T) {
	for name, expire := range map[string]func(*world){
		"after a day":  func(w *world) { w.clock.Advance(24 * time.Hour) },
		"under load":   func(w *world) { w.srv.ExpireSyncTokens() },
		"by overwrite": func(w *world) { w.add("1"); w.add("2"); w.add("3") },
	} {
		w := newWorld(t, asanatest.Options{Events: 4})
		_, token := w.sync(w.project, "")
		expire(w)
		a, fresh := w.sync(w.project, token)
		if a.status != 412 || fresh == "" {
			t.Errorf("%s: got %d, want 412 with a fresh token", name, a.status)
		}
		if a, _ := w.sync(w.project, fresh); a.status != 200 {
			t.Errorf("%s: the fresh token: got %d, want 200", name, a.status)
		}
	}
}
