package asanatest

import "time"

// bucket is a token bucket that may be in debt: at Asana rejected calls count too, so a client that hammers on while it
// is refused keeps itself refused. sandbox.Bucket forgives what it does not have, which would hide such a client.
type bucket struct {
	rate, burst, tokens float64
	at                  time.Time
}

func newBucket(perSecond float64, burst int) *bucket {
	return &bucket{rate: perSecond, burst: float64(burst), tokens: float64(burst)}
}

func (b *bucket) refill(now time.Time) {
	if !b.at.IsZero() {
		b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
}

// take takes n tokens, or returns how long a client must stay silent until n are there.
func (b *bucket) take(now time.Time, n int) (ok bool, wait time.Duration) {
	b.refill(now)
	if b.tokens >= float64(n) {
		b.tokens -= float64(n)
		return true, 0
	}
	b.fine(now, n)
	missing := min(float64(n), b.burst) - b.tokens
	return false, time.Duration(missing / b.rate * float64(time.Second))
}

// fine takes n tokens that need not be there. The debt is at most one full bucket, so that silence always helps.
func (b *bucket) fine(now time.Time, n int) {
	b.refill(now)
	b.tokens = max(-b.burst, b.tokens-float64(n))
}

func (b *bucket) whole(now time.Time) int {
	b.refill(now)
	return max(0, int(b.tokens))
}
