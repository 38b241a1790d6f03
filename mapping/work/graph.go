package work

import (
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Entity is a resolved customer, deal, ticket, owner or pipeline.
type Entity struct {
	ID     string // with the prefix of its kind, `deal_…`
	Kind   canonical.Kind
	Golden identity.Golden
	Refs   []string // live source records, connection/object/id, ascending
}

// Stay is a time for which a record said one thing of a field that figures are made of.
type Stay struct {
	Ref   string    `json:"ref"` // connection/object/id
	Field string    `json:"field"`
	Value string    `json:"value"` // as the record says it: the id of a stage, a token, an amount with its currency
	From  time.Time `json:"from"`  // the vendor's time: when it began, or when it was first seen so
	Until time.Time `json:"until,omitzero"`
	// Lapsed says that the record was deleted since, other than by a merge: it supports nothing any more.
	Lapsed bool `json:"lapsed,omitempty"`
}

// MaxReferrers is the most entities Referrers and Select return.
const MaxReferrers = 1000

// MaxRecent is the most interactions that one call of Recent looks at.
const MaxRecent = 10_000

// Graph reads entities. Everything one Items call reads comes from one moment.
type Graph interface {
	// Entity returns an entity by its id or one of its aliases; nil when there is none.
	Entity(id string) (*Entity, error)
	// Resolve returns the entity of a source record (connection/object/id); nil when the record is not known yet.
	Resolve(ref string) (*Entity, error)
	// Referrers returns the entities of a kind that refer to e, by id ascending, at most MaxReferrers.
	Referrers(e *Entity, kind canonical.Kind) ([]*Entity, error)
	// Select returns those of them that keep says yes to, at most MaxReferrers: of many tickets the few that are open.
	Select(e *Entity, kind canonical.Kind, keep func(*Entity) bool) ([]*Entity, error)
	// Recent returns the interactions of an entity that keep says yes to, newest first by when they happened, at most `most`
	// (and no more than MaxReferrers): those that refer to it, those whose participants have an e-mail address of it, and of
	// an organization also those of its people and of everybody else at its domains. Of several records of one mail (one
	// Message-ID) the newest that is kept is there. What happened to a customer of a million mails is found as fast as to
	// one of ten; keep is asked about no more than MaxRecent of them.
	Recent(e *Entity, most int, keep func(*Entity) bool) ([]*Entity, error)
	// History returns what the records of an entity said over time, by From ascending.
	History(id string) ([]Stay, error)
	// Now is the moment: states that change by the passing of time are those of now.
	Now() time.Time
}

// Reach says whose items may change when an entity of some kind changes. An interaction refers also to whom the e-mail
// addresses and domains of its participants belong to.
type Reach struct {
	Own bool // its own
	// Referrers are the kinds of entities that refer to the changed one and show something of it: the deals of an
	// organization whose name is in their titles.
	Referrers []canonical.Kind
	// Referenced are the kinds of entities that the changed one refers to, and that show something of it: the
	// organization whose card lists its deals. Those it referred to before the change count as well.
	Referenced []canonical.Kind
	// Beyond are the kinds of entities that the changed one refers to, and whose lifecycle follows from it and is shown by
	// what is around them: a deal makes a customer of its organization, and another deal shows that. It is then as if the
	// organization had changed, too.
	Beyond []canonical.Kind
	// Across are ways through an entity that the changed one refers to, or did, to others that refer to it and show
	// something of the changed one: the deals of a ticket's customer.
	Across []Way
	// Above are ways through an entity that the changed one refers to, or did, to those of a kind that that one refers to,
	// which show something of the changed one: the organization of the person whom an interaction was with.
	Above []Way
}

// Way is two steps from an entity: to one that it refers to, and from there to those of a kind that refer to that or, of
// Above, that that refers to.
type Way struct{ Via, To canonical.Kind }
