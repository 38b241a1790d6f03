package asanatest

import (
	"net/http"
	"sync"
	"time"
)

// cost is what a request weighs: requests for the rate, and reads and writes in flight.
type cost struct{ reads, writes int }

// costOf weighs one request: GET is a read, everything else is not. https://developers.asana.com/docs/rate-limits
func costOf(method string) cost {
	if method == http.MethodGet {
		return cost{reads: 1}
	}
	return cost{writes: 1}
}

func (c cost) total() int { return c.reads + c.writes }

// limiter refuses what a token asks for beyond its rate or concurrency. It runs on the machine's clock, so that a frozen
// vendor still lets its client pass.
type limiter struct {
	limits Limits
	mu     sync.Mutex
	tokens map[string]*account
}

type account struct {
	bucket *bucket
	flying cost
}

func newLimiter(l Limits) *limiter {
	if l.PerSecond == 0 && l.PerMinute > 0 {
		l.PerSecond, l.Burst = float64(l.PerMinute)/60, l.PerMinute
	}
	if l.PerSecond > 0 && l.Burst == 0 {
		l.Burst = max(1, int(l.PerSecond))
	}
	return &limiter{limits: l, tokens: map[string]*account{}}
}

// admit lets a request in and returns the function that ends it, or returns how long to wait. A refused request counts
// against the rate like any other.
func (l *limiter) admit(token string, c cost) (done func(), retry time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(token)
	if over(l.limits.Reads, a.flying.reads+c.reads, c.reads) || over(l.limits.Writes, a.flying.writes+c.writes, c.writes) {
		a.spend(c)
		return nil, time.Second, false
	}
	if a.bucket != nil {
		if granted, wait := a.bucket.take(time.Now(), c.total()); !granted {
			return nil, wait, false
		}
	}
	a.flying.reads += c.reads
	a.flying.writes += c.writes
	return func() { l.finish(a, c) }, 0, true
}

// fit returns how many of the costs could be admitted one by one; it admits none.
func (l *limiter) fit(token string, costs []cost) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, n := l.account(token), len(costs)
	if a.bucket != nil {
		n = min(n, a.bucket.whole(time.Now()))
	}
	free := cost{l.limits.Reads - a.flying.reads, l.limits.Writes - a.flying.writes}
	var sum cost
	for i, c := range costs[:n] {
		sum.reads += c.reads
		sum.writes += c.writes
		if l.limits.Reads > 0 && sum.reads > free.reads || l.limits.Writes > 0 && sum.writes > free.writes {
			return i
		}
	}
	return n
}

func (l *limiter) finish(a *account, c cost) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.flying.reads -= c.reads
	a.flying.writes -= c.writes
}

func (l *limiter) account(token string) *account {
	a := l.tokens[token]
	if a == nil {
		a = &account{}
		if l.limits.PerSecond > 0 {
			a.bucket = newBucket(l.limits.PerSecond, l.limits.Burst)
		}
		l.tokens[token] = a
	}
	return a
}

func (a *account) spend(c cost) {
	if a.bucket != nil {
		a.bucket.fine(time.Now(), c.total())
	}
}

func over(limit, would, asked int) bool { return limit > 0 && asked > 0 && would > limit }
