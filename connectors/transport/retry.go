package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

const (
	firstBackoff = 250 * time.Millisecond
	firstRefused = time.Second // after a 429 that names no time
)

// retrying repeats what is provably safe to repeat. go-retryablehttp's own policies are not used: they repeat a POST
// after 500 and after a lost connection, sleep for any Retry-After and repeat a refused token refresh.
type retrying struct {
	client     *retryablehttp.Client
	pool       http.RoundTripper
	safe       func(*http.Request) bool
	maxWait    time.Duration
	paced      bool // a limiter does the waiting after 429
	now        func() time.Time
	budget     budget
	logger     *slog.Logger
	connection string
}

func newRetrying(c Config, next, pool http.RoundTripper) *retrying {
	r := &retrying{pool: pool, safe: c.Safe, maxWait: c.MaxWait, paced: c.Limiter != nil, now: c.Now,
		logger: c.Logger, connection: c.Connection}
	// The inner client hides the pool's CloseIdleConnections: retryablehttp calls it after every request that stays
	// failed, which would throw away all workers' connections.
	inner := &http.Client{Transport: next, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r.client = &retryablehttp.Client{HTTPClient: inner, RetryMax: max(c.Retries, 0), CheckRetry: r.check, Backoff: r.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler}
	return r
}

// RoundTrip sends req, at most Retries+1 times.
func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	t := &tries{safe: r.repeatable(req)}
	// retryablehttp sets the body on the request it is given; a RoundTripper must not change its caller's.
	wrapped, err := retryablehttp.FromRequest(req.Clone(context.WithValue(req.Context(), triesKey{}, t)))
	if err != nil {
		return nil, errors.New("the request's body cannot be read")
	}
	resp, err := r.client.Do(wrapped)
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// CloseIdleConnections closes the pool's, for http.Client.CloseIdleConnections.
func (r *retrying) CloseIdleConnections() {
	if p, ok := r.pool.(interface{ CloseIdleConnections() }); ok {
		p.CloseIdleConnections()
	}
}

func (r *retrying) repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, "":
		return true
	}
	return req.Header.Get("Idempotency-Key") != "" || r.safe != nil && r.safe(req)
}

// check decides whether an attempt is repeated. It never changes the outcome.
func (r *retrying) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	t := ctx.Value(triesKey{}).(*tries)
	var again bool
	if err != nil {
		again = passing(err) && (t.safe || t.notWritten())
	} else {
		again = r.repeatStatus(resp, t.safe)
	}
	healthy := err == nil && resp.StatusCode < http.StatusInternalServerError
	if !r.budget.note(healthy) || !again {
		return false, nil
	}
	t.count++
	r.logger.DebugContext(ctx, "repeat a request", "source", r.connection, "tries", t.count)
	return true, nil
}

func (r *retrying) repeatStatus(resp *http.Response, safe bool) bool {
	if rest.RetryAfter(resp.Header, r.now()) > r.maxWait {
		return false // the router plans it
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return true // refused before it was looked at, whatever it is
	}
	return safe && resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
}

// passing reports whether a failure without an answer may heal within moments. Layers below have already decided about
// a connectors.Error (sign-in refused, breaker open, long pause); time-outs have waited long enough.
func passing(err error) bool {
	var known *connectors.Error
	var timeout net.Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &known), errors.As(err, &cert):
		return false
	case errors.As(err, &timeout) && timeout.Timeout():
		return false
	}
	return !errors.Is(err, context.Canceled)
}

// backoff is full jitter, or what the vendor asks for. After a 429 the limiter holds the request back, so there is
// nothing to wait for here.
func (r *retrying) backoff(_, _ time.Duration, n int, resp *http.Response) time.Duration {
	first := firstBackoff
	if resp != nil && resp.StatusCode == http.StatusTooManyRequests {
		if r.paced {
			return 0
		}
		first = firstRefused
	}
	if resp != nil {
		if asked := rest.RetryAfter(resp.Header, r.now()); asked > 0 {
			return min(asked+rand.N(asked/10+1), r.maxWait)
		}
	}
	return rand.N(min(first<<min(n, 8), r.maxWait)) + time.Millisecond
}
