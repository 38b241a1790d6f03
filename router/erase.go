package router

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// Erase forgets a customer and has the targets redact what they show of it; see ledger.Erase. The bytes are gone from the
// store when Purge says so: the running router sees to that by itself.
func (r *Router) Erase(ctx context.Context, id string, o ledger.EraseOptions) (ledger.Erasure, error) {
	done, err := r.o.Ledger.Erase(ctx, id, o)
	if err == nil {
		r.log.Info("customer erased", "customer", done.Entity)
		r.rescanTargets()
	}
	return done, err
}

// purgeEvery is how much time lies between two compactions of a large store, because writers wait for each. What is
// smaller than purgeAtOnce is compacted in a few seconds, whenever somebody was erased.
const (
	purgeEvery  = time.Hour
	purgeAtOnce = 256 << 20
)

// Purge compacts the store when somebody was erased since the last time, everything that showed them has been redacted
// and the time has come. It reports whether bytes of an erasure are still in the store.
func (r *Router) Purge(ctx context.Context) (left bool, err error) {
	r.upkeepMu.Lock()
	defer r.upkeepMu.Unlock()
	l := r.o.Ledger
	state, err := l.Erasing(ctx)
	if err != nil || state.Since.IsZero() {
		return false, err
	}
	now := r.now()
	if state.Waiting > 0 && now.Sub(state.Since) < purgeEvery {
		return true, nil
	}
	if l.Engine().Stats().SizeBytes > purgeAtOnce && now.Sub(r.purged) < purgeEvery || state.Waiting > 0 && now.Sub(r.purged) < purgeEvery {
		return true, nil
	}
	r.purged = now
	done, err := l.Compact(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return true, nil // an engine that gives deleted bytes back in its own way, or a platform that cannot
	}
	if err == nil {
		r.log.Info("store compacted after an erasure")
	}
	return !done.Erased, err
}

// eraseWished erases one customer whose vendor deleted a record of it for privacy, where the policy says so.
func (r *Router) eraseWished(ctx context.Context) (done bool, err error) {
	done, report, err := r.o.Ledger.EraseWished(ctx)
	if err == nil && report.Entity != "" {
		r.log.Info("customer erased, because a vendor deleted a record of it for privacy", "customer", report.Entity)
	}
	return done, err
}
