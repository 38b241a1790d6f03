package quota

import (
	"time"

	"github.com/millrace/millrace/connectors"
)

// pump grants what can be granted, in the order of the queue, and sets the timer for what cannot. A limit that lacks
// room for one waiter is closed for all behind it, so that many small requests never overtake a large one; those that
// do not need it pass. The caller holds the lock.
func (g *Governor) pump() {
	now := g.now()
	var next time.Time
	soonest := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, l := range g.order {
		l.refill(now)
		l.closed = false
	}
	for e := g.queue.Front(); e != nil; {
		w := e.Value.(*waiter)
		e = e.Next()
		if left, name := g.paused(w, now); left > g.maxWait {
			g.dismiss(w, left, name)
			continue
		}
		if now.Before(g.all.until) {
			soonest(g.all.until)
			continue // the rest of the queue may have to be dismissed, so go on
		}
		lacking, at := w.lacks(now)
		if lacking == nil {
			g.grant(w, now)
			continue
		}
		if !lacking.closed {
			lacking.closed = true
			soonest(at)
		}
	}
	g.arm(next, now)
}

// lacks returns the first limit without room for w, and when it may have some: zero when only a Done can say.
func (w *waiter) lacks(now time.Time) (*limit, time.Time) {
	for _, l := range w.limits {
		if l.closed {
			return l, time.Time{}
		}
		if ok, at := l.room(w.weight, now); !ok {
			return l, at
		}
	}
	return nil, time.Time{}
}

func (g *Governor) grant(w *waiter, now time.Time) {
	p := &permit{g: g, limits: w.limits, weight: w.weight, granted: now}
	for _, l := range w.limits {
		p.marks = append(p.marks, l.take(w.weight, now))
	}
	g.queue.Remove(w.place)
	w.place, w.permit = nil, p
	w.ready <- nil
}

// paused returns the longest pause that concerns w, and the limit it is for; an empty name is the whole account.
func (g *Governor) paused(w *waiter, now time.Time) (time.Duration, string) {
	left, name := g.all.until.Sub(now), ""
	for _, l := range w.limits {
		if d := l.until.Sub(now); d > left {
			left, name = d, l.Name
		}
	}
	return left, name
}

func (g *Governor) dismiss(w *waiter, left time.Duration, name string) {
	g.queue.Remove(w.place)
	w.place = nil
	w.ready <- &connectors.Error{Kind: connectors.Limited, Op: "wait for quota", After: left, Limit: name,
		Reason: "the vendor asked to wait, or its quota is used up as far as is ours; goes on at " + g.now().Add(left).UTC().Format("2006-01-02 15:04 UTC")}
}

// arm makes sure that pump runs at next. A timer that fires too early only costs a look.
func (g *Governor) arm(next, now time.Time) {
	if next.IsZero() || g.queue.Len() == 0 {
		return
	}
	if !g.wake.IsZero() && g.wake.After(now) && !next.Before(g.wake) {
		return
	}
	g.wake = next
	if g.timer == nil {
		g.timer = time.AfterFunc(next.Sub(now), g.tick)
		return
	}
	g.timer.Reset(next.Sub(now))
}

func (g *Governor) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wake = time.Time{}
	g.pump()
}
