package connectors

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Spec declares a connector once; validation, the JSON Schema, the README tables and the HTTP client's sign-in and
// quota all come from it.
type Spec struct {
	Name     string // the folder, and the value of `connector:` in the configuration
	Title    string // the vendor's name as people write it
	Summary  string // one sentence
	Settings []Setting
	Streams  []StreamDoc // what a Source of this connector can read
	Does     []Capability
	Cannot   string // honest limits in one sentence, shown in the README; empty = none known
	// Protocol is what the vendor speaks when that is not HTTP (`IMAP`): there is no base_url then, and Env.HTTP signs nothing.
	Protocol string
	// SignIn says how requests are authenticated.
	SignIn func(Values) (SignIn, error)
	// Limits declares the account's quota, for the settings given. Every limit a Cost names must be declared.
	Limits func(Values) []Limit
	// Cost says what a request takes from which limits; it must be cheap and must not read the body.
	Cost func(*http.Request) Cost
	// Safe says that a POST only reads (a search, a batch read), so that it may be repeated like a GET; nil = none does.
	Safe func(*http.Request) bool
	// Told reads what an answer's headers say about the quota; nil when the vendor says nothing.
	Told func(*http.Response) []Told
	// Clock says how right our clock must be; the zero value means that nothing at this vendor depends on it.
	Clock Tolerance
	// ID returns the form in which records have an id that people and other tools may write in another one (the 15
	// characters of Salesforce's); what is no id comes back as it is. nil = ids have only one form.
	ID func(id string) string
	// Rules is the default mapping, rules.yaml, of a Source; nil for a pure target.
	Rules []byte
}

// Tolerance is how far our clock may be from a vendor's, either way, and what fails beyond it.
type Tolerance struct {
	Most time.Duration
	Else string // `webhooks are refused`
}

// StreamDoc documents one stream for the README and `config check`.
type StreamDoc struct {
	Name, Help string
}

// Capability is something a connector can do; each has a mark in the README's table and an interface behind it.
type Capability string

// The capabilities and the interfaces they stand for.
const (
	Reads    Capability = "read"    // Source
	Gets     Capability = "get"     // Getter
	Sweeps   Capability = "sweep"   // Sweeper
	Hooks    Capability = "webhook" // Webhook
	Follows  Capability = "feed"    // Feeder
	Writes   Capability = "write"   // Target
	Batches  Capability = "batch"   // Batcher
	Lists    Capability = "list"    // Lister
	Redacts  Capability = "redact"  // Redactor
	Checks   Capability = "check"   // Checker
	SignsIn  Capability = "oauth"   // OAuth besides or instead of a static token
	Deletes  Capability = "deletes" // sees deletions
	MergesOf Capability = "merges"  // sees vendor-side merges
)

// SignIn is how requests to a vendor are authenticated. At most one of Token, Basic, Header and OAuth is set, none for a
// vendor without sign-in.
type SignIn struct {
	Token  Secret // sent as `Authorization: Bearer`
	Basic  *Basic
	Header *Header
	OAuth  *OAuth
	// Except, when not nil, reports the requests that carry a proof of their own and get none of the above (HubSpot's
	// settings of an app, which take the key of the app's owner and no account's token).
	Except func(*http.Request) bool
}

// Basic is HTTP Basic authentication (RFC 7617).
type Basic struct {
	User     string
	Password Secret
}

// Header is a key that a vendor takes in a header of its own (ActiveCampaign's Api-Token).
type Header struct {
	Name  string // any case
	Value Secret
}

// Grant says how an OAuth client comes by a new access token.
type Grant string

