package canonical_test

import (
	"encoding/json"
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
)

func TestSubscribed(t *testing.T) {
	for _, c := range []struct {
		name, consents string
		want           canonical.Subscription
	}{
		{"nothing is known", ``, canonical.NotAsked},
		{"a claim of emptiness is none", `null`, canonical.NotAsked},
		{"another channel says nothing of e-mail", `[{"channel":"phone","status":"opted_out"}]`, canonical.NotAsked},
		{"opted in", `[{"channel":"email","topic":"News","status":"opted_in"}]`, canonical.Allowed},
		{"out of one list is not out of another", `[{"channel":"email","topic":"News","status":"opted_out"},{"channel":"email","topic":"Offers","status":"opted_in"}]`, canonical.Allowed},
		{"out of one list leaves what is allowed in general", `[{"channel":"email","status":"opted_in"},{"channel":"email","topic":"News","status":"opted_out"}]`, canonical.Allowed},
		{"out of everything is out of each list", `[{"channel":"email","topic":"News","status":"opted_in"},{"channel":"email","status":"opted_out"}]`, canonical.Refused},
		{"in any order", `[{"channel":"email","status":"opted_out"},{"channel":"email","topic":"News","status":"opted_in"}]`, canonical.Refused},
		{"out of every list there is", `[{"channel":"email","topic":"News","status":"opted_out"},{"channel":"email","topic":"Offers","status":"never"}]`, canonical.Refused},
		{"never agreed", `[{"channel":"email","status":"never"}]`, canonical.Refused},
		{"asked and not answered", `[{"channel":"email","topic":"News","status":"pending"},{"channel":"email","topic":"Offers","status":"opted_out"}]`, canonical.Awaited},
		{"a general question restricts each list", `[{"channel":"email","topic":"News","status":"opted_in"},{"channel":"email","status":"pending"}]`, canonical.Awaited},
		{"a word nobody knows is no permission", `[{"channel":"email","status":"cleaned"}]`, canonical.Awaited},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := canonical.Subscribed(json.RawMessage(c.consents)); got != c.want {
				t.Errorf("Subscribed(%s) = %s, want %s", c.consents, got, c.want)
			}
		})
	}
}
