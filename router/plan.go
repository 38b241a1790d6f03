package router

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// job is the delivery of one dirty entity: what has to be written and what became of it.
type job struct {
	mark   ledger.Dirty
	wants  []connectors.Want
	shut   []ledger.Link
	why    string // comment left on what is shut
	settle ledger.Settlement
	left   int   // calls without an answer
	err    error // the failure that decides
	held   error // why closings were held back
	again  bool  // go round once more: an object was gone

	created, updated, closedItems int
}

// difference is what separates what a target shows of an entity from what it should show.
type difference struct {
	doubt      time.Time // since when a call is in doubt; zero = none is
	wants      []connectors.Want
	shut       []ledger.Link
	lost       []ledger.Link // announced once, in doubt since, and no longer wanted
	unresolved []string      // references to records that are not in the ledger yet
	gone       bool          // the entity is no more
	why        string        // with gone and shut: a sentence for people
}

// compare computes the difference for one entity in one snapshot of the ledger. It is what delivery writes and what
// `millrace plan` prints.
func compare(rules *work.Rules, snap *ledger.Snap, target, id string) (difference, error) {
	var diff difference
	e, err := snap.Subject(id)
	if err != nil {
		return diff, err
	}
	var items []connectors.Item
	if e == nil { // deleted, or merged into another
		diff.gone = true
	} else if items, diff.unresolved, err = rules.Items(snap, e); err != nil {
		return diff, &ruleError{err}
	}
	links, err := snap.Links(target, id)
	if err != nil {
		return diff, err
	}
	known := map[string]*ledger.Link{}
	for i := range links {
		known[links[i].Key] = &links[i]
		if k := &links[i]; k.InDoubt && (diff.doubt.IsZero() || k.Since.Before(diff.doubt)) {
			diff.doubt = k.Since
		}
	}
	for _, item := range items {
		k := known[item.Key]
		delete(known, item.Key)
		w, changed, err := want(item, k)
		if err != nil {
			return diff, err
		}
		if changed {
			diff.wants = append(diff.wants, w)
		}
	}
	for i := range links {
		switch k := known[links[i].Key]; {
		case k == nil:
		case k.Link == "" && k.InDoubt:
			diff.lost = append(diff.lost, *k)
		case k.Link != "" && (!k.Closed || k.InDoubt):
			diff.shut = append(diff.shut, *k)
		}
	}
	if diff.gone && len(diff.shut) > 0 {
		diff.why, err = goneWhy(rules, snap, id)
	}
	return diff, err
}

// want returns how the item is to be written, and false when the target shows it already.
func want(item connectors.Item, k *ledger.Link) (connectors.Want, bool, error) {
	w := connectors.Want{Item: item}
	if k == nil {
		return w, true, nil
	}
	w.Link, w.Last, w.InDoubt, w.Since, w.Sought = k.Link, k.Item, k.InDoubt && k.Link == "", k.Since, k.Projects
	if k.InDoubt { // a call was begun and nobody knows how far it came: what was last written may not be there any more
		w.Last = nil
		return w, true, nil
	}
	if k.Closed && w.Last != nil { // completed when it was no longer wanted: open it again
		last := *w.Last
		last.Completed = true
		w.Last = &last
		return w, true, nil
	}
	hash, err := ledger.HashItem(item)
	return w, err != nil || k.Item == nil || hash != k.Hash, err
}

// plan takes entities from the queue until soft ends, and hands calls to the senders.
func (d *deliverer) plan(soft, hard context.Context) {
	var open unit // a batch being filled
	for {
		ids := d.queue.take(chunk)
		if len(ids) == 0 {
			if !d.flush(soft, &open) {
				return
			}
			select {
			case <-soft.Done():
				return
			case <-d.queue.wake:
				continue
			}
		}
		if d.health.wait(soft, d.r.now) != nil || d.r.store.wait(soft, d.r.now) != nil {
			return
		}
		jobs, err := d.prepare(soft, ids)
		if err != nil {
			for _, id := range ids {
				d.queue.release(id, false)
			}
			if soft.Err() != nil {
				return
			}
			d.r.log.Error("plan items", "target", d.target.Name, "error", err)
			d.note(err)
			d.rescan()
			continue
		}
		if !d.dispatch(soft, hard, jobs, &open) {
			return
		}
	}
}

// prepare plans a chunk of entities and announces what they create.
func (d *deliverer) prepare(ctx context.Context, ids []string) ([]*job, error) {
	jobs, err := d.planAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	found, err := d.adopt(ctx, jobs)
	for err == nil && found {
		again := make([]string, len(jobs))
		for i, j := range jobs {
			again[i] = j.settle.Entity
		}
		if jobs, err = d.planAll(ctx, again); err == nil {
			found, err = d.adopt(ctx, jobs)
		}
	}
	if err != nil {
		return nil, err
	}
	for _, j := range jobs { // once for each job: what is admitted counts as closed
		if err := d.hold(ctx, j); err != nil {
			return nil, err
		}
		j.left = len(j.wants) + len(j.shut)
	}
	return jobs, d.announce(ctx, jobs)
}

