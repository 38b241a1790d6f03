package canonical

// Kind is a kind of entity.
type Kind string

// The kinds of entity of model.md 3.3 that the hub keeps today. A lead is a state of a person, not a kind.
const (
	Person       Kind = "person"
	Organization Kind = "organization"
	Deal         Kind = "deal"
	Ticket       Kind = "ticket"
	Owner        Kind = "owner"    // an internal user who owns or works on things
	Pipeline     Kind = "pipeline" // of deals or of tickets, with its stages
)

// kinds is the order of Kinds; it only ever grows at its end, for the binary form counts on it.
var kinds = [...]Kind{Person, Organization, Deal, Ticket, Owner, Pipeline}

// Kinds lists all kinds in a fixed order.
func Kinds() []Kind { return append([]Kind(nil), kinds[:]...) }

// Prefix returns the beginning of the ids of a kind, `per_`; "" for an unknown kind.
func (k Kind) Prefix() string {
	switch k {
	case Person:
		return "per_"
	case Organization:
		return "org_"
	case Deal:
		return "deal_"
	case Ticket:
		return "tic_"
	case Owner:
		return "own_"
	case Pipeline:
		return "pip_"
	}
	return ""
}

// KindOfID returns the kind of an entity id by its prefix, "" when it has none.
func KindOfID(id string) Kind {
	for _, k := range kinds {
		if p := k.Prefix(); len(id) > len(p) && id[:len(p)] == p {
			return k
		}
	}
	return ""
}
