package asana_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestDoubledTasksAreRetired: if a key is there twice all the same, the oldest goes on and the others point to it; nothing
// is deleted, whoever worked on it.
func TestDoubledTasksAreRetired(t *testing.T) {
	w := newWorld(t, false, nil)
	target, it := open(t, w), deal(1)
	since := w.clock.Now().Add(-time.Second)
	var links []connectors.Link
	for range 3 {
		links = append(links, upsert(t, target, connectors.Want{Item: it})) // three blind creations
		w.clock.Advance(time.Second)
	}
	for range 2 { // the second look must not comment again
		if got := upsert(t, open(t, w), connectors.Want{Item: it, InDoubt: true, Since: since}); got != links[0] {
			t.Fatalf("adopted %s, want the oldest, %s", got, links[0])
		}
	}
	for i, link := range links {
		task, ok := w.sim.Task(string(link))
		if !ok {
			t.Fatalf("task %d was deleted", i)
		}
		if i == 0 && (task.Completed || len(task.Comments) != 0) {
			t.Errorf("the oldest: got %+v, want it untouched", task)
		}
		if i > 0 && (!task.Completed || len(task.Comments) != 1 || !strings.Contains(task.Comments[0], string(links[0]))) {
			t.Errorf("task %d: got completed %v and comments %q, want it completed with one pointer", i, task.Completed, task.Comments)
		}
	}
}

// TestRecheckRetiresWhatCameLate: a request that takes effect after everybody looked for what it made is found later. The older
// task goes on, the other gives its key up; with one listing for all that is looked for, and none at all where Asana itself
// lets no two tasks carry one key.
func TestRecheckRetiresWhatCameLate(t *testing.T) {
	w := newWorld(t, false, nil)
	target := open(t, w)
	since := w.clock.Now().Add(-time.Second)
	var wants []connectors.Want
	var links []connectors.Link
	for i := range 3 {
		links = append(links, upsert(t, target, connectors.Want{Item: deal(i)}))
		w.clock.Advance(time.Second)
		if i > 0 {
			upsert(t, target, connectors.Want{Item: deal(i)})
		}
		wants = append(wants, connectors.Want{Item: connectors.Item{Key: deal(i).Key}, Since: since, Sought: []string{deal(i).Project}})
	}
	wants = append(wants, connectors.Want{Item: connectors.Item{Key: deal(9).Key}, Since: since, Sought: []string{deal(9).Project}})
	w.log.Reset()
	for i, r := range target.(connectors.Rechecker).Recheck(context.Background(), wants) {
		if want := append(links, "")[i]; r.Err != nil || r.Link != want {
			t.Errorf("item %d: got %q and %v, want the oldest, %q", i, r.Link, r.Err, want)
		}
	}
	if n := w.log.Count("GET", "/api/1.0/tasks"); n != 1 {
		t.Errorf("got %d listings, want 1: %+v", n, w.log.Counts())
	}
	if groups := w.sim.Duplicates("Hub ID"); len(groups) != 0 {
		t.Errorf("got %+v, want every key once", groups)
	}
	w = newWorld(t, true, nil)
	w.log.Reset()
	if r := open(t, w).(connectors.Rechecker).Recheck(context.Background(), wants); len(r) != len(wants) || w.log.Totals().Requests != 0 {
		t.Errorf("got %+v with %d requests, want nothing to be asked for external ids", r, w.log.Totals().Requests)
	}
}

// TestClocksApart: Asana's clock may be minutes behind ours, and the interrupted call's task must be found all the same.
func TestClocksApart(t *testing.T) {
	w := newWorld(t, false, nil)
	since := w.clock.Now()
	w.clock.SetSkew(-9 * time.Minute)
	link := upsert(t, open(t, w), connectors.Want{Item: deal(1)})
	if got := upsert(t, open(t, w), connectors.Want{Item: deal(1), InDoubt: true, Since: since}); got != link {
		t.Errorf("got %s, want the task of the interrupted call, %s", got, link)
	}
}

// TestDoubtSharesOneListing: a batch whose answer was lost is looked up with one listing, not one for each item.
func TestDoubtSharesOneListing(t *testing.T) {
	w := newWorld(t, false, nil)
	target := open(t, w)
	var wants []connectors.Want
	for i := range target.MaxBatch() {
		wants = append(wants, connectors.Want{Item: deal(i), InDoubt: true, Since: w.clock.Now().Add(-time.Minute)})
	}
	upsert(t, target, connectors.Want{Item: deal(99)})
	w.log.Reset()
	for i, r := range target.UpsertBatch(context.Background(), wants) {
		if r.Err != nil {
			t.Fatalf("item %d: %v", i, r.Err)
		}
	}
	if reads, writes := w.log.Count("GET", ""), w.log.Count("POST", ""); reads != 1 || writes != 1 {
		t.Errorf("got %d reads and %d writes, want 1 and 1: %+v", reads, writes, w.log.Counts())
	}
}