// planAll compares a chunk of entities in one snapshot. Entities without a due mark are released at once.
func (d *deliverer) planAll(ctx context.Context, ids []string) ([]*job, error) {
	var jobs []*job
	var idle []string
	err := d.r.o.Ledger.Snapshot(ctx, func(snap *ledger.Snap) error {
		jobs, idle = jobs[:0], idle[:0]
		for _, id := range ids {
			j, err := d.planOne(snap, id)
			if err != nil {
				return err
			}
			if j == nil {
				idle = append(idle, id)
			} else {
				jobs = append(jobs, j)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range idle {
		d.queue.release(id, false)
	}
	return jobs, nil
}

// planOne compares one entity; nil when there is nothing to do now.
func (d *deliverer) planOne(snap *ledger.Snap, id string) (*job, error) {
	mark, err := snap.Mark(d.target.Name, id)
	if err != nil || mark == nil || !mark.Due(d.r.now()) {
		return nil, err
	}
	if d.r.gathering(canonical.KindOfID(id)) {
		return nil, nil
	}
	j := &job{mark: *mark, settle: ledger.Settlement{Entity: id, Generation: mark.Generation}}
	diff, err := compare(d.r.o.Rules, snap, d.target.Name, id)
	var broken *ruleError
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled), errors.Is(err, kv.ErrClosed), errors.Is(err, kv.ErrUnavailable):
		return nil, err // the ledger stops answering, whoever asked it
	case errors.As(err, &broken):
		j.err = &connectors.Error{Kind: connectors.Rejected, Op: "apply work rules", Err: err}
		return j, nil
	case errors.Is(err, kv.ErrDamaged): // one row, not a reason to hold its neighbours back
		j.err = &connectors.Error{Kind: connectors.Rejected, Op: "read entity", Err: err}
		return j, nil
	default:
		return nil, err
	}
	if d.r.tooEarly(diff.unresolved) || d.r.mayLand(diff.doubt) {
		return nil, nil
	}
	j.wants, j.shut = diff.wants, diff.shut
	if d.target.Finder != nil {
		j.shut = append(j.shut, diff.lost...)
	}
	j.why = diff.why
	return j, nil
}

// goneWhy tells people why an entity's items are closed and, after a merge, under which title the work goes on.
func goneWhy(rules *work.Rules, snap *ledger.Snap, id string) (string, error) {
	const what = "The record behind this was "
	now, err := snap.Current(id)
	if err != nil || now == "" || now == id {
		return what + "deleted.", err
	}
	e, err := snap.Subject(now)
	if err != nil || e == nil {
		return what + "merged into another one, which is deleted too.", err
	}
	items, _, err := rules.Items(snap, e)
	if err != nil || len(items) == 0 { // a rule that fails is the other entity's dead letter
		return what + "merged into another one.", nil
	}
	return what + "merged into " + items[0].Title + ".", nil
}

// ruleError is a work rule that fails for one entity: a dead letter, not a reason to stop.
type ruleError struct{ err error }

func (e *ruleError) Error() string { return e.err.Error() }
func (e *ruleError) Unwrap() error { return e.err }

// hold keeps a job from closing more than the run may (invariant 6).
func (d *deliverer) hold(ctx context.Context, j *job) error {
	if err := d.guard.admit(ctx, j.settle.Entity, int64(len(j.shut))); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		j.shut, j.held = nil, err
	}
	return nil
}

// announce makes durable what is about to be written, before anything is. A creation in doubt is looked up before it is
// repeated (invariant 4), and a change or a closing in doubt is compared with the object: the entity may go back to what
// was last written before the change is tried again, and then no difference to it would tell that something is left.
func (d *deliverer) announce(ctx context.Context, jobs []*job) error {
	var intents []ledger.Intent
	for _, j := range jobs {
		about := func(key string, item *connectors.Item) {
			in := ledger.Intent{Entity: j.settle.Entity, Key: key}
			if item != nil {
				in.Project = item.Project
			}
			intents = append(intents, in)
		}
		for i := range j.wants {
			w := &j.wants[i]
			if w.Last != nil && w.Last.Project != w.Item.Project {
				about(w.Item.Key, w.Last)
			}
			about(w.Item.Key, &w.Item)
		}
		for i := range j.shut {
			about(j.shut[i].Key, j.shut[i].Item)
		}
	}
	if len(intents) == 0 {
		return nil
	}
	return d.r.o.Ledger.Intend(ctx, d.target.Name, intents)
}

// suspect is after how many failures an item is written by itself: it may be what fails the batches it is in, and the
// others in them must not become dead letters with it.
const suspect = 2

// dispatch turns jobs into calls. Jobs without a call are settled through the recorder like the others.
func (d *deliverer) dispatch(soft, hard context.Context, jobs []*job, open *unit) bool {
	var settled []*job
	for _, j := range jobs {
		if j.left == 0 {
			settled = append(settled, j)
			continue
		}
		for i := range j.shut {
			if !d.put(soft, unit{jobs: []*job{j}, shut: &j.shut[i], comment: j.why}) {
				return false
			}
		}
		for _, w := range j.wants {
			if !d.fill(soft, j, w, open) {
				return false
			}
		}
	}
	if len(settled) > 0 {
		d.settle(hard, settled)
	}
	return true
}

// fill adds an item to the batch being filled and sends a full one. An item that has failed goes by itself.
func (d *deliverer) fill(ctx context.Context, j *job, w connectors.Want, open *unit) bool {
	if j.mark.Attempts >= suspect {
		return d.put(ctx, unit{jobs: []*job{j}, wants: []connectors.Want{w}})
	}
	open.jobs, open.wants = append(open.jobs, j), append(open.wants, w)
	return len(open.wants) < d.batch || d.flush(ctx, open)
}

// flush sends a batch that was being filled.
func (d *deliverer) flush(ctx context.Context, open *unit) bool {
	if len(open.wants) == 0 {
		return true
	}
	u := *open
	*open = unit{}
	return d.put(ctx, u)
}

func (d *deliverer) put(ctx context.Context, u unit) bool {
	select {
	case d.ready <- u:
		return true
	case <-ctx.Done():
		return false
	}
}
