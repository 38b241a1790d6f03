package router

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// contain runs code of a connector and makes a panic in it an error like any other: the stream or the item it concerns
// is tried again later and becomes visible, and everything else goes on. Without it one odd record would end the
// process, and after a restart end it again.
func contain(op string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "the connector panicked: " + panicText(p)}
		}
	}()
	return fn()
}

// panicText says what and where, called from the deferred function that recovered. The value itself may be anything, so
// only the run-time's own words are shown (invariant 9).
func panicText(p any) string {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	return what + " at " + panicPlace()
}

// panicPlace is the first line below the panic that is not the run-time's.
func panicPlace() string {
	var stack [32]uintptr
	frames := runtime.CallersFrames(stack[:runtime.Callers(3, stack[:])])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = panicked || f.Function == "runtime.gopanic"
		case panicked:
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
