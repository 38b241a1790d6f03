package zendesktest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits are an account's quotas in requests; 0 is no limit. They run on the machine's clock, so that a frozen vendor
// still lets its client pass.
type Limits struct {
	PerMinute int // of the whole account: 200 to 2500 by plan
	Exports   int // of cursor exports and of time-based exports, each, in a minute: 10, or 30 with an add-on
	// UserUpdates is how often one user may be updated in a minute, TicketUpdates one ticket in ten minutes.
	UserUpdates, TicketUpdates int
	// Headers are the names that quotas are told by: "old", "new", or empty for both. The X- headers are always there.
	Headers string
}

// DefaultLimits are those of an Enterprise account.
func DefaultLimits() *Limits {
	return &Limits{PerMinute: 700, Exports: 10, UserUpdates: 5, TicketUpdates: 30}
}

// window allows a number of events in every span of time that begins with the first of them, as the vendor counts.
type window struct {
	most  int
	span  time.Duration
	begun time.Time
	used  int
}

// take counts an event and returns whether it is allowed, how many are left and how long until the window begins anew.
func (w *window) take(now time.Time) (ok bool, left int, reset time.Duration) {
	if w.begun.IsZero() || now.Sub(w.begun) >= w.span {
		w.begun, w.used = now, 0
	}
	reset = w.span - now.Sub(w.begun)
	if w.used >= w.most {
		return false, 0, reset
	}
	w.used++
	return true, w.most - w.used, reset
}

// limiter holds the quotas of an account; nil limits nothing.
type limiter struct {
	limits Limits

	mu      sync.Mutex
	account window
	named   map[string]*window // by the name in the headers
	rows    map[string]*window // by table and id
}

func newLimiter(l *Limits) *limiter {
	if l == nil {
		return nil
	}
	return &limiter{limits: *l, account: window{most: l.PerMinute, span: time.Minute}, named: map[string]*window{}, rows: map[string]*window{}}
}

// limit refuses requests over a quota and sets the headers that tell of it.
func (s *Server) limit(next http.Handler) http.Handler {
	if s.limits == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.limits.admit(w.Header(), r, time.Now()); f != nil {
			writeFailure(w, f)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// admit counts a request against the account's quota and that of its endpoint.
func (l *limiter) admit(h http.Header, r *http.Request, now time.Time) *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits.PerMinute > 0 {
		ok, left, reset := l.account.take(now)
		l.tell(h, left, reset)
		if !ok {
			f := fail(http.StatusTooManyRequests, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded")
			f.retry = seconds(reset)
			return f
		}
	}
	name := endpoint(r)
	if name == "" || l.limits.Exports == 0 {
		return nil
	}
	w := l.named[name]
	if w == nil {
		w = &window{most: l.limits.Exports, span: time.Minute}
		l.named[name] = w
	}
	ok, left, reset := w.take(now)
	value := fmt.Sprintf("total=%d; remaining=%d; resets=%s", w.most, left, seconds(reset))
	if l.limits.Headers != "new" {
		h.Set("Zendesk-Rate-Limit-"+name, value)
	}
	if l.limits.Headers != "old" {
		h.Set("Zendesk-RateLimit-"+name, value)
	}
	if !ok {
		f := fail(http.StatusTooManyRequests, "APIRateLimitExceeded", "You have exceeded the rate limit for this endpoint. Please wait %s seconds.", seconds(reset))
		f.retry = seconds(reset)
		return f
	}
	return nil
}

// endpoint names the quota of an incremental export: cursor and time-based ones have one each.
func endpoint(r *http.Request) string {
	path := strings.TrimSuffix(r.URL.Path, ".json")
	switch {
	case !strings.HasPrefix(path, "/api/v2/incremental/"):
		return ""
	case strings.HasSuffix(path, "/cursor"):
		return "incremental-exports-cursor"
	}
	return "incremental-exports"
}

func (l *limiter) tell(h http.Header, left int, reset time.Duration) {
	limit, remaining := strconv.Itoa(l.limits.PerMinute), strconv.Itoa(left)
	h.Set("X-Rate-Limit", limit)
	h.Set("X-Rate-Limit-Remaining", remaining)
	if l.limits.Headers != "new" {
		h.Set("Rate-Limit", limit)
		h.Set("Rate-Limit-Remaining", remaining)
		h.Set("Rate-Limit-Reset", seconds(reset))
	}
	if l.limits.Headers != "old" {
		h.Set("RateLimit-Limit", limit)
		h.Set("RateLimit-Remaining", remaining)
		h.Set("RateLimit-Reset", seconds(reset))
	}
}

// update refuses a row that is changed too often. The answer for a user is a plain text (recorded).
func (l *limiter) update(t *table, o *row, now time.Time) *failure {
	if l == nil {
		return nil
	}
	most, span := 0, time.Minute
	switch t.plural {
	case "users":
		most = l.limits.UserUpdates
	case "tickets":
		most, span = l.limits.TicketUpdates, 10*time.Minute
	}
	if most == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := t.plural + digits(o.id)
	if l.rows[key] == nil {
		l.rows[key] = &window{most: most, span: span}
	}
	ok, _, reset := l.rows[key].take(now)
	switch {
	case ok:
		return nil
	case t.plural == "users":
		return &failure{code: http.StatusTooManyRequests, retry: seconds(reset),
			body: "You have exceeded the rate limit for updating a single unique user. user email:  id:  external_id: "}
	}
	f := fail(http.StatusTooManyRequests, "TooManyUpdates", "Too many updates to the same ticket by the same user")
	f.retry = seconds(reset)
	return f
}
