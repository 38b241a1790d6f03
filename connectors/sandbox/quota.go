package sandbox

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bucket is a token bucket: it holds at most Burst tokens and gains Rate tokens a second.
// It is safe for concurrent use.
type Bucket struct {
	lim *rate.Limiter
	mu  sync.Mutex
}

// NewBucket returns a full bucket.
func NewBucket(perSecond float64, burst int) *Bucket {
	return &Bucket{lim: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

// Take takes n tokens and reports true, or takes none and returns how long until n would be there.
// More tokens than the bucket can ever hold are never granted; the wait is then the time a full bucket needs.
func (b *Bucket) Take(now time.Time, n int) (ok bool, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lim.AllowN(now, n) {
		return true, 0
	}
	missing := math.Min(float64(n), float64(b.lim.Burst())) - b.lim.TokensAt(now)
	return false, time.Duration(math.Max(0, missing) / float64(b.lim.Limit()) * float64(time.Second))
}

// Spend takes up to n tokens that are there; what is not there is forgiven.
func (b *Bucket) Spend(now time.Time, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	have := int(b.lim.TokensAt(now))
	b.lim.AllowN(now, max(0, min(n, have)))
}

// Remaining returns how many whole tokens are there.
func (b *Bucket) Remaining(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, int(b.lim.TokensAt(now)))
}

// Quota is a vendor's limiter: a rate with a weight per request, and a limit on requests in flight. The zero value
// limits nothing; so does a nil Quota. It runs on the machine's clock, not the vendor's, so that a frozen vendor
// still lets its client pass. Its fields must not change after the first request.
type Quota struct {
	// Rate limits the requests' weights; nil is no rate limit.
	Rate *Bucket
	// Weight returns what a request costs; nil means 1.
	Weight func(*http.Request) int
	// RefusedCosts makes a refused request cost tokens too, as some vendors count it (Asana says so).
	RefusedCosts bool
	// Reads and Writes limit requests in flight; 0 is no limit.
	Reads, Writes int
	// Now is the clock of the rate; nil is time.Now.
	Now func() time.Time

	mu     sync.Mutex
	inside [2]int
}

// The reasons of a Refusal that comes from a Quota.
const (
	OverRate   = "rate"       // too many requests for the time
	OverFlight = "concurrent" // too many requests at once
)

// Admit lets a request in and returns the function that must be called when it is done, or returns the reason why not
// and how long the rate needs; the wait is 0 for OverFlight. Write tells which in-flight limit counts.
func (q *Quota) Admit(r *http.Request, write bool) (done func(), reason string, wait time.Duration) {
	if q == nil {
		return func() {}, "", 0
	}
	kind, limit := 0, q.Reads
	if write {
		kind, limit = 1, q.Writes
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if limit > 0 && q.inside[kind] >= limit {
		return nil, OverFlight, 0
	}
	if wait, ok := q.spend(r); !ok {
		return nil, OverRate, wait
	}
	q.inside[kind]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.inside[kind]--
	}, "", 0
}

// spend takes the request's weight from the rate.
func (q *Quota) spend(r *http.Request) (time.Duration, bool) {
	if q.Rate == nil {
		return 0, true
	}
	now, weight := time.Now, 1
	if q.Now != nil {
		now = q.Now
	}
	if q.Weight != nil {
		weight = q.Weight(r)
	}
	at := now()
	ok, wait := q.Rate.Take(at, weight)
	if !ok && q.RefusedCosts {
		q.Rate.Spend(at, weight)
	}
	return wait, ok
}
