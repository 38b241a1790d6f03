package router

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// A call of a process that was killed is waited for before its object is looked for (mayLand), and one that was given up is
// looked for at once. Neither knows how long a vendor, or a proxy before it, sits on a request: one that takes effect after
// the look makes a second object. So what was made in doubt is looked for once more, when nothing can be under way any
// more (invariant 4).
const defaultRecheck = 2 * time.Minute

// recheckAt returns when the object of a want is to be looked for again, zero for never.
func (d *deliverer) recheckAt(w connectors.Want) time.Time {
	if d.target.Rechecker == nil || !w.InDoubt || w.Link != "" || w.Since.IsZero() {
		return time.Time{}
	}
	return d.r.now().Add(d.r.o.Recheck)
}

// recheck marks what is to be looked for again.
func (r *Router) recheck(ctx context.Context) (done bool, err error) {
	for name, d := range r.targets {
		if d.target.Rechecker == nil {
			continue
		}
		marked, err := r.o.Ledger.Recheck(ctx, name)
		if err != nil {
			return false, err
		}
		if marked {
			d.rescan()
		}
	}
	return true, nil
}

// planRecheck returns a job that only looks for what an entity's objects may have beside them, nil when there is nothing to
// look for. The entity goes round once more afterwards. What waits for a merge is left until that has taken place: its
// objects may carry the keys of others.
func (d *deliverer) planRecheck(snap *ledger.Snap, mark *ledger.Dirty) (*job, error) {
	if d.target.Rechecker == nil {
		return nil, nil
	}
	due, err := snap.Rechecks(d.target.Name, mark.Entity)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	j := &job{mark: *mark, settle: ledger.Settlement{Entity: mark.Entity, Generation: mark.Generation}, again: true}
	for _, one := range due {
		carried, err := snap.Carried(d.target.Name, one.Key)
		if err != nil {
			return nil, err
		}
		if !carried {
			j.rechecks = append(j.rechecks, one)
		}
	}
	if len(j.rechecks) == 0 {
		return nil, nil
	}
	return j, nil
}

// sendRechecks puts the second looks of many jobs into one call, so that they share what has to be listed.
func (p *planner) sendRechecks(ctx context.Context, jobs []*job) bool {
	var u unit
	for _, j := range jobs {
		for _, one := range j.rechecks {
			u.jobs, u.rechecks = append(u.jobs, j), append(u.rechecks, one)
		}
	}
	return len(u.jobs) == 0 || p.put(ctx, u)
}

// lookAgain asks the target.
func (d *deliverer) lookAgain(ctx context.Context, list []ledger.Recheck) []connectors.Result {
	wants := make([]connectors.Want, len(list))
	for i, one := range list {
		wants[i] = connectors.Want{Item: connectors.Item{Key: one.Key}, InDoubt: true, Since: one.Since, Sought: one.Projects}
	}
	return d.target.Rechecker.Recheck(ctx, wants)
}

// looked notes what a second look found. A refusal ends it: the project is closed to us, or gone.
func (j *job) looked(one ledger.Recheck, res connectors.Result) {
	switch kind := connectors.KindOf(res.Err); {
	case res.Err == nil:
	case kind == connectors.Rejected || kind == connectors.NotFound || kind == connectors.Gone:
		res.Link = ""
	default:
		j.fail(res.Err)
		return
	}
	j.settle.Looked = append(j.settle.Looked, ledger.Link{Key: one.Key, Link: res.Link, Since: one.Since, Projects: one.Projects})
}
