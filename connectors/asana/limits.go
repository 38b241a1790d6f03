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

// unpaced is a rate that never holds anything up: a limit without a rate would be learnt, and reads and writes have none
// of their own.
const unpaced = 1e6

// limits declares what Asana allows: one rate for everything, and slots for reads and for writes.
func limits(v connectors.Values) []connectors.Limit {
	rate := float64(v.Int("requests_per_minute")) / 60
	return []connectors.Limit{
		{Name: limitAccount, Rate: rate, Burst: maxActions}, // a whole batch must fit
		{Name: limitReads, Rate: unpaced, InFlight: v.Int("in_flight_reads")},
		{Name: limitWrites, Rate: unpaced, InFlight: v.Int("in_flight_writes")},
	}
}

// weightKey carries the number of actions of a batch in its request's context: a batch of ten counts as ten requests in
// rate and in flight, and its body must not be read to learn that (https://developers.asana.com/reference/batch-api).
type weightKey struct{}

func withWeight(ctx context.Context, actions int) context.Context {
	return context.WithValue(ctx, weightKey{}, actions)
}

// cost says what a request of this connector takes from the account: one action, or as many as its batch holds. It reads
// the number from the request's context, where UpsertBatch puts it.
func cost(r *http.Request) connectors.Cost {
	weight, ok := r.Context().Value(weightKey{}).(int)
	if !ok || weight < 1 {
		weight = 1
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return connectors.Cost{Weight: weight, Limits: []string{limitAccount, limitReads}}
	}
	return connectors.Cost{Weight: weight, Limits: []string{limitAccount, limitWrites}}
}
