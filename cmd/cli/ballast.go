package cli

import (
	"os"
	"sync"
)

// ballastSize is memory that is allocated and never touched: it takes address space but no page. The collector takes
// it for live and so lets the heap grow by about as much before it runs, which for the few live megabytes of a hub
// means a quarter of the runs, and a quarter less CPU for the whole pipeline. Unlike a high GOGC it does not multiply
// what a large page or a deep queue needs (performance goals P1 and P9).
const ballastSize = 24 << 20

//lint:ignore U1000 kept reachable is all it is for; nothing reads it
var ballast []byte

// giveBallast makes the ballast once, unless the operator has set the collector himself.
var giveBallast = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		ballast = make([]byte, ballastSize)
	}
})
