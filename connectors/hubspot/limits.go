package hubspot

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The names of the account's limits, see https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines.
const (
	accountLimit = "account"
	searchLimit  = "search"
)

// bucket returns the rate a second and the burst for a window that HubSpot counts in: a bucket lets its burst and its
// rate through any window, and both together must fit. 3 % are the burst.
func bucket(most, seconds float64) (rate float64, burst int) {
	burst = max(1, int(most*0.03))
	return max(most-float64(burst), 0.5) / seconds, burst
}

// limits declares the rolling ten-second limit and the search limit, which all kinds of object share. The daily limit
// is no rate: it comes back as Limited, with the time until midnight.
func limits(v connectors.Values) []connectors.Limit {
	per10s, searches := v.Number("requests_per_10s"), v.Number("searches_per_second")
	rate, burst := bucket(per10s, 10)
	// Searches come one by one: evenly spread, five of them fit into any second without a burst.
	return []connectors.Limit{{Name: accountLimit, Rate: rate, Burst: burst}, {Name: searchLimit, Rate: searches * 0.97, Burst: 1}}
}

// cost charges a search to the search limit alone: searches do not count against the ten-second limit
// (`x-hubspot-rate-limit-exemptions` in HubSpot's OpenAPI files). Everything else is charged to the account.
func cost(r *http.Request) connectors.Cost {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/search") {
		return connectors.Cost{Weight: 1, Limits: []string{searchLimit}}
	}
	return connectors.Cost{Weight: 1, Limits: []string{accountLimit}}
}

// safe says that the connector's POSTs are reads: searches and batch reads, of objects and of associations.
func safe(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/search") || strings.HasSuffix(r.URL.Path, "/batch/read")
}

const (
	headerMax       = "X-HubSpot-RateLimit-Max"
	headerRemaining = "X-HubSpot-RateLimit-Remaining"
	headerInterval  = "X-HubSpot-RateLimit-Interval-Milliseconds"
	headerDaily     = "X-HubSpot-RateLimit-Daily"
	headerDailyLeft = "X-HubSpot-RateLimit-Daily-Remaining"
)

// told reads the ten-second window from the headers. Searches never carry them; private apps' answers do.
func told(r *http.Response) []connectors.Told {
	most, ok := headerInt(r.Header, headerMax)
	interval, known := headerInt(r.Header, headerInterval)
	if !ok || !known || most <= 0 || interval <= 0 {
		return nil
	}
	rate, _ := bucket(float64(most), float64(interval)/1000)
	t := connectors.Told{Limit: accountLimit, Rate: rate, Remaining: -1}
	if left, ok := headerInt(r.Header, headerRemaining); ok && left >= 0 {
		t.Remaining, t.Reset = left, time.Duration(interval)*time.Millisecond
	}
	return []connectors.Told{t}
}

// headerInt reads a header that holds a small whole number.
func headerInt(h http.Header, name string) (int, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 32)
	return int(n), err == nil
}

// untilMidnight returns how long the daily quota of an account in the named zone stays empty. Without a zone the
// answer is an hour: one refused call an hour does no harm, and no midnight is missed by more than that.
func untilMidnight(now time.Time, zone string) time.Duration {
	if zone == "" {
		return time.Hour
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return time.Hour
	}
	now = now.In(place)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, place)
	return midnight.Sub(now) + time.Minute // HubSpot's midnight need not be ours to the second
}
