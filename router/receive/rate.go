package receive

import (
	"sync"
	"time"
)

// bucket is the rate of one connection. Only what was verified takes from it: strangers cannot use it up.
type bucket struct {
	mu   sync.Mutex
	rate float64 // a second
	most float64
	left float64
	at   time.Time
}

// take returns 0, or how long to wait until there is room for one.
func (b *bucket) take(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if past := now.Sub(b.at); past > 0 {
		if !b.at.IsZero() {
			b.left = min(b.most, b.left+past.Seconds()*b.rate)
		}
		b.at = now
	}
	if b.left < 1 {
		return time.Duration((1 - b.left) / b.rate * float64(time.Second))
	}
	b.left--
	return 0
}
