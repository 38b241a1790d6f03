package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

var sourceErrors = []sourceCheck{
	{"SourceErrorKinds", "", sourceErrorKinds},
	{"ErrorInTheMiddleIsNoPage", "", errorInTheMiddleIsNoPage},
	{"SourceCancelledContextReturns", "", sourceCancelledContextReturns},
	{"SourceLeavesNoGoroutine", "", sourceLeavesNoGoroutine},
}

// sourceErrorKinds: an error that looks like an empty page ends a stream early, and then "nothing more" means
// "deleted" (airbyte #17503: QUERY_TIMEOUT, zero records, job green).
func sourceErrorKinds(t *testing.T, h SourceHarness) {
	ids := h.Create(t, h.PageSize()+1)
	t.Run("scan", func(t *testing.T) {
		checkErrorKinds(t, h, h.Reads(), func() error {
			return checkFailedRead(t, h, openSource(t, h), ids[0])
		})
	})
	r := openSource(t, h)
	r.settle(t, h)
	h.Change(t, ids...)
	t.Run("poll", func(t *testing.T) {
		checkErrorKinds(t, h, h.Reads(), func() error { return checkFailedRead(t, h, r, ids[0]) })
	})
	r.settle(t, h)
	r.check(t, h)
}

// checkFailedRead reads once and wants nothing but an error, which shows nothing personal.
func checkFailedRead(t *testing.T, h SourceHarness, r *replica, id string) error {
	t.Helper()
	page, err := r.src.Read(context.Background(), r.stream, r.at)
	if err != nil && (len(page.Records) > 0 || page.Next != "" || page.More) {
		t.Errorf("got part of a page together with the error %v", err)
	}
	checkShy(t, h, err, h.Personal(t, id)...)
	return err
}

// errorInTheMiddleIsNoPage: a page that takes several requests must fail as a whole, whichever of them fails.
func errorInTheMiddleIsNoPage(t *testing.T, h SourceHarness) {
	ids := h.Create(t, h.PageSize())
	for skip := range h.MaxRequests() {
		for _, kind := range []string{"500", sandbox.Truncate, sandbox.HTML} {
			r := openSource(t, h)
			addFault(t, h, sandbox.Fault{Match: h.Reads(), Kind: kind, Skip: skip, Times: 1})
			r.readThrough(t, 12)
			h.Plan().Clear()
			r.settle(t, h)
			r.check(t, h)
		}
		h.Change(t, ids...)
	}
}

// readThrough reads some pages; after an error it reads again from the same cursor, as the router would.
func (r *replica) readThrough(t *testing.T, tries int) {
	t.Helper()
	for range tries {
		page, err := r.src.Read(context.Background(), r.stream, r.at)
		if err != nil {
			continue
		}
		r.apply(t, page.Records)
		r.at = page.Next
	}
}

// sourceCancelledContextReturns: see targetCancelledContextReturns.
func sourceCancelledContextReturns(t *testing.T, h SourceHarness) {
	h.Create(t, 3)
	r := openSource(t, h)
	addFault(t, h, sandbox.Fault{Kind: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second)})
	checkCancel(t, "read", func(ctx context.Context) error {
		_, err := r.src.Read(ctx, r.stream, "")
		return err
	})
}

// sourceLeavesNoGoroutine: see targetLeavesNoGoroutine.
func sourceLeavesNoGoroutine(t *testing.T, h SourceHarness) {
	h.Create(t, h.PageSize()+1)
	r := openSource(t, h)
	noGoroutineLeft(t, h, func() {
		r.drain(t)
		if getter, ok := r.src.(connectors.Getter); ok {
			for id := range h.Live(t) {
				if _, err := getter.Get(context.Background(), []connectors.Ref{r.ref(id)}); err != nil {
					t.Errorf("get: %v", err)
				}
				break
			}
		}
	})
}
