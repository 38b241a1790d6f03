package salesforce

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// dailyLimit is the number of API calls an organization has in 24 hours, for all that is connected to it.
// https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
const dailyLimit = "daily"

// callsAtOnce is how many calls may run at the same time: an organization may have 25 that take longer than 20 seconds,
// a developer's 5, and others want some too.
const callsAtOnce = 4

// limits declares the day. Within it there is no limit of the rate, so the one declared only keeps order.
func limits(v connectors.Values) []connectors.Limit {
	return []connectors.Limit{{Name: dailyLimit, Rate: 100, Burst: 100, InFlight: callsAtOnce, Keep: 1 - v.Number("daily_share"), Rest: dailyRest}}
}

// cost charges every call alike: whatever it brings, it is one of the day's.
func cost(*http.Request) connectors.Cost {
	return connectors.Cost{Weight: 1, Limits: []string{dailyLimit}}
}

// safe says that the connector's POST of ids only reads. A POST that makes a job is not repeated: it would make another.
func safe(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/composite/sobjects/")
}

// usage is what every answer says of the day: `api-usage=895/15000`, and perhaps of single apps behind it.
var usage = regexp.MustCompile(`(?:^|[;,\s])api-usage=(\d{1,9})/(\d{1,9})`)

// told reads the day's usage.
func told(r *http.Response) []connectors.Told {
	used, all, ok := usageIn(r.Header)
	if !ok {
		return nil
	}
	return []connectors.Told{{Limit: dailyLimit, Remaining: max(0, all-used), Of: all}}
}

func usageIn(h http.Header) (used, all int, ok bool) {
	m := usage.FindStringSubmatch(h.Get("Sforce-Limit-Info"))
	if m == nil {
		return 0, 0, false
	}
	used, _ = strconv.Atoi(m[1])
	all, _ = strconv.Atoi(m[2])
	return used, all, all > 0
}
