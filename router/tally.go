package router

import (
	"sync/atomic"

	"github.com/millrace/millrace/router/ledger"
)

// Tally is what a router has done since it was made. Two of them subtracted are what happened between.
type Tally struct {
	Read, Applied, Unchanged, Stale, Filtered, Dead int64 // records
	Created, Updated, Closed, DeadItems             int64 // items
}

// Sub returns t - b.
func (t Tally) Sub(b Tally) Tally {
	return Tally{t.Read - b.Read, t.Applied - b.Applied, t.Unchanged - b.Unchanged, t.Stale - b.Stale,
		t.Filtered - b.Filtered, t.Dead - b.Dead, t.Created - b.Created, t.Updated - b.Updated, t.Closed - b.Closed,
		t.DeadItems - b.DeadItems}
}

// tally is the running count; each field is added to on its own, so a Tally read meanwhile may be between two of them.
type tally struct {
	read, applied, unchanged, stale, filtered, dead atomic.Int64
	created, updated, closed, deadItems             atomic.Int64
}

func (t *tally) records(n ledger.Counts) {
	t.read.Add(n.Read)
	t.applied.Add(n.Applied)
	t.unchanged.Add(n.Unchanged)
	t.stale.Add(n.Stale)
	t.filtered.Add(n.Filtered)
	t.dead.Add(n.Dead)
}

func (t *tally) items(j *job) {
	t.created.Add(int64(j.created))
	t.updated.Add(int64(j.updated))
	t.closed.Add(int64(j.closedItems))
	if j.settle.Reject != "" {
		t.deadItems.Add(1)
	}
}

// Tally returns what was done so far.
func (r *Router) Tally() Tally {
	t := &r.tally
	return Tally{t.read.Load(), t.applied.Load(), t.unchanged.Load(), t.stale.Load(), t.filtered.Load(), t.dead.Load(),
		t.created.Load(), t.updated.Load(), t.closed.Load(), t.deadItems.Load()}
}
