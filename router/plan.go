package router

import (
	"context"
	"errors"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// job is the delivery of one dirty entity: what has to be written and what became of it.
type job struct {
	mark     ledger.Dirty
	wants    []connectors.Want
	shut     []ledger.Link
	how      []connectors.Closing // of shut[i]
	seek     []ledger.Link        // may have been made, and is only to be looked for
	rechecks []ledger.Recheck     // looked for once more, and nothing else is done meanwhile
	merged   bool                 // the entity was merged into another, which is why it is shut
	erased   bool                 // what is shut is redacted
	settle   ledger.Settlement
	tellings map[string]*work.Telling // digests that wants leave, by item
	left     int                      // calls without an answer
	err      error                    // the failure that decides
	held     error                    // why closings were held back
	again    bool                     // go round once more: an object was gone

	created, updated, closedItems int
}

// planner takes entities from one lane of the queue and hands calls to the senders. Two of them may plan at the same time,
// as one plans while another's calls are under way: no entity is in two hands, and what they announce is compared with the
// ledger as it is then.
type planner struct {
	d    *deliverer
	lane lane
	open unit // a batch being filled
}

// run plans until soft ends.
func (p *planner) run(soft, hard context.Context) {
	d := p.d
	for {
		ids := d.queue.take(p.lane, chunk)
		if len(ids) == 0 {
			if !p.flush(soft) {
				return
			}
			select {
			case <-soft.Done():
				return
			case <-d.queue.wake[p.lane]:
				continue
			}
		}
		if d.health.wait(soft, d.r.now) != nil || d.r.store.wait(soft, d.r.now) != nil {
			return
		}
		jobs, err := p.prepare(soft, ids)
		if err != nil {
			if soft.Err() != nil {
				return
			}
			d.r.log.Error("plan items", "target", d.target.Name, "error", err)
			d.note(err)
			d.rescan()
			continue
		}
		if !p.dispatch(soft, hard, jobs) {
			return
		}
	}
}

// prepare plans a chunk of entities and announces what they create. When it fails, none of them is in hand any more.
func (p *planner) prepare(ctx context.Context, ids []string) (jobs []*job, err error) {
	d := p.d
	defer func() {
		if err != nil {
			d.queue.release(false, ids...)
		}
	}()
	for again := true; again; {
		linked := d.linked.Load()
		if jobs, err = d.planAll(ctx, ids, p.lane); err != nil {
			return nil, err
		}
		ids = ids[:0] // the others were released
		for _, j := range jobs {
			ids = append(ids, j.settle.Entity)
		}
		if again, err = d.adopt(ctx, jobs, linked); err != nil {
			return nil, err
		}
	}
	for _, j := range jobs { // once for each job: what is admitted counts as closed
		if err = d.hold(ctx, j); err != nil {
			return nil, err
		}
		j.left = len(j.wants) + len(j.shut) + len(j.seek) + len(j.rechecks)
	}
	return d.announce(ctx, jobs)
}

// planAll compares a chunk of entities in one snapshot. Entities without a due mark are released at once.
func (d *deliverer) planAll(ctx context.Context, ids []string, l lane) ([]*job, error) {
	var jobs []*job
	var idle []string
	err := d.r.o.Ledger.Snapshot(ctx, func(snap *ledger.Snap) error {
		jobs, idle = jobs[:0], idle[:0]
		for _, id := range ids {
			j, err := d.planOne(snap, id, l)
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
	d.queue.release(false, idle...)
	return jobs, nil
}

// planOne compares one entity; nil when there is nothing to do now.
func (d *deliverer) planOne(snap *ledger.Snap, id string, l lane) (*job, error) {
	mark, err := snap.Mark(d.target.Name, id)
	if err != nil || mark == nil || !mark.Due(d.r.now()) {
		return nil, err
	}
	if waits, err := d.gathers(snap, id, l); err != nil || waits {
		return nil, err
	}
	j, err := d.planRecheck(snap, mark)
	if err != nil || j != nil {
		return j, err
	}
	j = &job{mark: *mark, settle: ledger.Settlement{Entity: id, Generation: mark.Generation}}
	diff, err := compare(d.r.o.Rules, snap, d.target.Name, id)
	if err == nil && diff.waits && !diff.gone && d.target.Finder == nil {
		diff, err = compareNow(d.r.o.Rules, snap, d.target.Name, id) // only a write can find what is in doubt
	}
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
	return j, d.fillIn(j, &diff, snap)
}

// fillIn makes a difference a job.
func (d *deliverer) fillIn(j *job, diff *difference, snap *ledger.Snap) error {
	j.wants, j.shut, j.merged, j.erased = diff.wants, diff.shut, diff.into != nil, diff.erased
	j.settle.Wrote, j.settle.Told, j.settle.Next, j.tellings = diff.kept, diff.told, diff.next, diff.tellings
	j.seek = diff.sought
	if diff.waits {
		j.seek = diff.lost
	}
	if d.target.Finder == nil {
		for _, k := range j.seek { // nobody can look for it
			j.found(k, connectors.Result{})
		}
		j.seek = nil
	}
	switch {
	case diff.waits:
		j.settle.Quiet = true
	case d.target.Finder != nil:
		j.shut = append(j.shut, diff.lost...)
	}
	for _, k := range j.shut {
		how, err := d.closing(diff, snap, k)
		if err != nil {
			return err
		}
		j.how = append(j.how, how)
	}
	return nil
}

// hold keeps a job from closing more than the run may (invariant 6). Erasures are exempt: each is one person's wish, and a
// legal duty, never a fault of a source.
func (d *deliverer) hold(ctx context.Context, j *job) error {
	if j.erased {
		return nil
	}
	if err := d.guard.admit(ctx, j.settle.Entity, int64(len(j.shut))); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		j.shut, j.how, j.held = nil, nil, err
	}
	return nil
}

// suspect is after how many failures an item is written by itself: it may be what fails the batches it is in, and the
// others in them must not become dead letters with it.
const suspect = 2

// dispatch turns jobs into calls. Jobs without a call are settled through the recorder like the others.
func (p *planner) dispatch(soft, hard context.Context, jobs []*job) bool {
	if !p.sendRechecks(soft, jobs) {
		return false
	}
	var settled []*job
	for _, j := range jobs {
		if len(j.rechecks) > 0 { // it was sent, and is the recorder's now
			continue
		}
		if j.left == 0 {
			settled = append(settled, j)
			continue
		}
		for i := range j.shut {
			if !p.put(soft, unit{jobs: []*job{j}, shut: &j.shut[i], how: j.how[i], redact: j.erased}) {
				return false
			}
		}
		for i := range j.seek {
			if !p.put(soft, unit{jobs: []*job{j}, seek: &j.seek[i]}) {
				return false
			}
		}
		for _, w := range j.wants {
			if !p.fill(soft, j, w) {
				return false
			}
		}
	}
	if len(settled) > 0 {
		p.d.settle(hard, settled)
	}
	return true
}

// fill adds an item to the batch being filled and sends a full one. An item that has failed goes by itself.
func (p *planner) fill(ctx context.Context, j *job, w connectors.Want) bool {
	if j.mark.Attempts >= suspect {
		return p.put(ctx, unit{jobs: []*job{j}, wants: []connectors.Want{w}})
	}
	p.open.jobs, p.open.wants = append(p.open.jobs, j), append(p.open.wants, w)
	return len(p.open.wants) < p.d.batch || p.flush(ctx)
}

// flush sends a batch that was being filled.
func (p *planner) flush(ctx context.Context) bool {
	if len(p.open.wants) == 0 {
		return true
	}
	u := p.open
	p.open = unit{}
	return p.put(ctx, u)
}

func (p *planner) put(ctx context.Context, u unit) bool {
	select {
	case p.d.ready[p.lane] <- u:
		return true
	case <-ctx.Done():
		return false
	}
}
