package rest

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAfter is the longest wait a vendor's word is believed for: a daily quota that has just been used up, and an hour
// for time zones and slack. A longer one is a defect or an attack and would stop a stream for ever.
const MaxAfter = 25 * time.Hour

// RetryAfter returns how long the answer asks to wait, 0 when it does not say or says nonsense. It reads seconds
// (also fractions, rounded up to milliseconds) and an HTTP date (RFC 9110, 10.2.3). A date is taken against the answer's
// own Date, so that a wrong clock on either side changes nothing; now is used only when there is none. The result is
// never negative and never above MaxAfter.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil || math.IsInf(seconds, 0) {
		return fromSeconds(seconds)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if d := date(h); !d.IsZero() {
		now = d
	}
	return min(max(at.Sub(now), 0), MaxAfter)
}

func fromSeconds(s float64) time.Duration {
	switch {
	case math.IsNaN(s) || s <= 0:
		return 0
	case s >= MaxAfter.Seconds():
		return MaxAfter
	}
	return time.Duration(math.Ceil(s*1000)) * time.Millisecond
}
