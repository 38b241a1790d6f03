package zendesk

import (
	_ "embed"
	"net/url"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

//go:embed rules.yaml
var rules []byte

// Connector reads Zendesk Support. It keeps nothing between calls.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "zendesk",
		Title:   "Zendesk",
		Summary: "Reads users, organizations, tickets, comments and ratings of a Zendesk Support account, and receives its webhooks.",
		Does: []connectors.Capability{connectors.Reads, connectors.Gets, connectors.Sweeps, connectors.Hooks,
			connectors.Checks, connectors.SignsIn, connectors.Deletes},
		Cannot: "Polling sees that a merged user is gone, but not whom it was merged into: only the webhook `user.merged` says that. " +
			"Zendesk shows every change a minute late. Comments of a ticket that was deleted for good are not shown any more.",
		Settings: settings,
		Streams:  streamDocs(),
		SignIn:   signIn,
		Clock:    connectors.Tolerance{Most: freshness, Else: "webhooks are refused"},
		Limits:   limits,
		Cost:     cost,
		Told:     told,
		Rules:    rules,
	},
	Open:  func(env connectors.Env) (any, error) { return open(env) },
	Hooks: func(env connectors.Env) (connectors.Webhook, error) { return &account{hooks: hooksOf(env)}, nil },
}

var settings = []connectors.Setting{
	{Name: "subdomain", Kind: connectors.StringSetting, Mapped: true, Help: "Name of the account: `acme` for acme.zendesk.com."},
	{Name: "client_id", Kind: connectors.StringSetting, Help: "Unique identifier of the OAuth client."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "Secret of the OAuth client; a public client has none."},
	{Name: "grant", Kind: connectors.StringSetting, Default: authorizationCode, Choices: []string{authorizationCode, clientCredentials},
		Help: "How the OAuth client signs in: authorization_code after `millrace auth`, client_credentials by itself, as the user it was made by."},
	{Name: "refresh_token", Kind: connectors.SecretSetting, Help: "OAuth refresh token; `millrace auth` makes this unnecessary. Needed once, later ones are kept in the ledger."},
	{Name: "token", Kind: connectors.SecretSetting, Advanced: true,
		Help: "OAuth access token that does not expire; Zendesk ends those on 1 April 2027."},
	{Name: "email", Kind: connectors.StringSetting, Help: "E-mail address of the administrator whose API token it is."},
	{Name: "api_token", Kind: connectors.SecretSetting, Help: "API token; Zendesk made its last new ones on 27 October 2026 and ends all on 30 April 2027."},
	{Name: "streams", Kind: connectors.ListSetting, Default: strings.Join(usualStreams(), ","), Choices: streamNames(), Streams: true,
		Help: "The streams to read. The history of tickets, ticket_events, costs exports of its own and is only read when it is named."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookSecret, Help: "Signing secret of a webhook that was made by hand; `millrace webhook register` keeps what it needs in the ledger. Without either every delivery is refused."},
	{Name: "account_id", Kind: connectors.IntSetting, Help: "Number of the account; webhook events of other accounts are then ignored."},
	{Name: "external_id_namespace", Kind: connectors.StringSetting, Mapped: true,
		Help: "What the external ids of users are ids of, as `connector:Object`, `salesforce:Contact`: a user then is that person."},
	{Name: "organization_external_id_namespace", Kind: connectors.StringSetting, Mapped: true,
		Help: "The same for the external ids of organizations, `salesforce:Account`."},
	{Name: "plan", Kind: connectors.StringSetting, Default: "team", Choices: planNames(), Advanced: true,
		Help: "The account's plan, which says how many requests a minute it allows; what the answers' headers say counts more."},
	{Name: "requests_per_minute", Kind: connectors.IntSetting, Default: "0", Advanced: true,
		Help: "Requests a minute the account allows; 0 takes the plan's number."},
	{Name: "exports_per_minute", Kind: connectors.IntSetting, Default: "10", Advanced: true,
		Help: "Requests a minute to the incremental exports; 30 with the High Volume add-on."},
	{Name: "deleted_agents", Kind: connectors.BoolSetting, Default: "true", Advanced: true,
		Help: "List deleted users too, to go on knowing deleted agents; costs a request for each hundred deleted users of any kind, once an hour."},
	connectors.BaseURL("https://{subdomain}.zendesk.com"),
}

// account is an open connection.
type account struct {
	connection string
	client     rest.Client
	streams    []string
	deleted    bool // list deleted agents
	apiToken   bool // signs in by API token
	lasting    bool // signs in by an access token that does not expire
	perMinute  int  // requests that the account allows, as configured
	exports    int  // exports of each method, likewise
	hooks      hooks
	now        func() time.Time
}

func open(env connectors.Env) (*account, error) {
	v := env.Settings
	how, err := signIn(v)
	if err != nil {
		return nil, err
	}
	if err := checkSettings(v); err != nil {
		return nil, err
	}
	a := &account{
		connection: env.Connection,
		client:     rest.Client{HTTP: env.HTTP, Base: v.String("base_url"), Now: env.Now},
		streams:    v.List("streams"),
		deleted:    v.Bool("deleted_agents"),
		apiToken:   how.Basic != nil,
		lasting:    !how.Token.IsZero(),
		perMinute:  perMinute(v),
		exports:    max(1, v.Int("exports_per_minute")),
		now:        env.Now,
		hooks:      hooksOf(env),
	}
	return a, nil
}

func hooksOf(env connectors.Env) hooks {
	v := env.Settings
	return hooks{connection: env.Connection, secret: v.Secret("webhook_secret"), account: v.String("account_id"), streams: v.List("streams")}
}

func (a *account) ref(object, id string) connectors.Ref {
	return connectors.Ref{Connection: a.connection, Object: object, ID: id}
}

// query is url.Values from pairs.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q
}
