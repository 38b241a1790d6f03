package hubspot

import (
	"fmt"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// ByHand implements connectors.ByHander. HubSpot's subscriptions belong to the app and not to the account: its API takes them
// only from the developer account that owns a public app, a private app's are set in its settings, and those of an app that
// is built as a project stand in the project. What a connection signs in with may do none of that
// (https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide). With the owner's key it is an owner.
func (a *account) ByHand(place connectors.Place) []string {
	var events []string
	for _, o := range a.hooks.objects {
		for _, what := range append(o.told(), propertyChange) {
			events = append(events, o.singular+"."+what)
		}
	}
	return []string{
		"HubSpot takes webhooks only from the owner of the app, not from what this connection signs in with.",
		"Of a public app that is not built as a project: set app_id and developer_api_key of the connection, restart the daemon, and this command does the rest.",
		"Of any other app, open it in HubSpot (private app: Settings, Integrations, Private Apps, Webhooks; a project: its file webhooks-hsmeta.json).",
		fmt.Sprintf("Set the target URL to %s", place.Below()),
		"Subscribe to " + strings.Join(events, ", ") + "; for propertyChange choose the properties that the mapping reads.",
		"Set webhook_secret of the connection to the app's client secret, and restart the daemon.",
	}
}
