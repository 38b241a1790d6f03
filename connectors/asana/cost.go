package asana

import (
	"context"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// The limits of an account. Reads and writes also share the rate of the account
// (https://developers.asana.com/docs/rate-limits).
const (
	limitAccount = "account"
	limitReads   = "reads"
	limitWrites  = "writes"
)

// limits declares what Asana allows. The rate stands on all three, since a limit without one would be learnt.
func limits(v connectors.Values) []connectors.Limit {
	rate := float64(v.Int("requests_per_minute")) / 60
	burst := maxActions // a whole batch must fit, and a minute's budget is never spent at once
	return []connectors.Limit{
		{Name: limitAccount, Rate: rate, Burst: burst},
		{Name: limitReads, Rate: rate, Burst: burst, InFlight: v.Int("in_flight_reads")},
		{Name: limitWrites, Rate: rate, Burst: burst, InFlight: v.Int("in_flight_writes")},
	}
}

// weightKey carries the number of actions of a batch in its request's context: a batch of ten counts as ten requests in
// rate and in flight, and its body must not be read to learn that (https://developers.asana.com/reference/batch-api).
type weightKey struct{}

func withWeight(ctx context.Context, actions int) context.Context {
	return context.WithValue(ctx, weightKey{}, actions)
}

// Cost says what a request of this connector takes from the account: one action, or as many as its batch holds. It reads
// the number from the request's context, where UpsertBatch puts it.
func Cost(r *http.Request) connectors.Cost {
	weight, ok := r.Context().Value(weightKey{}).(int)
	if !ok || weight < 1 {
		weight = 1
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return connectors.Cost{Weight: weight, Limits: []string{limitAccount, limitReads}}
	}
	return connectors.Cost{Weight: weight, Limits: []string{limitAccount, limitWrites}}
}
