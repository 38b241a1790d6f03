package hubspot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// handEvents are what a subscription of an object has to tell of.
var handEvents = []string{"creation", "deletion", "propertyChange", "merge", "restore"}

// ByHand implements connectors.ByHander. HubSpot's subscriptions belong to the app and not to the account: its API takes them
// only from the developer account that owns a public app, and a private app's are set in its settings. What a connection signs
// in with may do neither (https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide).
func (a *account) ByHand(place connectors.Place) []string {
	var events []string
	for _, o := range objects {
		if !a.hooks.has(o) {
			continue
		}
		for _, what := range handEvents {
			events = append(events, o.singular+"."+what)
		}
		if o.name == "contacts" {
			events = append(events, o.singular+".privacyDeletion")
		}
		if len(o.to) > 0 {
			events = append(events, o.singular+".associationChange")
		}
	}
	return []string{
		"HubSpot takes webhooks only from the owner of the app, not from what this connection signs in with.",
		"Open the app in HubSpot (private app: Settings, Integrations, Private Apps, Webhooks; public app: the developer account, Apps, Webhooks).",
		fmt.Sprintf("Set the target URL to %s", place.Below()),
		"Subscribe to " + strings.Join(events, ", ") + "; for propertyChange choose the properties that the mapping reads.",
		"Set webhook_secret of the connection to the app's client secret, and restart the daemon.",
	}
}

func (h hooks) has(o object) bool {
	return slices.ContainsFunc(h.objects, func(read object) bool { return read.name == o.name })
}
