package router

import (
	"math/rand/v2"
	"time"
)

// The wait after a failure doubles from minWait to maxWait. Half of it is random, so that what failed together does
// not come back together.
const (
	minWait = time.Second
	maxWait = 5 * time.Minute
)

// backoff returns how long to wait after the given number of failures in a row (1 = the first).
func backoff(failures int) time.Duration {
	d := maxWait
	if failures < 16 {
		d = min(maxWait, minWait<<max(0, failures-1))
	}
	return d/2 + rand.N(d/2+1)
}
