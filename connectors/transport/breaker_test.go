package transport

import (
	"testing"
	"time"
)

// A clock that is set back while the breaker is open must not make callers wait for what it was set back by.
func TestBreakerIsOpenNoLongerThanItsPause(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	b := &breaker{now: func() time.Time { return now }, pause: 15 * time.Second}
	b.opened.Store(now.Add(24 * time.Hour).UnixNano())
	if got := b.left(); got != 15*time.Second {
		t.Errorf("left = %v, want the pause of 15s", got)
	}
}
