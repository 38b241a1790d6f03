package zendesk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The names of the limits, see https://developer.zendesk.com/api-reference/introduction/rate-limits/.
const (
	accountLimit = "account"
	exportLimit  = "export"         // of the cursor-based exports
	timedLimit   = "export_by_time" // of the time-based ones, which are counted apart
)

// plans are the requests a minute that each plan allows.
var plans = []struct {
	name string
	rate int
}{{"team", 200}, {"growth", 400}, {"professional", 400}, {"enterprise", 700}, {"enterprise_plus", 2500}, {"high_volume", 2500}}

func planNames() (names []string) {
	for _, p := range plans {
		names = append(names, p.name)
	}
	return names
}

// bucket returns the rate a second and the burst for a window of a minute: a bucket lets its burst and its rate through
// any window, and both together must fit. 3 % are the burst.
func bucket(perMinute float64) (rate float64, burst int) {
	burst = max(1, int(perMinute*0.03))
	return max(perMinute-float64(burst), 0.5) / 60, burst
}

// limits declares the account's requests a minute, and those of the incremental exports, which have limits of their own
// beside it, one for each method.
func limits(v connectors.Values) []connectors.Limit {
	rate, burst := bucket(float64(perMinute(v)))
	exports, first := bucket(float64(max(1, v.Int("exports_per_minute"))))
	return []connectors.Limit{{Name: accountLimit, Rate: rate, Burst: burst}, {Name: exportLimit, Rate: exports, Burst: first},
		{Name: timedLimit, Rate: exports, Burst: first}}
}

// perMinute is the number that is configured, or that of the plan.
func perMinute(v connectors.Values) int {
	if n := v.Int("requests_per_minute"); n > 0 {
		return n
	}
	for _, p := range plans {
		if p.name == v.String("plan") {
			return p.rate
		}
	}
	return plans[0].rate
}

// cost charges every request to the account, and one to an export to the exports too.
func cost(r *http.Request) connectors.Cost {
	if limit := exportOf(r.URL.Path); limit != "" {
		return connectors.Cost{Weight: 1, Limits: []string{accountLimit, limit}}
	}
	return connectors.Cost{Weight: 1, Limits: []string{accountLimit}}
}

// exportOf returns the limit of an export, "" for any other path.
func exportOf(path string) string {
	switch {
	case !strings.Contains(path, "/incremental/"):
		return ""
	case strings.HasSuffix(path, "/cursor"):
		return exportLimit
	}
	return timedLimit
}

// window is what headers say about a limit of so many requests a minute; left is -1 when they do not say.
type window struct {
	total, left int
	reset       time.Duration
}

// told reads what an answer's headers say, by all the names they have had.
func told(r *http.Response) []connectors.Told {
	var list []connectors.Told
	export := ""
	if r.Request != nil && r.Request.URL != nil {
		export = exportOf(r.Request.URL.Path)
	}
	if w, ok := accountWindow(r.Header); ok {
		list = append(list, w.told(accountLimit))
	}
	if w, ok := exportWindow(r.Header); ok && export != "" {
		list = append(list, w.told(export))
	}
	return list
}

func (w window) told(limit string) connectors.Told {
	rate, _ := bucket(float64(w.total))
	t := connectors.Told{Limit: limit, Rate: rate, Remaining: w.left}
	if w.left >= 0 {
		t.Reset = w.reset
	}
	return t
}

// exhausted reports whether the headers say that nothing is left for the whole account.
func exhausted(h http.Header) bool {
	w, ok := accountWindow(h)
	return ok && w.left == 0
}

// accountWindow reads the account's limit: `X-Rate-Limit` since the beginning, `rate-limit` beside it (2023), and
// `ratelimit-limit` (2026).
func accountWindow(h http.Header) (window, bool) {
	for _, prefix := range []string{"Ratelimit-", "Rate-Limit-", "X-Rate-Limit-"} {
		total, ok := number(either(h.Get(prefix+"Limit"), h.Get(strings.TrimSuffix(prefix, "-"))))
		if !ok || total < leastAccount {
			continue
		}
		w := window{total: total, left: -1, reset: time.Minute}
		if left, ok := number(h.Get(prefix + "Remaining")); ok {
			w.left = left
		}
		for _, name := range []string{"Ratelimit-Reset", "Rate-Limit-Reset"} {
			if seconds, ok := number(h.Get(name)); ok && seconds <= 3600 {
				w.reset = time.Duration(max(1, seconds)) * time.Second
				break
			}
		}
		return w, true
	}
	return window{}, false
}

// leastAccount is less than any account's limit. A smaller number in the account's headers is that of an endpoint, which
// older answers put there.
const leastAccount = 50

// exportWindow reads the limit of an endpoint, `zendesk-ratelimit-<name>: total=10; remaining=8; resets=36`, before 2026
// `zendesk-rate-limit-<name>`. Of several the one with the least left counts.
func exportWindow(h http.Header) (window, bool) {
	best, found := window{}, false
	for name, values := range h {
		if !strings.HasPrefix(name, "Zendesk-Ratelimit-") && !strings.HasPrefix(name, "Zendesk-Rate-Limit-") || len(values) == 0 {
			continue
		}
		if w, ok := parseWindow(values[0]); ok && (!found || w.left < best.left) {
			best, found = w, true
		}
	}
	return best, found
}

func parseWindow(text string) (window, bool) {
	w := window{left: -1, reset: time.Minute}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		n, ok := number(value)
		if !ok {
			continue
		}
		switch key {
		case "total":
			w.total = n
		case "remaining":
			w.left = n
		case "resets":
			w.reset = time.Duration(min(max(1, n), 3600)) * time.Second
		}
	}
	return w, w.total > 0
}

// number reads a small whole number.
func number(text string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	return int(n), err == nil && n >= 0
}
