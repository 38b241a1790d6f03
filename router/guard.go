package router

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// guard keeps a broken source or rule from closing what people work on: no run closes more than a share of a
// target's items, and at least minCloses, unless it is forced (invariant 6). In a daemon a run is an hour.
type guard struct {
	d      *deliverer
	mu     sync.Mutex
	begun  time.Time
	allow  int64
	closed int64
	held   map[string]int64 // entity -> closings held back
}

const (
	minCloses = 20
	guardSpan = time.Hour
)

// admit returns nil when n items of an entity may be closed now, and counts them; otherwise why they are held back.
func (g *guard) admit(ctx context.Context, entity string, n int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.held, entity)
	if n == 0 {
		return nil
	}
	now := g.d.r.now()
	if now.Sub(g.begun) >= guardSpan {
		open, err := g.d.r.o.Ledger.OpenLinks(ctx, g.d.target.Name)
		if err != nil {
			return err
		}
		g.begun, g.closed = now, 0
		g.allow = max(minCloses, int64(g.d.r.o.Share*float64(open)))
	}
	if g.closed+n > g.allow && !g.d.r.forced() {
		if g.held == nil {
			g.held = map[string]int64{}
		}
		g.held[entity] = n
		return fmt.Errorf("held: this run has closed %d of %s's items and may close %d; if that many really are gone, run `millrace backfill --force`", g.closed, g.d.target.Name, g.allow)
	}
	g.closed += n
	return nil
}

// giveBack takes back what was admitted and not closed: a target that is down for an hour must not use up the share.
func (g *guard) giveBack(n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = max(0, g.closed-n)
}

// holding returns how many entities wait because closing their items is held back.
func (g *guard) holding() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.held))
}
