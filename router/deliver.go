package router

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// A deliverer makes one target show what the ledger says. Its stages run at the same time, so that the target is
// never idle while the ledger commits:
//
//	queue -> plan (what should be shown, what is) -> announce the writes durably -> senders -> recorder (settle)
//
// What a vendor told of has a planner of its own, and its calls go before those that wait: however much a backfill brings,
// a webhook waits for no more than the calls that are under way.
//
// Everything in it may be lost at any instant: the dirty marks bring the work back.
type deliverer struct {
	r      *Router
	target TargetConn
	queue  *queue
	guard  *guard
	health targetHealth

	listing sync.Mutex   // held while a project is looked through
	adopted sync.Map     // projects that were
	linked  atomic.Int64 // links that were made by that
	batch   int          // items a call
	senders int          // items at the same time, and so the most calls
	slots   *semaphore.Weighted
	ready   [lanes]chan unit
	done    chan unit
	scan    chan struct{} // asks the loader to look through the dirty marks
}

// queueLimit bounds the ids in memory; the ledger has the rest.
const queueLimit = 10_000

// chunk is how many entities are planned and announced in one go: large enough that commits are few, small enough
// that a crash leaves few items in doubt.
const chunk = 100

// unit is one call to the target: some items to show, one link to close, or one object to look for.
type unit struct {
	jobs    []*job // of wants[i], or the one of shut or seek
	wants   []connectors.Want
	results []connectors.Result
	shut    *ledger.Link
	how     connectors.Closing // of shut
	redact  bool               // shut shows somebody who was erased
	seek    *ledger.Link
	// rechecks are looked for once more.
	rechecks []ledger.Recheck
}

func newDeliverer(r *Router, t TargetConn) *deliverer {
	d := &deliverer{r: r, target: t, queue: newQueue(queueLimit), batch: 1, scan: make(chan struct{}, 1)}
	if t.Batcher != nil {
		d.batch = max(1, t.Batcher.MaxBatch())
	}
	inFlight := t.InFlight
	if inFlight <= 0 {
		inFlight = defaultInFlight
	}
	d.batch = min(d.batch, inFlight)
	d.senders, d.slots = inFlight, semaphore.NewWeighted(int64(inFlight))
	calls := inFlight / d.batch // full ones, at the same time
	d.ready = [lanes]chan unit{make(chan unit, calls), make(chan unit, calls)}
	d.done = make(chan unit, 4*calls)
	d.guard = &guard{d: d}
	return d
}

// defaultInFlight is how many items are written at a time when the target names no limit.
const defaultInFlight = 4

// run delivers until soft ends. Calls that were begun are finished and settled under hard.
func (d *deliverer) run(soft, hard context.Context) {
	var senders, recorder, planners sync.WaitGroup
	recorder.Go(func() { d.record(hard) })
	for range d.senders {
		senders.Go(func() { d.send(soft, hard) })
	}
	var loader sync.WaitGroup
	loader.Go(func() { d.load(soft) })
	d.rescan()
	landed := time.AfterFunc(d.r.o.Late, d.rescan) // what was in doubt from before may be looked for
	defer landed.Stop()
	for l := range lanes {
		planners.Go(func() {
			p := planner{d: d, lane: l}
			p.run(soft, hard)
			close(d.ready[l])
		})
	}
	planners.Wait()
	senders.Wait()
	close(d.done)
	recorder.Wait()
	loader.Wait()
}

// yield is which call of a sender goes to the lane that may otherwise have to wait: a vendor that never stops telling must
// not keep a backfill from its end.
const yield = 4

// next returns a sender's next call, its n-th; false when none will come. A lane that has ended becomes nil.
func next(ready *[lanes]chan unit, n int) (u unit, more bool) {
	first := told
	if n%yield == 0 {
		first = found
	}
	for ready[told] != nil || ready[found] != nil {
		from := first
		select {
		case u, more = <-ready[first]:
		default:
			select {
			case u, more = <-ready[told]:
				from = told
			case u, more = <-ready[found]:
				from = found
			}
		}
		if more {
			return u, true
		}
		ready[from] = nil
	}
	return unit{}, false
}

// send makes the calls. What is still waiting when soft ends is dropped: it was announced, so after a restart it is
// looked up before it is made.
//
// A sender has the slots of a full batch before it takes a call, and gives back those that the call does not need: so small
// calls are made side by side, and whoever waits for slots holds no call back that others could make.
func (d *deliverer) send(soft, hard context.Context) {
	ready, full := d.ready, int64(d.batch)
	for n := 1; ; n++ {
		_ = d.slots.Acquire(context.Background(), full) // those who have them end with hard
		u, more := next(&ready, n)
		if !more {
			d.slots.Release(full)
			return
		}
		needs := min(full, int64(len(u.jobs)))
		d.slots.Release(full - needs)
		if d.health.wait(soft, d.r.now) == nil {
			begin := d.r.now()
			u.results = d.call(hard, u)
			d.r.o.Metrics.called(d.target.Name, len(u.results), d.r.now().Sub(begin))
			d.done <- u
		}
		d.slots.Release(needs)
	}
}

