// Package all is the list of the connectors that the binary carries: one line for each.
//
// It knows nothing else of them; a connector outside the tree is added by a main package of its own.
package all

import (
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/asana"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/connectors/imap"
	"github.com/millrace/millrace/connectors/mailchimp"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/zendesk"
)

// List holds every connector, ordered by name.
var List = []connectors.Connector{
	activecampaign.Connector,
	asana.Connector,
	hubspot.Connector,
	imap.Connector,
	mailchimp.Connector,
	salesforce.Connector,
	zendesk.Connector,
}

// Find returns the connector of that name; ok is false when there is none.
func Find(name string) (c connectors.Connector, ok bool) {
	for _, c := range List {
		if c.Spec.Name == name {
			return c, true
		}
	}
	return connectors.Connector{}, false
}
