package sandbox

import (
	"sync"
	"time"
)

// Clock is a vendor's clock. It runs with real time from its start unless it is frozen, and it may be skewed against
// the clock of whoever talks to the vendor, because a cursor must carry the vendor's time and never ours.
// All methods are safe for concurrent use; a nil Clock is the machine's own clock.
type Clock struct {
	mu     sync.Mutex
	at     time.Time // the vendor's time at origin
	origin time.Time // the machine's time when at was set
	frozen bool
	skew   time.Duration
}

// NewClock returns a running clock that shows start now; the zero time means the machine's present time.
func NewClock(start time.Time) *Clock {
	now := time.Now()
	if start.IsZero() {
		start = now
	}
	return &Clock{at: start, origin: now}
}

// Now returns the vendor's time in UTC, cut to whole milliseconds as most vendors store it.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.skew).UTC().Truncate(time.Millisecond)
}

// now is the time without skew; the caller holds mu.
func (c *Clock) now() time.Time {
	if c.frozen {
		return c.at
	}
	return c.at.Add(time.Since(c.origin))
}

// Freeze stops the clock at its present instant, so that every later change shares one time stamp until Advance or Thaw.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.frozen = c.now(), true
}

// Thaw lets a frozen clock run again from the instant it was frozen at; a running clock is left alone.
func (c *Clock) Thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		c.frozen, c.origin = false, time.Now()
	}
}

// Advance moves the clock by d, frozen or not; a negative d moves it back, as a vendor's clock may after a correction.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// SetSkew makes the clock show d more than it would; it is zero at first.
func (c *Clock) SetSkew(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = d
}

// Skew returns what SetSkew set.
func (c *Clock) Skew() time.Duration {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew
}
