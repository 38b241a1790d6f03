package cli

import (
	"os"
	"runtime/debug"
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

// A receiver that stands alone holds a few megabytes, and makes a hundred a second: with the usual setting the collector runs
// dozens of times a second, which is an eighth of its CPU. It may make four times what it holds, as long as that is little: under a
// flood the limit has the collector run more, so that the most it takes is less than without both (performance goal P12).
const (
	receiverGC     = 300
	receiverMemory = 48 << 20
)

// easeReceiver sets the collector for a receiver that stands alone, unless the operator has.
func easeReceiver() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(receiverGC)
		debug.SetMemoryLimit(receiverMemory)
	}
}
