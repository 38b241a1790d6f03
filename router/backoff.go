package router

import (
	"math/rand/v2"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The wait after a failure doubles from minWait to maxWait. Half of it is random, so that what failed together does
// not come back together.
const (
	minWait = time.Second
	maxWait = 5 * time.Minute
)

// longestWait bounds what is written to the ledger as "not before", whatever a vendor asks for: after it, asking the
// quota again costs nothing. So a time further ahead can only come from a clock that was wrong (ledger.FarthestWait).
const longestWait = time.Hour

// waitFor returns how long to wait after a failure: what the vendor asked for, or else backoff.
func waitFor(failures int, err error) time.Duration {
	return min(max(backoff(failures), connectors.After(err)), longestWait)
}

// backoff returns how long to wait after the given number of failures in a row (1 = the first).
func backoff(failures int) time.Duration {
	d := maxWait
	if failures < 16 {
		d = min(maxWait, minWait<<max(0, failures-1))
	}
	return d/2 + rand.N(d/2+1)
}
