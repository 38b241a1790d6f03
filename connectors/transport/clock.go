package transport

import (
	"net/http"
	"sync"
	"time"
)

// Clock learns from the Date of answers how far our clock is from a vendor's. The zero value is ready to use.
//
// A Date is cut to the second, and was written at some instant between the request and its answer; so each answer only bounds the
// difference, and several bound it closer than any one of them. An answer with an Age came out of a cache, and its Date is of
// when it was put there (RFC 9110, 6.6.1; RFC 9111, 5.1): it says nothing of the vendor's clock now.
type Clock struct {
	mu      sync.Mutex
	skew    Skew
	answers int // in all
	undated int // of them, those without a Date
	cached  int // of them, those out of a cache
}

// Skew is how far our clock is from a vendor's: between Least and Most ahead of it, negative for behind it.
type Skew struct {
	Least, Most time.Duration
}

// Mid is the best guess.
func (s Skew) Mid() time.Duration { return s.Least + (s.Most-s.Least)/2 }

// Doubt is how far the guess may be off, either way.
func (s Skew) Doubt() time.Duration { return (s.Most - s.Least) / 2 }

// dateIs is how long the second is that a Date stands for.
const dateIs = time.Second

// Forget begins anew: clocks are set, and what was learnt before is of no use then.
func (c *Clock) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew, c.answers, c.undated, c.cached = Skew{}, 0, 0, 0
}

// Skew returns what was learnt since Forget, false when no answer told the time.
func (c *Clock) Skew() (Skew, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew, c.answers > c.undated+c.cached
}

// Silent says why there is no Skew: how many answers there were, and how many of them came out of a cache. The others had no
// Date.
func (c *Clock) Silent() (answers, cached int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers, c.cached
}

// learn takes the header of an answer, and our time before the request and after it.
func (c *Clock) learn(h http.Header, asked, answered time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers++
	switch {
	case h.Get("Age") != "":
		c.cached++
		return
	case err != nil:
		c.undated++
		return
	}
	now := Skew{Least: asked.Sub(date) - dateIs, Most: answered.Sub(date)}
	both := Skew{Least: max(c.skew.Least, now.Least), Most: min(c.skew.Most, now.Most)}
	if first := c.answers-c.undated-c.cached == 1; first || both.Least > both.Most {
		both = now // what contradicts the newest answer is of another machine of theirs, or of before a clock was set
	}
	c.skew = both
}

// dated has a Clock learn from every answer, also from refusals.
type dated struct {
	clock *Clock
	now   func() time.Time
	next  http.RoundTripper
}

func (d *dated) RoundTrip(req *http.Request) (*http.Response, error) {
	asked := d.now()
	resp, err := d.next.RoundTrip(req)
	if err == nil {
		d.clock.learn(resp.Header, asked, d.now())
	}
	return resp, err
}
