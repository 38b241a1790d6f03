package connectors

import (
	"context"
	"strings"
	"time"
)

// Place is where a connection's vendor is to deliver.
type Place struct {
	Connection string
	// Address is the public address of the connection, without a secret; a webhook of ours lies at it or below it, and
	// nothing else does.
	Address string
}

// Below returns the address below the place's that ends in the parts, empty ones left out. They must be fit for a path.
func (p Place) Below(parts ...string) string {
	address := strings.TrimRight(p.Address, "/")
	for _, part := range parts {
		if part != "" {
			address += "/" + part
		}
	}
	return address
}

// Holds reports whether an address is the place's or below it.
func (p Place) Holds(address string) bool {
	at := strings.TrimRight(p.Address, "/")
	rest, ok := strings.CutPrefix(address, at)
	return at != "" && ok && (rest == "" || rest[0] == '/')
}

// SubscriptionState is how a vendor treats a subscription.
type SubscriptionState string

// The states of a subscription.
const (
	SubscriptionOn      SubscriptionState = "on"
	SubscriptionOff     SubscriptionState = "off"     // it exists and nothing is delivered
	SubscriptionFailing SubscriptionState = "failing" // what was delivered last was not taken
	// SubscriptionSilent is no vendor's word: it is on for all that the vendor shows, and nothing comes (Subscription.Streams).
	SubscriptionSilent SubscriptionState = "silent"
)

// Subscription is one webhook at a vendor: what it tells of, and where to.
type Subscription struct {
	ID     string   // the vendor's; empty for one that is not there yet
	Of     string   // what it tells of, where a connection has several: an audience, a project; one for each is wanted
	About  string   // Of as people know it; empty = the account
	Name   string   // what it is called at the vendor, where it has a name
	URL    string   // where it delivers; may end in a secret, so it is shown to nobody as it is
	Events []string // ordered
	State  SubscriptionState
	Since  time.Time // with a State other than on, the vendor's time since when, zero when it does not say
	Why    string    // likewise, the vendor's own code or number; no personal data
	// Lost is the vendor's time of the newest delivery that it gave up, whatever came after it; zero when there is none or the
	// vendor does not say.
	Lost time.Time
	// Streams are, of one that is wanted, the streams whose every-day changes it tells of, where the vendor shows nowhere whether it
	// still delivers: then silence while polling finds such changes is all there is to go by. Empty where the vendor shows it.
	Streams []string
}

// Registrar is a Webhook whose vendor is told by its API where to deliver. It decides nothing: what is to be done about the
// difference of what is wanted and what is there is for whoever compares them.
type Registrar interface {
	// Wanted returns the subscriptions that tell what is read, one for each Of, State on. It may ask the vendor, which
	// audiences there are for instance. What cannot be told without a setting is a Rejected error that names it.
	Wanted(ctx context.Context, place Place) ([]Subscription, error)
	// Registered returns a page of all subscriptions that the vendor shows us, also those of others. An empty next cursor ends
	// the list. A list that breaks off is an error.
	Registered(ctx context.Context, place Place, after Cursor) (list []Subscription, next Cursor, err error)
	// Register creates one and returns it as the vendor made it, with the secret that the answer tells, if it does.
	Register(ctx context.Context, place Place, want Subscription) (Subscription, Secret, error)
	// Unregister deletes one; one that is gone is no error.
	Unregister(ctx context.Context, place Place, have Subscription) error
}

// Changer is a Registrar that can make an existing subscription another one. Without it, it is deleted and created anew.
type Changer interface {
	// Change makes the subscription have.ID what want says.
	Change(ctx context.Context, place Place, have, want Subscription) error
}

// SecretReader is a Registrar whose vendor shows the secret of a subscription at any time (Zendesk).
type SecretReader interface {
	// SigningSecret returns what deliveries of a subscription are signed with.
	SigningSecret(ctx context.Context, have Subscription) (Secret, error)
}

// HealthReader is a Registrar whose vendor says beside its list what became of deliveries (Zendesk).
type HealthReader interface {
	// Health returns a subscription that is on with what the vendor says of its last deliveries: State, Since, Why and Lost. What
	// the vendor does not show at all is no error and leaves it as it is; an error is one that may pass.
	Health(ctx context.Context, have Subscription) (Subscription, error)
}

// Truster is a Webhook that can go by secrets which are not in its settings: those that the vendor made.
type Truster interface {
	// Trusting returns a Webhook that goes by these secrets, too.
	Trusting(secrets ...Secret) Webhook
}

// ByHander is a Webhook whose vendor lets only people say where to deliver (HubSpot's private apps).
type ByHander interface {
	// ByHand returns what a person has to do at the vendor, a sentence each.
	ByHand(place Place) []string
}