// TestBatchRefusedAsAWhole: Asana may have run some actions of a batch it answers with 429. Every item is in doubt.
func TestBatchRefusedAsAWhole(t *testing.T) {
	for name, oauth := range map[string]bool{"external id": true, "custom field": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, oauth, asanatest.Options{BatchLeaksOnLimit: true,
				Limits: asanatest.Limits{PerSecond: 50, Burst: 30}}, nil)
			target := open(t, w)
			upsert(t, target, connectors.Want{Item: deal(99)})
			var wants []connectors.Want
			for i := range target.MaxBatch() {
				wants = append(wants, connectors.Want{Item: deal(i)})
			}
			since := w.clock.Now().Add(-time.Second)
			refused := false
			for n := 0; n < 20 && !refused; n++ { // until the bucket is empty enough to refuse a batch
				for i := range wants {
					wants[i].Item = deal(n*10 + i)
				}
				for _, r := range target.UpsertBatch(context.Background(), wants) {
					refused = refused || connectors.KindOf(r.Err) == connectors.Limited && connectors.After(r.Err) > 0
				}
			}
			if !refused {
				t.Fatal("no batch was refused")
			}
			for i := range wants {
				wants[i].InDoubt, wants[i].Since = true, since
			}
			settleAll(t, target, wants)
			for _, want := range wants {
				only(t, w, want.Item.Key)
			}
		})
	}
}

// settleAll repeats what was limited when Asana says, as the router does.
func settleAll(t *testing.T, target both, wants []connectors.Want) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for len(wants) > 0 {
		var left []connectors.Want
		var wait time.Duration
		for i, r := range target.UpsertBatch(context.Background(), wants) {
			if connectors.KindOf(r.Err) == connectors.Limited {
				left, wait = append(left, wants[i]), max(wait, connectors.After(r.Err))
			} else if r.Err != nil {
				t.Fatalf("%s: %v", wants[i].Item.Key, r.Err)
			}
		}
		if wants = left; time.Now().After(deadline) {
			t.Fatalf("%d items are still limited", len(left))
		}
		<-time.After(wait) // what Retry-After asks for
	}
}

// TestKilledAtAnyRequest: whatever request of a run over a fresh account loses its answer, repeating all of the run leaves
// each thing once.
func TestKilledAtAnyRequest(t *testing.T) {
	for _, oauth := range []bool{true, false} {
		for skip := 0; ; skip++ {
			w := newWorld(t, oauth, nil)
			since := w.clock.Now().Add(-time.Second)
			lost := sandbox.Fault{Match: sandbox.Match{Method: "POST"}, Kind: sandbox.Lost, Skip: skip, Times: 1}
			if err := w.plan.Add(lost); err != nil {
				t.Fatal(err)
			}
			wants := []connectors.Want{{Item: deal(1)}, {Item: deal(2)}}
			failed := false
			for _, r := range open(t, w).UpsertBatch(context.Background(), wants) {
				failed = failed || r.Err != nil
			}
			w.plan.Clear()
			for i := range wants {
				wants[i].InDoubt, wants[i].Since = true, since
			}
			for i, r := range open(t, w).UpsertBatch(context.Background(), wants) {
				if r.Err != nil {
					t.Fatalf("after losing request %d, item %d: %v", skip, i, r.Err)
				}
				checkDeal(t, w, i+1)
			}
			if _, sections := w.Projects(t, "Deals"); len(sections) != 4 {
				t.Errorf("after losing request %d: got the sections %q, want each once", skip, sections)
			}
			if !failed {
				break // fewer requests than skip: every one has been lost once
			}
		}
	}
}

// TestTwoProcessesMeetANewProject: the turn is for one process; two of them must end with one project all the same.
func TestTwoProcessesMeetANewProject(t *testing.T) {
	w := newWorld(t, true, nil)
	var wg sync.WaitGroup
	for i := range 4 {
		target := open(t, w)
		wg.Go(func() {
			if _, err := target.Upsert(context.Background(), connectors.Want{Item: deal(i)}); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range 4 {
		only(t, w, deal(i).Key)
	}
	if gids := w.projectGIDs("Deals"); len(gids) != 1 {
		t.Errorf("got %d projects, want 1", len(gids))
	}
	if _, sections := w.Projects(t, "Deals"); len(sections) != 4 {
		t.Errorf("got the sections %q, want each once", sections)
	}
	if f := w.field(t, "Stage"); len(f.Options) != 1 {
		t.Errorf("got the options %v, want one", f.Options)
	}
}

// TestWorkersOfOneProcessCreateOnce: the agreement between processes is for processes; workers of one must not even ask
// twice.
func TestWorkersOfOneProcessCreateOnce(t *testing.T) {
	w := newWorldWith(t, true, asanatest.Options{Latency: 2 * time.Millisecond}, nil)
	target := open(t, w)
	var wg sync.WaitGroup
	for i := range 15 {
		wg.Go(func() {
			if _, err := target.Upsert(context.Background(), connectors.Want{Item: deal(i)}); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	// 1 project, 3 sections, 4 fields, 4 attachments and the 15 tasks
	if n := w.log.Count("POST", ""); n != 1+3+4+4+15 {
		t.Errorf("got %d POST requests, want 27: %+v", n, w.log.Counts())
	}
}

// TestTakenExternalIDIsAdopted: with external ids even a caller who forgot that it is in doubt gets the task that is there.
func TestTakenExternalIDIsAdopted(t *testing.T) {
	w := newWorld(t, true, nil)
	first := upsert(t, open(t, w), connectors.Want{Item: deal(1)})
	if again := upsert(t, open(t, w), connectors.Want{Item: deal(1)}); again != first {
		t.Errorf("got %s, want the task that has the id, %s", again, first)
	}
	for i, r := range open(t, w).UpsertBatch(context.Background(), []connectors.Want{{Item: deal(1)}, {Item: deal(2)}}) {
		if r.Err != nil || i == 0 && r.Link != first {
			t.Errorf("item %d of a batch: got %s and %v", i, r.Link, r.Err)
		}
	}
	only(t, w, deal(1).Key)
}
