package canonical

// Kind is a kind of entity.
type Kind string

// The kinds of entity. A lead is a state of a person, not a kind. There can be 15 (router/ledger keeps a kind in four bits).
const (
	Person       Kind = "person"
	Organization Kind = "organization"
	Deal         Kind = "deal"
	Ticket       Kind = "ticket"
	Owner        Kind = "owner"       // an internal user who owns or works on things
	Pipeline     Kind = "pipeline"    // of deals or of tickets, with its stages
	Interaction  Kind = "interaction" // something that happened between us and a customer, once and for all
	Transaction  Kind = "transaction" // an order, an invoice, a payment …
	Campaign     Kind = "campaign"
	Audience     Kind = "audience"   // a list or a segment
	Membership   Kind = "membership" // of a person in an audience or a campaign
	Consent      Kind = "consent"
	Task         Kind = "task" // a work item of a source
	Goal         Kind = "goal"
	Spend        Kind = "spend"
)

// kinds is the order of Kinds; it only ever grows at its end, for the binary form counts on it.
var kinds = [...]Kind{Person, Organization, Deal, Ticket, Owner, Pipeline, Interaction, Transaction, Campaign,
	Audience, Membership, Consent, Task, Goal, Spend}

// Kinds lists all kinds in a fixed order.
func Kinds() []Kind { return append([]Kind(nil), kinds[:]...) }

// Prefix returns the beginning of the ids of a kind, `per_`; "" for an unknown kind.
func (k Kind) Prefix() string { return prefixes[k] }

var prefixes = map[Kind]string{Person: "per_", Organization: "org_", Deal: "deal_", Ticket: "tic_", Owner: "own_", Pipeline: "pip_",
	Interaction: "int_", Transaction: "tra_", Campaign: "cam_", Audience: "aud_", Membership: "mem_", Consent: "con_", Task: "task_",
	Goal: "goal_", Spend: "spe_"}

// KindOfID returns the kind of an entity id by its prefix, "" when it has none.
func KindOfID(id string) Kind {
	for _, k := range kinds {
		if p := k.Prefix(); len(id) > len(p) && id[:len(p)] == p {
			return k
		}
	}
	return ""
}
