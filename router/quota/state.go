package quota

import "time"

// State is one limit as status and metrics show it.
type State struct {
	Name     string
	Rate     float64   // actions a second now
	Learnt   bool      // the rate comes from refusals, not from the connector or the vendor's headers
	InFlight int       // actions
	Used     uint64    // actions since the start
	Refused  uint64    // requests refused since the start
	Paused   time.Time // nothing is sent before; zero = not paused
	// Remaining is how many actions were left of the vendor's present window when it last said so; -1 = it never did.
	Remaining int
}

// Snapshot is the account at one moment.
type Snapshot struct {
	Limits  []State   // as declared
	Waiting int       // callers of Acquire
	Paused  time.Time // the whole account sends nothing before; zero = not paused
}

// Snapshot returns how the account stands.
func (g *Governor) Snapshot() Snapshot {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	s := Snapshot{Waiting: g.queue.Len(), Paused: g.all.ahead(now)}
	for _, l := range g.order {
		s.Limits = append(s.Limits, State{Name: l.Name, Rate: l.pace(now), Learnt: l.learn != nil, InFlight: int(l.slots),
			Used: l.used, Refused: l.refused, Paused: l.ahead(now), Remaining: l.left()})
	}
	return s
}

func (l *limit) left() int {
	if !l.said {
		return -1
	}
	return l.remaining
}

func (p *pause) ahead(now time.Time) time.Time {
	if now.Before(p.until) {
		return p.until
	}
	return time.Time{}
}

// Learnt returns the rates found from refusals so far, by limit, in the vendor's whole actions a second (Config.Share
// not taken off). A limit that was never refused is not in it.
func (g *Governor) Learnt() map[string]float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	rates := map[string]float64{}
	for _, l := range g.order {
		if l.learn != nil && l.learn.known > 0 {
			rates[l.Name] = l.learn.known
		}
	}
	return rates
}

// Restore goes on from what Learnt returned in an earlier run. Limits that are declared with a rate, or not at all, and
// rates that make no sense are ignored.
func (g *Governor) Restore(rates map[string]float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, rate := range rates {
		l := g.byName[name]
		if l == nil || l.learn == nil || !(rate >= leastRate && rate < 1e9) {
			continue
		}
		l.learn.restore(rate)
		l.rate = l.learn.rate * (1 - l.share)
		l.tokens = min(l.tokens, l.capacity())
	}
}
