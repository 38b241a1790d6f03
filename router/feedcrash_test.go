package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// mortal is a store that dies at one of its commits, as a process does: nothing after it is read or written. The commit
// itself may have landed.
type mortal struct {
	kv.Engine
	landed bool

	mu   sync.Mutex
	left int // commits to live
}

// step counts a commit down and reports whether the store is dead, and whether it died of this one.
func (m *mortal) step(commit int) (dead, now bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left <= 0 {
		return true, false
	}
	m.left -= commit
	return m.left == 0, m.left == 0
}

func (m *mortal) View(ctx context.Context, fn func(kv.Reader) error) error {
	if dead, _ := m.step(0); dead {
		return kv.ErrUnavailable
	}
	return m.Engine.View(ctx, fn)
}

func (m *mortal) Update(ctx context.Context, fn func(kv.Tx) error) error {
	dead, now := m.step(1)
	if !dead {
		return m.Engine.Update(ctx, fn)
	}
	if now && m.landed {
		_ = m.Engine.Update(ctx, fn)
	}
	return fmt.Errorf("%w: %w", kv.ErrUnavailable, kv.ErrUnknownOutcome)
}

func (m *mortal) died() bool {
	dead, _ := m.step(0)
	return dead
}

// TestFeedLosesNothingAcrossCrashes: polling shows nothing new here, so that what a feed told and the ledger did not keep
// would never come. Wherever the process dies, everything is shown in the end, and once.
func TestFeedLosesNothingAcrossCrashes(t *testing.T) {
	fewer(t, "15")
	rapid.Check(t, func(rt *rapid.T) {
		w, p := newFeedWorld(t)
		w.t, p.blind = rt, true
		w.start()
		w.followed(time.Time{})
		w.halt()
		for range rapid.IntRange(1, 4).Draw(rt, "crashes") {
			dying := &mortal{left: rapid.IntRange(1, 14).Draw(rt, "commits"), landed: rapid.Bool().Draw(rt, "landed")}
			w.wrap = func(e kv.Engine) kv.Engine { dying.Engine = e; return dying }
			w.start()
			for range rapid.IntRange(1, 12).Draw(rt, "changes") {
				p.happen(rt)
			}
			for end := time.Now().Add(time.Second); !dying.died() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			_ = w.stop()
		}
		w.wrap = nil
		w.start()
		defer w.halt()
		want := p.names()
		w.until(func() bool { return slices.Equal(slices.Sorted(maps.Values(w.board.shows(rt))), want) })
	})
}

// happen changes or removes one of a few records.
func (p *pusher) happen(t *rapid.T) {
	id := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id"))
	if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
		p.remove(id)
		p.tell(id, connectors.Soft)
		return
	}
	p.crm.mu.Lock()
	n := len(p.changes)
	p.crm.mu.Unlock()
	p.change(id, fmt.Sprintf("Version %d", n))
}

// names are those of the records that are live, sorted.
func (p *pusher) names() (list []string) {
	p.crm.mu.Lock()
	defer p.crm.mu.Unlock()
	for _, rec := range p.live {
		var v struct{ Name string }
		if rec.Deleted.Kind == connectors.NotDeleted && json.Unmarshal(rec.Data, &v) == nil {
			list = append(list, v.Name)
		}
	}
	slices.Sort(list)
	return list
}
