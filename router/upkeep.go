package router

import (
	"context"
	"slices"
	"strings"
	"time"
)

// upkeepEvery is how often the ledger is asked for background work that nothing announces.
const upkeepEvery = 2 * time.Second

// upkeep does the ledger's background work while the router runs.
func (r *Router) upkeep(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		wait := upkeepEvery
		err := r.Upkeep(ctx)
		if err == nil {
			_, err = r.readKnown(ctx)
		}
		if err == nil {
			_, err = r.Purge(ctx)
		}
		if err != nil && ctx.Err() == nil {
			failures++
			wait = backoff(failures)
			r.log.Error("background work on the ledger", "tries", failures, "error", err)
		} else {
			failures = 0
		}
		pause(ctx, wait)
	}
}

// Upkeep maps stored records anew when the mapping changed, makes golden records anew when survivorship did, has items planned anew when the work rules or the targets
// changed, marks what changed by the passing of time or is due by it, and what refers to a record with very many referrers. It returns when nothing is left; most of the
// time that is at once.
func (r *Router) Upkeep(ctx context.Context) error {
	r.upkeepMu.Lock()
	defer r.upkeepMu.Unlock()
	l, worked := r.o.Ledger, !r.upkept // what the first round did, it did before anybody looked
	r.upkept = true
	for {
		out, err := l.Remap(ctx)
		if err != nil {
			return err
		}
		worked = worked || out.Records > 0
		if out.Done {
			break
		}
	}
	targets := slices.Sorted(slices.Values(l.Targets()))
	version := r.o.Rules.Version() + " " + strings.Join(targets, " ")
	for _, step := range []func() (bool, error){
		func() (bool, error) { return l.Regold(ctx) },
		func() (bool, error) { return l.Wake(ctx) },
		func() (bool, error) { return l.Replan(ctx, version) },
		func() (bool, error) { return r.age(ctx) },
		func() (bool, error) { return l.Spread(ctx) },
		func() (bool, error) { return r.recheck(ctx) },
		func() (bool, error) { return r.eraseWished(ctx) },
	} {
		for first := true; ; first = false {
			done, err := step()
			if err != nil {
				return err
			}
			worked = worked || !first
			if done {
				break
			}
		}
	}
	if worked {
		r.rescanTargets()
	}
	return nil
}

// age marks what changed by the passing of time alone, where the rules show any such thing.
func (r *Router) age(ctx context.Context) (done bool, err error) {
	if !r.o.Rules.Ages() {
		return true, nil
	}
	return r.o.Ledger.Age(ctx, r.o.Rules.Aged)
}
