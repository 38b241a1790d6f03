package router

import (
	"context"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// announce makes durable what is about to be written, before anything is, and returns the jobs that may go on. A creation
// in doubt is looked up before it is repeated (invariant 4), and a change or a closing in doubt is compared with the
// object: the entity may go back to what was last written before the change is tried again, and then no difference to it
// would tell that something is left.
//
// A job whose entity changed since it was planned goes back to the queue: a merge may have given its objects away, and
// from now on only a merge that sees the announcement may happen.
func (d *deliverer) announce(ctx context.Context, jobs []*job) ([]*job, error) {
	var intents []ledger.Intent
	for _, j := range jobs {
		intents = j.intents(intents)
	}
	if len(intents) == 0 {
		return jobs, nil
	}
	stale, err := d.r.o.Ledger.Intend(ctx, d.target.Name, intents)
	if err != nil || len(stale) == 0 {
		return jobs, err
	}
	return slices.DeleteFunc(jobs, func(j *job) bool {
		if !slices.Contains(stale, j.settle.Entity) {
			return false
		}
		if !j.erased {
			d.guard.giveBack(int64(len(j.shut)))
		}
		d.queue.release(true, j.settle.Entity)
		return true
	}), nil
}

// intents appends what a job is about to write.
func (j *job) intents(list []ledger.Intent) []ledger.Intent {
	about := func(key string, item *connectors.Item) {
		in := ledger.Intent{Entity: j.settle.Entity, Key: key, Generation: j.mark.Generation}
		if item != nil {
			in.Project = item.Project
		}
		list = append(list, in)
	}
	for i := range j.wants {
		w := &j.wants[i]
		if w.Last != nil && w.Last.Project != w.Item.Project {
			about(w.Item.Key, w.Last)
		}
		about(w.Item.Key, &w.Item)
		list[len(list)-1].Telling = j.tellings[w.Item.Key]
	}
	for i := range j.shut {
		about(j.shut[i].Key, j.shut[i].Item)
	}
	return list
}
