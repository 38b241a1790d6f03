package asanatest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestLostAnswerLeavesATask shows what a client does wrong that repeats a creation whose answer was lost, and that the
// simulator tells: Asana has no idempotency keys (https://github.com/Asana/node-asana/issues/283).
func TestLostAnswerLeavesATask(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	f := w.field("Hub ID", "text", "")["gid"].(string)
	plan := sandbox.NewPlan(1)
	if err := plan.Add(sandbox.Fault{Match: sandbox.Match{Method: "POST", Path: "/tasks$"}, Kind: sandbox.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	faulty := httptest.NewServer(sandbox.Wrap(w.srv.Handler(), sandbox.Options{Clock: w.clock, Plan: plan, State: w.srv.State}))
	defer faulty.Close()
	body := `{"data":{"name":"one","projects":["` + w.project + `"],"custom_fields":{"` + f + `":"c-1"}}}`
	post := func() (int, error) {
		r, err := http.NewRequest("POST", faulty.URL+"/api/1.0/tasks", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		return resp.StatusCode, nil
	}
	if _, err := post(); err == nil {
		t.Fatal("the answer came although the plan loses it")
	}
	if status, err := post(); err != nil || status != 201 {
		t.Fatalf("got %d %v, want 201", status, err)
	}
	if got := w.srv.Duplicates("Hub ID"); len(got) != 1 || len(got[0]) != 2 {
		t.Errorf("got %+v, want one pair", got)
	}
}
