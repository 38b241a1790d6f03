package identity

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// The groups of fields that are taken whole from one source.
const (
	nameGroup    = "name"
	addressGroup = "address"
	placeGroup   = "stage"
	consentGroup = "consent"
)

// place are the fields that say where a deal or a ticket stands; a stage means nothing in another pipeline.
var place = []string{"pipeline", "stage", "status", "probability", "stage_history", "status_history"}

// defaultPlan is model 4.5: lists are united; names come from the best source, then from the fullest; an owner from the
// best source; a lifecycle stage is the highest; a consent the one that allows least; when something was made is the
// earliest anybody knows, the last activity the latest; everything else is what was updated last. A custom attribute is
// one source's, never a mixture.
func defaultPlan(k canonical.Kind, d canonical.Def) plan {
	switch name := d.Name; {
	case k == canonical.Consent && isConsent(name):
		return plan{group: consentGroup, rules: []Rule{MostRestrictive, LastUpdated}}
	case name == "do_not_contact", d.Type == canonical.Permissions: // of consents, each channel and topic by itself
		return plan{rules: []Rule{MostRestrictive, Union}}
	case strings.HasPrefix(name, canonical.Custom):
		return plan{rules: []Rule{SourceSequence, LastUpdated}} // one that is promoted (attr.) is a field like any other
	case d.Type == canonical.Localizations || strings.HasPrefix(name, "name."):
		return plan{group: nameGroup, rules: []Rule{SourceSequence, MostComplete, LastUpdated}}
	case strings.HasPrefix(name, "address."):
		return plan{group: addressGroup, rules: []Rule{LastUpdated}}
	case isPlace(k, name):
		return plan{group: placeGroup, rules: []Rule{LastUpdated}}
	case name == "lifecycle.stage", name == "last_activity_at":
		return plan{rules: []Rule{Max, LastUpdated}}
	case name == "created":
		return plan{rules: []Rule{Min}}
	case name == "owner", name == "assignee":
		return plan{rules: []Rule{SourceSequence, LastUpdated}}
	case isUnited(d.Type):
		return plan{rules: []Rule{Union}}
	}
	return plan{rules: []Rule{LastUpdated}}
}

func isConsent(name string) bool {
	switch name {
	case "status", "since", "lawful_basis", "url", "created":
		return true
	}
	return strings.HasPrefix(name, "evidence")
}

func isPlace(k canonical.Kind, name string) bool {
	if k != canonical.Deal && k != canonical.Ticket {
		return false
	}
	for _, p := range place {
		if p == name {
			return true
		}
	}
	return false
}

// builtinRank orders connectors as the model does: CRM, helpdesk, marketing, mail, then what is not known.
func builtinRank(connector string) int {
	for rank, list := range builtinOrder {
		for name := range strings.FieldsSeq(list) {
			if name == connector {
				return rank
			}
		}
	}
	return len(builtinOrder)
}

var builtinOrder = [...]string{
	"salesforce",
	"hubspot dynamics pipedrive zoho copper close attio sugarcrm toycrm",
	"zendesk freshdesk helpscout intercom front jira_service",
	"activecampaign mailchimp marketo pardot brevo klaviyo mailerlite mixpanel",
	"gmail imap outlook exchange",
}

// builtinLadder is the ladder of model 3.5. What stands beside it says less than any step of it.
var builtinLadder = map[string]int{
	"visitor": 0, "subscriber": 10, "lead": 20, "prospect": 25, "mql": 30, "marketingqualifiedlead": 30, "sql": 40,
	"salesqualifiedlead": 40, "opportunity": 50, "customer": 60, "repeat_customer": 65, "advocate": 70, "evangelist": 70,
}
