package activecampaign

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

// Connector reads ActiveCampaign. It keeps nothing between calls.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "activecampaign",
		Title:   "ActiveCampaign",
		Summary: "Reads contacts, lists, accounts, deals, campaigns and automations of an ActiveCampaign account, and receives its webhooks.",
		Does: []connectors.Capability{connectors.Reads, connectors.Gets, connectors.Sweeps, connectors.Hooks, connectors.Checks,
			connectors.Deletes},
		Cannot: "ActiveCampaign tells of no deletion and no merge: both are found by listing everything anew. " +
			"What single contacts opened and clicked is not read; campaigns have the sums.",
		Settings: settings,
		Streams:  streamDocs(),
		SignIn:   signIn,
		Limits:   limits,
		Cost:     cost,
		Told:     told,
		Rules:    rules,
	},
	Open: func(env connectors.Env) (any, error) { return open(env) },
	Hooks: func(env connectors.Env) (connectors.Webhook, error) {
		return &account{secret: env.Settings.Secret("webhook_secret")}, nil
	},
}

var settings = []connectors.Setting{
	{Name: "account_url", Kind: connectors.URLSetting,
		Help: "Address of the account's API, exactly as ActiveCampaign shows it under Settings, Developer: https://acme.api-us1.com."},
	{Name: "api_token", Kind: connectors.SecretSetting, Help: "Key of the user whose permissions count, from the same page."},
	{Name: "streams", Kind: connectors.ListSetting, Default: strings.Join(usualStreams(), ","), Choices: streamNames(), Streams: true,
		Help: "The streams to read; messages only when it is named."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookPath,
		Help: "End of the webhooks' address, at least 16 characters that nobody can guess; without it every delivery is refused."},
	{Name: "relist_every", Kind: connectors.DurationSetting, Default: "6h", Advanced: true,
		Help: "How often all contacts are listed anew, for deletions, and for changes of lists and tags that leave the contact's stamp alone; a request for each hundred contacts."},
	{Name: "side_loads", Kind: connectors.ListSetting, Default: strings.Join(sideLoads, ","), Choices: sideLoads, Advanced: true,
		Help: "What is asked for beside contacts in the same answer; leave out what the account refuses."},
	{Name: "requests_per_second", Kind: connectors.NumberSetting, Default: "5", Advanced: true,
		Help: "Requests a second for this connection; ActiveCampaign allows the whole account 5, so lower it when others use the account."},
	connectors.BaseURL("{account_url}"),
}

// account is an open connection.
type account struct {
	connection string
	client     rest.Client
	streams    []string
	beside     []string // what is side-loaded with contacts
	relist     time.Duration
	secret     connectors.Secret // of webhooks
	now        func() time.Time
}

func open(env connectors.Env) (*account, error) {
	v := env.Settings
	if _, err := signIn(v); err != nil {
		return nil, err
	}
	if err := checkSettings(v); err != nil {
		return nil, err
	}
	return &account{
		connection: env.Connection,
		client:     rest.Client{HTTP: env.HTTP, Base: v.String("base_url"), Now: env.Now},
		streams:    v.List("streams"),
		beside:     v.List("side_loads"),
		relist:     v.Duration("relist_every"),
		secret:     v.Secret("webhook_secret"),
		now:        env.Now,
	}, nil
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
