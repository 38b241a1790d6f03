package quota

import (
	"math"
	"time"

	"github.com/millrace/millrace/connectors"
)

const (
	margin    = 0.998 // of a told rate: two clocks are never equal, and a refusal costs a second
	headroom  = 0.9   // of a told burst: requests on their way bunch up
	leastRate = 0.02  // actions a second: one try a minute, whatever happened
	hold      = 15 * time.Minute
	almost    = 1e-6 // of an action: what rounding may eat
)

// pause is a span in which nothing is sent.
type pause struct {
	since, until time.Time
	strikes      int // refusals without a success in between
}

// limit is one budget: a bucket of actions, slots, a pause, and a learner when the rate is not known.
type limit struct {
	connectors.Limit
	pause
	share     float64
	quantum   time.Duration
	full      float64 // actions a second when all is well
	rate      float64 // actions a second now
	tokens    float64
	at        time.Time // up to when tokens is counted, whole quanta
	slots     float64   // actions in flight
	ceiling   float64   // actions a second until ceilingEnds, from what is left of a window
	ends      time.Time
	closed    bool // only within a pump
	learn     *learner
	said      bool   // the vendor said what remained
	remaining int    // of the vendor's window when it last said so
	used      uint64 // actions
	refused   uint64 // requests
}

func newLimit(declared connectors.Limit, share float64, quantum time.Duration, now time.Time) *limit {
	l := &limit{Limit: declared, share: share, quantum: quantum, at: now}
	if declared.Rate > 0 {
		l.full = declared.Rate * (1 - share) * margin
		l.rate = l.full
	} else {
		l.learn = &learner{share: share, quantum: quantum, rate: firstRate}
		l.rate = l.learn.rate * (1 - share)
	}
	l.tokens = l.capacity()
	return l
}

// capacity is how many actions may go at once after a pause, never less than what three quanta release: a late timer
// must not lose any. While the rate is learnt it is no more, since the vendor's own burst is not known either.
func (l *limit) capacity() float64 {
	least := max(1, 3*l.rate*l.quantum.Seconds())
	if l.Burst > 0 {
		return max(least, float64(l.Burst)*(1-l.share)*headroom)
	}
	if l.learn != nil {
		return least
	}
	return max(least, l.rate/10)
}

// refill counts what whole quanta have brought.
func (l *limit) refill(now time.Time) {
	n := now.Sub(l.at) / l.quantum
	if n <= 0 {
		return
	}
	span := n * l.quantum
	l.recover(now)
	l.tokens = min(l.capacity(), l.tokens+l.pace(now)*span.Seconds())
	l.at = l.at.Add(span)
}

// pace is the rate now, under the ceiling of a window that is nearly used up.
func (l *limit) pace(now time.Time) float64 {
	if now.Before(l.ends) {
		return max(leastRate, min(l.rate, l.ceiling))
	}
	return max(leastRate, l.rate)
}

// room reports whether weight actions may go now, and otherwise when they may; zero when a slot must come free first.
// A weight above the capacity goes when the bucket is full, and leaves a debt.
func (l *limit) room(weight float64, now time.Time) (bool, time.Time) {
	if now.Before(l.until) {
		return false, l.until
	}
	if l.InFlight > 0 && l.slots > 0 && l.slots+weight > float64(l.InFlight) {
		return false, time.Time{}
	}
	missing := min(weight, l.capacity()) - l.tokens
	if missing <= almost {
		return true, time.Time{}
	}
	if l.learn != nil {
		l.learn.wanted(now)
		l.rate = l.learn.rate * (1 - l.share)
	}
	quanta := math.Ceil(missing / l.pace(now) / l.quantum.Seconds())
	return false, l.at.Add(time.Duration(min(quanta, 1e6)) * l.quantum)
}

func (l *limit) take(weight float64, now time.Time) mark {
	l.tokens -= weight
	l.slots += weight
	l.used += uint64(weight)
	if l.learn == nil {
		return mark{}
	}
	return l.learn.granted(weight, now)
}

func (l *limit) giveBack(weight float64) {
	l.tokens = min(l.capacity(), l.tokens+weight)
	l.slots -= weight
	l.used -= uint64(weight)
}

// tell takes in what an answer's headers said.
func (l *limit) tell(t connectors.Told, now time.Time) {
	if t.Rate > 0 {
		full := t.Rate * (1 - l.share) * margin
		if full != l.full {
			l.full, l.rate, l.learn = full, full, nil
		}
	}
	if t.Remaining < 0 {
		return
	}
	l.said, l.remaining = true, t.Remaining
	left := float64(t.Remaining) - l.others(t)
	l.tokens = min(l.tokens, max(0, left-l.slots)) // requests on their way are not in the vendor's count yet
	switch {
	case left < 1: // not one whole action
		l.pauseUntil(now.Add(l.untilSome(t.Reset)))
	case t.Reset > 0:
		l.ceiling, l.ends = left/t.Reset.Seconds(), now.Add(t.Reset)
	}
}

// others is how many actions of a told window belong to other users of the account.
func (l *limit) others(t connectors.Told) float64 {
	if t.Of > 0 {
		return max(l.share, l.Keep) * float64(t.Of)
	}
	return l.share * float64(l.Burst)
}

// untilSome is how long a used-up limit rests: what the vendor says, else what the connector declares, else until the
// rate has brought one action.
func (l *limit) untilSome(reset time.Duration) time.Duration {
	switch {
	case reset > 0:
		return reset
	case l.Rest > 0:
		return l.Rest
	}
	return min(hold, max(time.Second, time.Duration(float64(time.Second)/max(l.rate, leastRate))))
}

func (p *pause) pauseUntil(at time.Time) {
	if at.After(p.until) {
		p.until = at
	}
}

// recover brings a told rate that was cut after a refusal back, a hundredth of the full one each second.
func (l *limit) recover(now time.Time) {
	if l.learn == nil && l.rate < l.full {
		l.rate = min(l.full, l.rate+l.full*now.Sub(l.at).Seconds()/100)
	}
}
