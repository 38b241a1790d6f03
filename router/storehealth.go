package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// storeHealth remembers whether the ledger takes writes. While it does not (a full disk, a broken one) nothing can be
// finished: what goes on all the same would call the vendors again and again for nothing.
type storeHealth struct {
	mu    sync.Mutex
	err   error // the last refusal, nil after a write that went well
	tries int   // refusals in a row, those of one wait counted once
	until time.Time
}

// storeFailed reports whether err says that the disk or the database under the ledger refused.
func storeFailed(err error) bool {
	for _, is := range []error{kv.ErrFull, kv.ErrUnavailable, kv.ErrUnknownOutcome, kv.ErrDamaged} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// note takes the outcome of a write; an error that is not of the store says nothing.
func (h *storeHealth) note(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.err, h.tries, h.until = nil, 0, time.Time{}
	case storeFailed(err):
		h.err = err
		if !now.Before(h.until) {
			h.tries++
			h.until = now.Add(backoff(h.tries))
		}
	}
}

// left returns how long the store is still given to recover.
func (h *storeHealth) left(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until.Sub(now)
}

// wait returns when a write may be tried again, or with the context's error.
func (h *storeHealth) wait(ctx context.Context, now func() time.Time) error {
	for ctx.Err() == nil {
		d := h.left(now())
		if d <= 0 {
			return nil
		}
		pause(ctx, d)
	}
	return ctx.Err()
}

// trouble returns why the ledger cannot be written, nil when it can.
func (h *storeHealth) trouble() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
