package sandbox

import (
	"context"
	"time"
)

// Every calls do at an interval, of real time, until ctx ends, and returns then. The caller owns the goroutine.
func Every(ctx context.Context, every time.Duration, do func(context.Context)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}
