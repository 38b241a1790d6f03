package activecampaign

import (
	"net/http"
	"strconv"
	"time"

	"github.com/millrace/millrace/connectors"
)

// accountLimit is the one limit there is: five requests a second for the whole account, whatever keys and plans
// (https://developers.activecampaign.com/reference/rate-limits). None of the recorded answers has the headers that the
// page promises, so the pace is our own.
const (
	accountLimit = "account"
	allowed      = 5.0
)

// slack is the part of the rate that is not used: the vendor counts by its own clock, to which requests come as the network
// lets them.
const slack = 0.04

func limits(v connectors.Values) []connectors.Limit {
	return []connectors.Limit{{Name: accountLimit, Rate: v.Number("requests_per_second") * (1 - slack), Burst: 1}}
}

func cost(*http.Request) connectors.Cost {
	return connectors.Cost{Weight: 1, Limits: []string{accountLimit}}
}

// told reads RateLimit-Remaining, where it is sent. RateLimit-Limit says what everybody has together, and is not taken for
// ours. There is no header that says when the second is over.
func told(r *http.Response) []connectors.Told {
	left, err := strconv.Atoi(r.Header.Get("RateLimit-Remaining"))
	if err != nil || left < 0 {
		return nil
	}
	return []connectors.Told{{Limit: accountLimit, Remaining: left, Reset: time.Second}}
}
