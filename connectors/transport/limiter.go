package transport

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// Limiter is one account's quota. Package router/quota has the real one.
type Limiter interface {
	// Acquire waits until the request may be sent. It returns ctx's error when that ends first, and a Limited
	// *connectors.Error when the wait is longer than is worth waiting here.
	Acquire(ctx context.Context, cost connectors.Cost) (Permit, error)
}

// Permit is the right to send one request. Done must be called exactly once.
type Permit interface {
	// Done gives the in-flight slots back and says what became of the request.
	Done(Outcome)
}

// Outcome is what became of a request, as far as the quota is concerned.
type Outcome struct {
	Status     int               // 0 = no answer
	RetryAfter time.Duration     // 0 = not said
	Told       []connectors.Told // what the headers say
	Err        error             // with no answer
	Limit      string            // with 429: the declared limit that refused; empty = not known
}

// limited asks the limiter before each attempt and bounds the attempt's time.
type limited struct {
	limiter Limiter
	cost    func(*http.Request) connectors.Cost
	told    func(*http.Response) []connectors.Told
	timeout time.Duration
	now     func() time.Time
	next    http.RoundTripper
}

func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	done := func(Outcome) {}
	if l.limiter != nil {
		permit, err := l.limiter.Acquire(req.Context(), l.cost(req))
		if err != nil {
			closeBody(req)
			return nil, err
		}
		done = permit.Done
	}
	ctx, cancel := context.WithTimeout(req.Context(), l.timeout)
	resp, err := l.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		done(Outcome{Err: err})
		return nil, err
	}
	outcome := Outcome{Status: resp.StatusCode, RetryAfter: rest.RetryAfter(resp.Header, l.now())}
	if l.told != nil {
		outcome.Told = l.told(resp)
		outcome.Limit = spent(resp.StatusCode, outcome.Told)
	}
	finish := sync.OnceFunc(func() { done(outcome) })
	if resp.StatusCode == http.StatusTooManyRequests || resp.Body == http.NoBody {
		finish() // a refusal concerns the others at once
	}
	// The vendor counts a request as running until its answer is complete, so the slot is held until then.
	resp.Body = &held{ReadCloser: resp.Body, finish: func() { finish(); cancel() }}
	return resp, nil
}

// spent names the limit that refused, when the headers show exactly one as used up.
func spent(status int, told []connectors.Told) string {
	name, n := "", 0
	for _, t := range told {
		if t.Remaining == 0 {
			name, n = t.Limit, n+1
		}
	}
	if status != http.StatusTooManyRequests || n != 1 {
		return ""
	}
	return name
}

// held is a body whose end frees what its request holds.
type held struct {
	io.ReadCloser
	finish func()
}

func (h *held) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if err != nil {
		h.finish()
	}
	return n, err
}

func (h *held) Close() error {
	err := h.ReadCloser.Close()
	h.finish()
	return err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
