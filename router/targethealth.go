package router

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

// targetHealth tells an outage from an item the target cannot take. While nothing succeeds the whole target waits, and
// no item is given up for it; an item that keeps failing while others succeed is the item's own fault.
type targetHealth struct {
	mu      sync.Mutex
	bad     int       // failures in a row
	waits   int       // waits of the whole target in a row
	until   time.Time // no call before
	lastOK  time.Time
	lastErr error
	first   map[string]failing // entity -> its failures in a row
	retried chan struct{}      // closed to end the wait; nil while nobody waits
}

// failing is since when an entity fails, and how often it did. The ledger's count of attempts would not do: it also
// counts waits for a quota or for the closing guard.
type failing struct {
	since time.Time
	times int
}

// maxFailing bounds the entities remembered as failing; for those beyond it only the ledger's count of attempts
// decides.
const maxFailing = 10_000

// toleratedRow is how many failures in a row are taken for bad luck before the whole target waits.
const toleratedRow = 3

// note takes the outcome of one item.
func (h *targetHealth) note(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch kind := connectors.KindOf(err); kind {
	case 0, connectors.Rejected, connectors.NotFound: // the target answered
		h.bad, h.waits, h.lastErr, h.lastOK = 0, 0, nil, now
	case connectors.Limited: // the governor paces; only a long wait is worth stopping for
		if after := connectors.After(err); after > 0 {
			h.until = later(h.until, now.Add(after))
		}
	default:
		h.bad++
		h.lastErr = err
		// Calls that were under way together fail together: only a failure after a wait makes the next one longer.
		if (kind == connectors.Denied || h.bad >= toleratedRow) && !now.Before(h.until) {
			h.waits++
			h.until = now.Add(backoff(h.waits))
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait returns when the target may be called again, or with the context's error.
func (h *targetHealth) wait(ctx context.Context, now func() time.Time) error {
	for {
		h.mu.Lock()
		d := h.until.Sub(now())
		if d > 0 && h.retried == nil {
			h.retried = make(chan struct{})
		}
		retried := h.retried
		h.mu.Unlock()
		if d <= 0 {
			return ctx.Err()
		}
		t := time.NewTimer(d)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-retried:
			t.Stop()
		case <-t.C:
		}
	}
}

func (h *targetHealth) forget(entity string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.first, entity)
}

// hopeless notes a failure of an entity and reports whether to give it up: it has failed the given number of times, and
// since the first of them the target took something else. In an outage nothing is given up, however long it lasts. Of
// entities beyond maxFailing only the ledger's count of tries is known.
func (h *targetHealth) hopeless(entity string, tries, most int, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.first == nil {
		h.first = map[string]failing{}
	}
	f, known := h.first[entity]
	if !known {
		f.since = now
	}
	f.times++
	if known || len(h.first) < maxFailing {
		h.first[entity] = f
		return f.times >= most && h.lastOK.After(f.since)
	}
	return tries >= 4*most && !h.lastOK.IsZero()
}

// trouble returns why the target does not take anything, nil when it does.
func (h *targetHealth) trouble() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bad < toleratedRow && connectors.KindOf(h.lastErr) != connectors.Denied {
		return nil
	}
	return h.lastErr
}
