package router

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// settleMost bounds how many entities are settled in one transaction, and with chunk how many items a crash leaves in
// doubt.
const settleMost = 128

// settleWait is how long a finished entity may wait for others to be settled with. A commit costs as much as ten
// entities; the mark that stays a little longer costs nothing.
const settleWait = 20 * time.Millisecond

// record takes finished calls and settles the entities that have no call left, as many in one transaction as come
// within settleWait.
func (d *deliverer) record(ctx context.Context) {
	timer := time.NewTimer(settleWait)
	defer timer.Stop()
	for u := range d.done {
		timer.Reset(settleWait)
		if jobs := d.gather(d.finish(nil, u), timer.C); len(jobs) > 0 {
			d.settle(ctx, jobs)
		}
	}
}

// gather adds the jobs that are completed until enough is fired or settleMost are together.
func (d *deliverer) gather(jobs []*job, enough <-chan time.Time) []*job {
	for len(jobs) < settleMost {
		select {
		case u, more := <-d.done:
			if !more {
				return jobs
			}
			jobs = d.finish(jobs, u)
		case <-enough:
			return jobs
		}
	}
	return jobs
}

// finish notes the results of a call on its jobs and appends the jobs that are complete.
func (d *deliverer) finish(jobs []*job, u unit) []*job {
	for i, j := range u.jobs {
		res := u.results[i]
		d.health.note(res.Err, d.r.now())
		switch {
		case u.shut != nil:
			before := j.closedItems
			j.closed(*u.shut, u.how, res)
			if j.closedItems == before && !j.erased {
				d.guard.giveBack(1)
			}
		case u.seek != nil:
			j.found(*u.seek, res)
		case len(u.rechecks) > 0:
			j.looked(u.rechecks[i], res)
		default:
			j.shown(u.wants[i], res, d.recheckAt(u.wants[i]))
		}
		if j.left--; j.left == 0 {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// shown notes the outcome of one item, and when to look for it again.
func (j *job) shown(w connectors.Want, res connectors.Result, recheck time.Time) {
	switch {
	case res.Err == nil:
		item, sought := w.Item, w.Sought
		if len(sought) == 0 {
			sought = []string{item.Project}
		}
		j.settle.Wrote = append(j.settle.Wrote, ledger.Link{Key: item.Key, Link: res.Link, Item: &item, Since: w.Since, Projects: sought, Recheck: recheck, Unsaid: w.Unsay})
		if t := j.tellings[w.Item.Key]; t != nil {
			j.settle.Told = append(j.settle.Told, ledger.ToldOn{Key: w.Item.Key, Telling: *t})
		}
		j.count(w)
	case connectors.KindOf(res.Err) == connectors.NotFound && w.Link != "":
		// A person deleted the object. The next round makes it again.
		j.settle.Gone = append(j.settle.Gone, w.Item.Key)
		j.again = true
	default:
		j.fail(res.Err)
	}
}

// closed notes the outcome of closing what is no longer wanted.
func (j *job) closed(k ledger.Link, how connectors.Closing, res connectors.Result) {
	if res.Err != nil && connectors.KindOf(res.Err) != connectors.NotFound {
		j.fail(res.Err)
		return
	}
	if j.erased { // of who was erased nothing is kept
		j.settle.Gone = append(j.settle.Gone, k.Key)
		j.closedItems++
		return
	}
	if res.Link == "" && k.Link == "" { // it was never made
		j.settle.Gone = append(j.settle.Gone, k.Key)
		return
	}
	if !k.Closed {
		j.closedItems++
		k.Merged = j.merged
	}
	k.Link, k.Closed, k.InDoubt = res.Link, true, false
	k.Unsaid = how.Unsay
	if how.Forget {
		k.Carries = []string{ledger.NoKey}
	}
	j.settle.Wrote = append(j.settle.Wrote, k)
}

// found notes what became of a creation in doubt that a merge waits for.
func (j *job) found(k ledger.Link, res connectors.Result) {
	switch {
	case res.Err != nil:
		j.fail(res.Err)
	case res.Link == "":
		j.settle.Gone = append(j.settle.Gone, k.Key)
	default:
		k.Link, k.InDoubt = res.Link, false
		j.settle.Wrote = append(j.settle.Wrote, k)
	}
}

// fail keeps the error that matters most: one that cannot heal by itself hides one that can.
func (j *job) fail(err error) {
	if j.err == nil || connectors.KindOf(err) == connectors.Rejected {
		j.err = err
	}
}

func (j *job) count(w connectors.Want) {
	if w.Link == "" {
		j.created++
	} else {
		j.updated++
	}
}

// settle writes what became of the jobs to the ledger and releases their entities.
func (d *deliverer) settle(ctx context.Context, jobs []*job) {
	list := make([]ledger.Settlement, len(jobs))
	for i, j := range jobs {
		d.judge(j)
		list[i] = j.settle
	}
	settled, err := d.r.o.Ledger.Settle(ctx, d.target.Name, list)
	if err != nil {
		// The objects exist and the ledger does not know it: the intents are still there, so the next round looks
		// them up before it creates anything (invariant 4).
		d.r.log.Error("settle items", "target", d.target.Name, "error", err)
	}
	d.note(err)
	for _, j := range jobs {
		d.r.o.Metrics.delivered(d.target.Name, j)
		d.r.tally.items(j)
		d.queue.release(j.again && err == nil, j.settle.Entity)
	}
	if settled.Kept > 0 || settled.Later > 0 || settled.Moved > 0 || err != nil {
		d.rescan()
	}
	d.r.progressed()
}

// note takes the outcome of working with the ledger, or an error of the target on the way.
func (d *deliverer) note(err error) {
	if err == nil || storeFailed(err) {
		d.r.store.note(err, d.r.now())
		return
	}
	d.health.note(err, d.r.now())
}

// judge decides what a failure means for the dirty mark.
func (d *deliverer) judge(j *job) {
	switch {
	case j.err == nil && j.held != nil:
		j.settle.Retry = ledger.Retry{Error: j.held.Error(), NotBefore: d.r.now().Add(maxWait)}
		return
	case j.err == nil && j.again:
		j.settle.Generation = 0 // the mark stays: the entity goes round once more
		return
	case j.err == nil:
		d.health.forget(j.settle.Entity)
		return
	}
	kind, tries := connectors.KindOf(j.err), j.mark.Attempts+1
	var giveUp bool
	switch kind {
	case connectors.Rejected, connectors.Gone:
		giveUp = true
	case connectors.Limited, connectors.Denied: // says nothing about the item
	default:
		giveUp = d.health.hopeless(j.settle.Entity, tries, d.r.o.Attempts, d.r.now())
	}
	switch {
	case giveUp:
		d.health.forget(j.settle.Entity)
		j.settle.Reject = fmt.Sprintf("%s: %v", d.target.Name, j.err)
		d.r.log.Error("item rejected; see `millrace dead list`", "target", d.target.Name, "customer", j.settle.Entity, "tries", tries, "error", j.err)
	default:
		j.settle.Retry = ledger.Retry{Error: j.err.Error(), NotBefore: d.r.now().Add(waitFor(tries, j.err))}
	}
}
