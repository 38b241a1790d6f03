package hubspottest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Limits are an account's quotas; 0 is no limit. They run on the machine's clock.
type Limits struct {
	TenSeconds int // requests in any ten seconds
	Search     int // searches in any second, shared by all types of object
	Daily      int // requests of private apps in a day; OAuth apps have no such limit and get no such headers
}

// DefaultLimits are those of a private app of a Professional account.
func DefaultLimits() *Limits { return &Limits{TenSeconds: 190, Search: 5, Daily: 625_000} }

// window allows a number of events in any span of time: a rolling window, which is stricter than a token bucket.
type window struct {
	most int
	span time.Duration
	at   []time.Time // of the last events, oldest first, at most most
}

// take counts an event and reports whether it was allowed, and how many more would be now.
func (w *window) take(now time.Time) (bool, int) {
	if w.most == 0 {
		return true, 0
	}
	i := 0
	for i < len(w.at) && now.Sub(w.at[i]) >= w.span {
		i++
	}
	w.at = w.at[i:]
	if len(w.at) >= w.most {
		return false, 0
	}
	w.at = append(w.at, now)
	return true, w.most - len(w.at)
}

// limiter holds the quotas of an account; nil limits nothing.
type limiter struct {
	mu      sync.Mutex
	limits  Limits
	general window
	search  window
	used    int // requests of the day that began at since
	since   time.Time
}

func newLimiter(l *Limits) *limiter {
	if l == nil {
		return nil
	}
	return &limiter{limits: *l, general: window{most: l.TenSeconds, span: 10 * time.Second}, search: window{most: l.Search, span: time.Second}}
}

// daily returns the use of the daily quota and the quota.
func (l *limiter) daily() (used, most int) {
	if l == nil {
		return 0, 1_000_000
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used, l.limits.Daily
}

// limit refuses requests over the quota and sets the rate headers. Searches have their own quota and, as recorded,
// never the headers of the general one; the daily ones come only to private apps.
func (s *Server) limit(next http.Handler) http.Handler {
	if s.limits == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if policy := s.limits.admit(w.Header(), r, s.auth.private(r)); policy != "" {
			writeFailure(w, overLimit(policy))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admit counts a request and returns the policy that refuses it, or "".
func (l *limiter) admit(h http.Header, r *http.Request, private bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if private && l.limits.Daily > 0 {
		if now.Sub(l.since) >= 24*time.Hour {
			l.used, l.since = 0, now
		}
		l.used++
		h.Set("X-HubSpot-RateLimit-Daily", strconv.Itoa(l.limits.Daily))
		h.Set("X-HubSpot-RateLimit-Daily-Remaining", strconv.Itoa(max(0, l.limits.Daily-l.used)))
		if l.used > l.limits.Daily {
			return "DAILY"
		}
	}
	if isSearch(r) {
		if ok, _ := l.search.take(now); !ok {
			return "SECONDLY"
		}
		return ""
	}
	ok, left := l.general.take(now)
	if l.limits.TenSeconds > 0 {
		h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(l.limits.TenSeconds))
		h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(left))
		h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
	}
	if !ok {
		return "TEN_SECONDLY_ROLLING"
	}
	return ""
}

// overLimit is the 429. The recorded ones, all of the search quota, have neither policyName nor Retry-After; the
// documentation shows policyName for the others.
func overLimit(policy string) *failure {
	f := fail(http.StatusTooManyRequests, "RATE_LIMITS", "You have reached your %s limit.", limitWords[policy])
	if policy != "SECONDLY" {
		f.PolicyName = policy
	}
	return f
}

var limitWords = map[string]string{"SECONDLY": "secondly", "TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "DAILY": "daily"}

// refuse answers faults of the plan in HubSpot's envelope.
func refuse(w http.ResponseWriter, _ *http.Request, f sandbox.Refusal) {
	switch f.Status {
	case http.StatusTooManyRequests:
		writeFailure(w, overLimit("SECONDLY"))
	case http.StatusUnauthorized:
		writeFailure(w, unauthorized())
	case http.StatusNotFound:
		writeFailure(w, missing())
	default:
		writeFailure(w, fail(f.Status, "", "%s", http.StatusText(f.Status)))
	}
}