// The grants.
const (
	// RefreshGrant spends the refresh token that signing in through the browser gave (RFC 6749, 6). The default.
	RefreshGrant Grant = ""
	// ClientCredentialsGrant asks with the client's own credentials (RFC 6749, 4.4).
	ClientCredentialsGrant Grant = "client_credentials"
	// JWTBearerGrant asks with a signed assertion (RFC 7523), which OAuth.Assertion makes anew for each request.
	JWTBearerGrant Grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// OAuth describes an OAuth 2.0 client (RFC 6749).
type OAuth struct {
	AuthURL      string
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	RefreshToken Secret // the one configured; a rotated one in the ledger wins over it
	Scopes       []string
	Grant        Grant
	// Assertion makes the signed assertion of JWTBearerGrant; now is our clock.
	Assertion func(now time.Time) (Secret, error)
	// JSON sends the token request as a JSON object instead of a form (Zendesk).
	JSON bool
	// Instance, when not nil, sends the requests to the address that the token endpoint named as instance_url, read again
	// after every renewal; it returns an error for an address the vendor does not own, and then no token is sent
	// anywhere (Salesforce). Without it requests go to base_url.
	Instance func(address *url.URL) error
	// Metadata, when not empty, is asked with every new access token for what the token endpoint does not say: the account's
	// address, which it calls api_endpoint and which then counts as instance_url (Mailchimp). It takes the token as
	// `Authorization: OAuth`.
	Metadata string
}

// SignedIn is an access token and what the token endpoint said beside it, for a protocol other than HTTP.
type SignedIn struct {
	Access Secret
	Extra  map[string]string // `instance_url`, `id`, …
}

// Tokens hands out the access token of a connection that signs in by OAuth.
type Tokens interface {
	// Token returns one that was usable when it returned. A refusal is Denied.
	Token(ctx context.Context) (SignedIn, error)
	// Invalidate says that the vendor refused it; the next call renews it.
	Invalidate(access Secret)
}

// Limit is one budget of a vendor account, shared by everything that uses the account (invariant 10).
type Limit struct {
	Name     string
	Rate     float64 // actions a second; 0 = not known, to be learnt from refusals
	Burst    int     // actions at once after a pause; 0 = a tenth of a second's worth
	InFlight int     // actions at the same time; 0 = no limit
	// Keep is the part of a told window that is left to the account's other applications, 0 to 1: nothing is sent once no
	// more than that is left (Salesforce's calls a day).
	Keep float64
	// Rest is the pause when a told window is used up and the vendor does not say when it is filled again; 0 = as long as
	// the rate takes for one action.
	Rest time.Duration
}

// Cost is what one request takes: Weight actions from each of the named limits.
type Cost struct {
	Weight int
	Limits []string
}

// Told is what an answer said about one limit.
type Told struct {
	Limit     string
	Rate      float64       // actions a second allowed; 0 = not said
	Remaining int           // actions left in the current window; -1 = not said
	Of        int           // actions in the whole window; 0 = not said
	Reset     time.Duration // until the window is refilled; 0 = not said
}

// Env is what a connector gets to open a connection.
type Env struct {
	Connection string // the configured name, for Refs
	Settings   Values
	HTTP       *http.Client     // signs in, paces, retries what is safe to repeat, times out
	Now        func() time.Time // our clock
	// Tokens is the sign-in behind HTTP, for a protocol other than HTTP; nil when the connection does not sign in by OAuth.
	Tokens Tokens
	// Mapped returns the names at the top of an object's records that the mapping reads, or those in a member that under
	// leads to, patterns with a star among them (*__c), nil for all or unknown, so that a connector can warn of a field that
	// changes without a stamp, or have webhooks tell of those that matter; nil = unknown.
	Mapped func(object string, under ...string) []string
}

// Connector is a vendor: its declaration and how to open a connection. Open makes no request. What it returns
// implements the interfaces its Spec.Does names.
type Connector struct {
	Spec Spec
	Open func(Env) (any, error)
	// Hooks opens only what verifies and answers deliveries, with the settings that are for that and none of the others: it
	// is for a receiver that stands alone and has no account to sign in with. What it returns need not parse. Nil = such a
	// receiver opens the connection with Open.
	Hooks func(Env) (Webhook, error)
}
