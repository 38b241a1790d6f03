package mailchimp

import (
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// connectionsLimit is the only limit there is: so many requests at the same time for each user, over all applications. No
// header tells of it. https://mailchimp.com/developer/marketing/docs/fundamentals/#api-limits
const connectionsLimit = "connections"

// mostConnections is Mailchimp's number.
const mostConnections = 10

func limits(v connectors.Values) []connectors.Limit {
	return []connectors.Limit{{Name: connectionsLimit, InFlight: min(max(1, v.Int("connections")), mostConnections)}}
}

func cost(*http.Request) connectors.Cost {
	return connectors.Cost{Weight: 1, Limits: []string{connectionsLimit}}
}