// call makes one call and returns one result for each item, whatever the target did: a panic, a missing result and a
// success without a link are failures, and what may have been made stays in doubt.
func (d *deliverer) call(ctx context.Context, u unit) []connectors.Result {
	results := make([]connectors.Result, 0, len(u.jobs))
	err := contain("write to "+d.target.Name, func() error {
		switch {
		case u.shut != nil:
			results = append(results, d.shut(ctx, u))
		case u.seek != nil:
			results = append(results, d.seek(ctx, u.seek))
		case len(u.rechecks) > 0:
			results = append(results, d.lookAgain(ctx, u.rechecks)...)
		case d.target.Batcher != nil && len(u.wants) > 1:
			results = append(results, d.target.Batcher.UpsertBatch(ctx, u.wants)...)
		default:
			for i := range u.wants {
				link, err := d.target.Target.Upsert(ctx, u.wants[i])
				results = append(results, connectors.Result{Link: link, Err: err})
			}
		}
		return nil
	})
	if err == nil && len(results) != len(u.jobs) {
		err = &connectors.Error{Kind: connectors.Temporary, Op: "write to " + d.target.Name,
			Reason: fmt.Sprintf("the connector returned %d results for %d items", len(results), len(u.jobs))}
		results = results[:0] // nobody knows whose they are
	}
	for len(results) < len(u.jobs) {
		results = append(results, connectors.Result{Err: err})
	}
	for i := range u.wants {
		if results[i].Err == nil && results[i].Link == "" {
			results[i].Err = &connectors.Error{Kind: connectors.Temporary, Op: "write to " + d.target.Name,
				Reason: "the connector returned no link"}
		}
	}
	return results
}

// shut closes one link. One in doubt is looked for first; it may never have been made.
func (d *deliverer) shut(ctx context.Context, u unit) connectors.Result {
	link := u.shut.Link
	if link == "" {
		found := d.seek(ctx, u.shut)
		if found.Err != nil || found.Link == "" {
			return found
		}
		link = found.Link
	}
	if u.redact {
		return connectors.Result{Link: link, Err: d.redact(ctx, link, u.shut)}
	}
	return connectors.Result{Link: link, Err: d.target.Target.Close(ctx, link, u.how)}
}

// seek looks for an object that may have been made; the result has no link when it was not.
func (d *deliverer) seek(ctx context.Context, k *ledger.Link) connectors.Result {
	link, err := d.target.Finder.Find(ctx, connectors.Want{Item: connectors.Item{Key: k.Key}, InDoubt: true, Since: k.Since, Sought: k.Projects})
	return connectors.Result{Link: link, Err: err}
}

// rescan asks for a look through all dirty marks.
func (d *deliverer) rescan() {
	signal(d.scan)
}

// sweepEvery is how often the dirty marks are looked through without a reason: nudges may be lost.
const sweepEvery = 30 * time.Second

// load fills the queue from the ledger: at the start, when the queue overflowed, when a wait ends, and now and then.
func (d *deliverer) load(ctx context.Context) {
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.scan:
		case <-timer.C:
		}
		wake := d.loadAll(ctx)
		timer.Reset(wake)
	}
}

// loadAll queues every due mark, waiting while the queue is full, and returns when to look again.
func (d *deliverer) loadAll(ctx context.Context) time.Duration {
	wake, after := sweepEvery, ""
	for ctx.Err() == nil {
		b, err := d.r.o.Ledger.Dirty(ctx, d.target.Name, after, chunk)
		if err != nil {
			d.r.log.Error("read dirty marks", "target", d.target.Name, "error", err)
			return time.Second
		}
		for _, m := range b.Due {
			if !d.offer(ctx, m.Entity) {
				return wake
			}
		}
		if !b.Wake.IsZero() {
			wake = min(wake, max(b.Wake.Sub(d.r.now()), 10*time.Millisecond))
		}
		if b.Next == "" {
			break
		}
		after = b.Next
	}
	if d.queue.takeMissed() {
		wake = min(wake, time.Second)
	}
	return wake
}

// offer queues an id, waiting for room; false means that ctx ended.
func (d *deliverer) offer(ctx context.Context, id string) bool {
	for !d.queue.add(id, found) {
		select {
		case <-ctx.Done():
			return false
		case <-d.queue.room:
		}
	}
	return true
}
