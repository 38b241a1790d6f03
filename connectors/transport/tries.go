package transport

import (
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// tries is what the retry layer knows of one request over all its attempts.
type tries struct {
	safe  bool
	count int // only touched by the retry layer
	last  atomic.Pointer[attempt]
}

type triesKey struct{}

// attempt watches one attempt on the wire.
type attempt struct {
	began, written atomic.Bool
}

// notWritten reports that the last attempt looked for a connection and provably sent nothing of the request. A
// transport that cannot be watched proves nothing.
func (t *tries) notWritten() bool {
	a := t.last.Load()
	return a != nil && a.began.Load() && !a.written.Load()
}

// agent puts the user agent on a request and watches it being written.
type agent struct {
	name string
	next http.RoundTripper
}

func (a *agent) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if t, ok := ctx.Value(triesKey{}).(*tries); ok {
		now := &attempt{}
		t.last.Store(now)
		// Headers count as written as soon as they are in the buffer: better one retry too few than a second object.
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn:      func(string) { now.began.Store(true) },
			WroteHeaders: func() { now.written.Store(true) },
			WroteRequest: func(httptrace.WroteRequestInfo) { now.written.Store(true) },
		})
	}
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", a.name)
	return a.next.RoundTrip(req)
}

const (
	budgetMost    = 20
	budgetSuccess = 0.5 // every healthy answer pays for half a retry
)

// budget stops retries while a vendor is failing as a whole: then they would only multiply the load and burn the
// account's daily calls (estuary f0747ecb3). It starts full.
type budget struct {
	mu    sync.Mutex
	spent float64
}

// note records an attempt's outcome and reports whether a retry is affordable.
func (b *budget) note(healthy bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if healthy {
		b.spent = max(0, b.spent-budgetSuccess)
		return true
	}
	b.spent = min(budgetMost, b.spent+1)
	return b.spent <= budgetMost/2
}
