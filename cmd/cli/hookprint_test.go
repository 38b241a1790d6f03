package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/register"
)

// A webhook whose deliveries are not taken is shown with what the vendor says of them and what a person can do; one that
// works is not.
func TestFailingHookIsShownWithAdvice(t *testing.T) {
	place := connectors.Place{Connection: "desk", Address: "https://hooks.example.com/hooks/desk"}
	show := func(steps ...register.Step) string {
		var out bytes.Buffer
		rep := hookReport{Connection: "desk", Vendor: "Zendesk", Address: place.Address}
		rep.take(hookAccount{name: "desk", Account: register.Account{Place: place}}, register.Found{Steps: steps}, nil)
		(&app{out: &out}).printHooks([]hookReport{rep}, hookJob{name: "list", dry: true})
		return out.String()
	}
	have := connectors.Subscription{ID: "1", URL: place.Address, State: connectors.SubscriptionFailing, Why: "4 of the last 5 deliveries"}
	failing := show(register.Step{Do: register.Keep, Have: have, Why: "what it delivered last was not taken"})
	for _, want := range []string{"failing", "nothing", "what it delivered last was not taken: 4 of the last 5 deliveries",
		"desk: Zendesk delivers to https://hooks.example.com/hooks/desk, and is not always answered 2xx.", "firewall"} {
		if !strings.Contains(failing, want) {
			t.Errorf("%q is not in\n%s", want, failing)
		}
	}
	have.State = connectors.SubscriptionSilent
	silent := show(register.Step{Do: register.Keep, Have: have, Why: "it does not seem to deliver"})
	if !strings.Contains(silent, "it may be off there") || !strings.Contains(silent, "webhook remove desk") || strings.Contains(silent, "2xx") {
		t.Errorf("a silent one is shown as\n%s", silent)
	}
	have.State, have.Why = connectors.SubscriptionOn, ""
	if well := show(register.Step{Do: register.Keep, Have: have}); strings.Contains(well, "2xx") {
		t.Errorf("one that works is shown as\n%s", well)
	}
}
