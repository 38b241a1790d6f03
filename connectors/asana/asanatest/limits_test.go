package asanatest_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

func TestRateLimitIsPerTokenAndRefusedCallsCount(t *testing.T) {
	w := newWorld(t, asanatest.Options{Limits: asanatest.Limits{PerSecond: 0.01, Burst: 5}})
	for i := range 5 {
		if got := w.get("/users/me").status; got != 200 {
			t.Fatalf("request %d: got %d, want 200", i, got)
		}
	}
	wait := func() int {
		a := w.get("/users/me")
		n, err := strconv.Atoi(a.header.Get("Retry-After"))
		if a.status != 429 || err != nil || n < 1 {
			t.Fatalf("got %d with Retry-After %q, want 429 and whole seconds", a.status, a.header.Get("Retry-After"))
		}
		return n
	}
	if first, second := wait(), wait(); second <= first {
		t.Errorf("got Retry-After %d and then %d, want hammering to make it longer", first, second)
	}
	w.asApp("hub")
	if got := w.get("/users/me").status; got != 200 {
		t.Errorf("another token: got %d, want 200", got)
	}
}

func TestConcurrencyLimitCountsWritesApart(t *testing.T) {
	w := newWorld(t, asanatest.Options{Latency: 200 * time.Millisecond, Limits: asanatest.Limits{Reads: 50, Writes: 2}})
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 5 {
		all.Go(func() {
			status := w.post("/tasks", `{"data":{"projects":["`+w.project+`"]}}`).status
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
		all.Go(func() {
			if status := w.get("/users/me").status; status != 200 {
				t.Errorf("a read beside writes: got %d, want 200", status)
			}
		})
	}
	all.Wait()
	if got[201] < 2 || got[429] == 0 || got[201]+got[429] != 5 || w.srv.Count() != got[201] {
		t.Errorf("got statuses %v and %d tasks, want two at a time and the rest refused", got, w.srv.Count())
	}
}

// actions is a batch that creates n tasks.
func (w *world) actions(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"method":"post","relative_path":"/tasks","data":{"name":"%d","projects":["%s"]},"options":{"fields":["name"]}}`, i, w.project))
	}
	return `{"data":{"actions":[` + strings.Join(list, ",") + `]}}`
}

func TestBatchAnswersInOrder(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	a := w.post("/batch", w.actions(10))
	data := a.body["data"].([]any)
	if a.status != 200 || len(data) != 10 {
		t.Fatalf("got %d with %d results, want 200 with 10", a.status, len(data))
	}
	for i, x := range data {
		r := x.(map[string]any)
		if name := r["body"].(map[string]any)["data"].(map[string]any)["name"]; r["status_code"] != 201.0 || name != strconv.Itoa(i) {
			t.Errorf("result %d: got %v %v, want 201 and its own name", i, r["status_code"], name)
		}
	}
}

func TestBatchIs200WhenEverythingFails(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	a := w.post("/batch", `{"data":{"actions":[{"method":"get","relative_path":"/tasks/1"},{"method":"post","relative_path":"/batch","data":{}},
		{"method":"get","relative_path":"/tasks?project=1"},{"method":"get","relative_path":"/tasks","data":{"project":"`+w.project+`"},"options":{"limit":1}}]}}`)
	want := []float64{404, 400, 400, 200}
	if a.status != 200 {
		t.Fatalf("got %d, want 200", a.status)
	}
	for i, x := range a.body["data"].([]any) {
		if got := x.(map[string]any)["status_code"]; got != want[i] {
			t.Errorf("action %d: got %v, want %v", i, got, want[i])
		}
	}
	w.refused(400, "POST", "/batch", `{"data":{"actions":[]}}`)
	w.refused(400, "POST", "/batch", w.actions(11))
}

func TestBatchCountsEachActionInBothLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits asanatest.Limits
		leaks  bool
		tasks  int
	}{
		{"rate", asanatest.Limits{PerSecond: 0.001, Burst: 9}, false, 0},
		{"concurrency", asanatest.Limits{Writes: 9}, false, 0},
		{"rate, some ran", asanatest.Limits{PerSecond: 0.001, Burst: 9}, true, 9},
		{"concurrency, some ran", asanatest.Limits{Writes: 4}, true, 4},
	} {
		w := newWorld(t, asanatest.Options{Limits: c.limits, BatchLeaksOnLimit: c.leaks})
		a := w.post("/batch", w.actions(10))
		if a.status != 429 || a.header.Get("Retry-After") == "" || w.srv.Count() != c.tasks {
			t.Errorf("%s: got %d and %d tasks, want 429 with Retry-After and %d", c.name, a.status, w.srv.Count(), c.tasks)
		}
	}
}
