package asana_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// TestCallsForNTasks: N new tasks cost N actions and a constant, whatever N is, in N/5 requests; the same tasks unchanged
// cost nothing; one changed field costs one action.
func TestCallsForNTasks(t *testing.T) {
	const constant = 25 // names of one project: 5 reads, 17 creations and attachments, a user, a look at the result
	for name, oauth := range map[string]bool{"external id": true, "custom field": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, oauth, nil)
			target := open(t, w)
			const n = 200
			links := map[int]connectors.Link{}
			for i := 0; i < n; i += target.MaxBatch() {
				var wants []connectors.Want
				for k := range target.MaxBatch() {
					wants = append(wants, connectors.Want{Item: deal(i + k)})
				}
				for k, r := range target.UpsertBatch(context.Background(), wants) {
					if r.Err != nil {
						t.Fatal(r.Err)
					}
					links[i+k] = r.Link
				}
			}
			if got, most := w.log.Totals().Requests, n/target.MaxBatch()+constant; got > most {
				t.Errorf("%d new tasks: got %d requests, want at most %d: %+v", n, got, most, w.log.Counts())
			}
			w.log.Reset()
			for i := range n {
				last := deal(i)
				upsert(t, target, connectors.Want{Item: last, Link: links[i], Last: &last})
			}
			if got := w.log.Totals().Requests; got != 0 {
				t.Errorf("unchanged tasks: got %d requests, want 0", got)
			}
			last, now := deal(1), deal(1)
			now.Title = "Acme – bigger order"
			upsert(t, open(t, w), connectors.Want{Item: now, Link: links[1], Last: &last}) // a fresh process knows no names
			if got := w.log.Totals().Requests; got != 1 {
				t.Errorf("a changed title: got %d requests, want 1: %+v", got, w.log.Counts())
			}
		})
	}
}

// TestCallsForAnOnboardingProject: a project of its own with three sections and six tasks that are made once costs what the
// README says, on each plan. A batch weighs its actions.
func TestCallsForAnOnboardingProject(t *testing.T) {
	for name, plan := range map[string]struct {
		oauth  bool
		front  func(http.Handler) http.Handler
		budget int
	}{"external id": {true, nil, 21}, "custom field": {false, nil, 19}, "free plan": {false, freePlan, 17}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, plan.oauth, plan.front)
			units := 0
			target := w.connect(t, time.Now, func(r *http.Request) { units += asana.Connector.Spec.Cost(r).Weight })
			start := func(customer string) (cost int) {
				before := units
				project := "Onboarding – " + customer
				if _, _, err := target.(connectors.Lister).List(context.Background(), project, time.Time{}, ""); err != nil { // as delivery does
					t.Fatal(err)
				}
				var wants []connectors.Want
				for _, task := range []string{"hand-over", "kick-off", "set-up", "training", "go-live", "review"} {
					wants = append(wants, connectors.Want{InDoubt: true, Item: connectors.Item{Key: "onboarding." + task + "/deal_" + customer, Project: project,
						Section: "Set-up", Sections: []string{"Hand-over", "Set-up", "Go-live"}, Title: task, Due: "2026-12-01", Once: true}})
				}
				for batch := range slices.Chunk(wants, target.MaxBatch()) {
					for _, r := range target.UpsertBatch(context.Background(), batch) {
						if r.Err != nil {
							t.Fatal(r.Err)
						}
					}
				}
				return units - before
			}
			start("Acme") // which meets the account
			if cost := start("Corp"); cost > plan.budget {
				t.Errorf("a project costs %d units, want at most %d: %+v", cost, plan.budget, w.log.Counts())
			}
		})
	}
}

// TestBatchWeight: a batch weighs its actions, and Cost learns that without touching the body.
func TestBatchWeight(t *testing.T) {
	var mu sync.Mutex
	weights := map[string]int{}
	w := newWorld(t, true, nil)
	target := w.connect(t, time.Now, func(r *http.Request) {
		mu.Lock()
		weights[r.Method+" "+r.URL.Path] = asana.Connector.Spec.Cost(r).Weight
		mu.Unlock()
	})
	for _, r := range target.UpsertBatch(context.Background(), []connectors.Want{{Item: deal(1)}, {Item: deal(2)}, {Item: deal(3)}}) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if got := weights["POST /api/1.0/batch"]; got != 3 {
		t.Errorf("a batch of 3: got the weight %d, want 3", got)
	}
	if got := weights["POST /api/1.0/projects"]; got != 1 {
		t.Errorf("a single request: got the weight %d, want 1", got)
	}
}

// connect opens the connection with a clock of ours that is not the vendor's, and shows every request to see.
func (w *world) connect(t *testing.T, now func() time.Time, see func(*http.Request)) both {
	t.Helper()
	values, problems := asana.Connector.Spec.Parse(w.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		see(r)
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+w.token)
		return http.DefaultTransport.RoundTrip(r)
	})}
	opened, err := asana.Connector.Open(connectors.Env{Connection: "pm", Settings: values, HTTP: client, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(both)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCostNamesDeclaredLimits(t *testing.T) {
	values, _ := asana.Connector.Spec.Parse(map[string]any{"requests_per_minute": 1500})
	declared := map[string]connectors.Limit{}
	for _, l := range asana.Connector.Spec.Limits(values) {
		declared[l.Name] = l
	}
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		cost := asana.Connector.Spec.Cost(httptest.NewRequest(method, "/tasks", nil))
		for _, name := range cost.Limits {
			if _, ok := declared[name]; !ok {
				t.Errorf("%s takes from %q, which is not declared", method, name)
			}
		}
		if cost.Weight != 1 {
			t.Errorf("%s: got the weight %d, want 1", method, cost.Weight)
		}
	}
	if got := declared["account"].Rate; got != 25 {
		t.Errorf("rate: got %v a second, want 25", got)
	}
	if got := declared["writes"].InFlight; got != 15 {
		t.Errorf("writes in flight: got %d, want 15", got)
	}
}

// TestThreeBatchesFitInFlight: three workers with full batches stay within the 15 writes Asana allows at once.
func TestThreeBatchesFitInFlight(t *testing.T) {
	w := newWorldWith(t, true, asanatest.Options{Limits: asanatest.Limits{Writes: 15, Reads: 50}, Latency: 20 * time.Millisecond}, nil)
	target := open(t, w)
	upsert(t, target, connectors.Want{Item: deal(999)})
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for round := range 4 {
				var wants []connectors.Want
				for k := range target.MaxBatch() {
					wants = append(wants, connectors.Want{Item: deal(worker*100 + round*10 + k)})
				}
				for _, r := range target.UpsertBatch(context.Background(), wants) {
					if r.Err != nil {
						t.Errorf("worker %d: %v", worker, r.Err)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := w.log.Totals().Limited; n != 0 {
		t.Errorf("got %d refusals, want 0", n)
	}
}
