package hubspot

import (
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

//go:embed rules.yaml
var rules []byte

const defaultBase = "https://api.hubapi.com"

// Connector reads HubSpot. It keeps nothing between calls but the names of properties, which it can learn again.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "hubspot",
		Title:   "HubSpot",
		Summary: "Reads contacts, companies, deals, tickets, owners and pipelines of a HubSpot account, and receives its webhooks.",
		Does: []connectors.Capability{connectors.Reads, connectors.Gets, connectors.Sweeps, connectors.Hooks,
			connectors.Checks, connectors.SignsIn, connectors.Deletes, connectors.MergesOf},
		Cannot: "Deletions and new associations are seen by webhook or by the daily sweep, not by polling: HubSpot's search " +
			"shows neither. Custom objects and engagements are not read.",
		Settings: settings,
		Streams: []connectors.StreamDoc{
			{Name: "contacts", Help: "People, with their companies."},
			{Name: "companies", Help: "Companies."},
			{Name: "deals", Help: "Deals, with their companies and contacts."},
			{Name: "tickets", Help: "Support tickets, with their companies and contacts."},
			{Name: ownersStream, Help: "Users who own records, deactivated ones included."},
			{Name: pipelinesPrefix + "deals", Help: "Pipelines of deals with their stages."},
			{Name: pipelinesPrefix + "tickets", Help: "Pipelines of tickets with their stages."},
		},
		SignIn: signIn,
		Clock:  connectors.Tolerance{Most: freshness, Else: "signed webhooks are refused"},
		Limits: limits,
		Cost:   cost,
		Safe:   safe,
		Told:   told,
		Rules:  rules,
	},
	Open:  open,
	Hooks: func(env connectors.Env) (connectors.Webhook, error) { return &account{hooks: hooksOf(env)}, nil },
}

var settings = []connectors.Setting{
	{Name: "token", Kind: connectors.SecretSetting, Help: "Access token of a private app or a service key; leave out to sign in by OAuth."},
	{Name: "client_id", Kind: connectors.StringSetting, Help: "OAuth client id of a public app."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "OAuth client secret of a public app."},
	{Name: "refresh_token", Kind: connectors.SecretSetting, Help: "OAuth refresh token that installing the public app gave elsewhere; not needed after `millrace auth`, which installs it and keeps the token in the ledger."},
	{Name: "streams", Kind: connectors.ListSetting, Default: strings.Join(allStreams, ","), Choices: allStreams, Streams: true, Help: "The streams to read."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookSecret,
		Help: "Client secret of the app that sends the webhooks; without it every delivery is refused."},
	{Name: "webhook_versions", Kind: connectors.ListSetting, Default: "v3", Choices: []string{"v3", "v2", "v1"}, Advanced: true, Webhook: connectors.WebhookCheck,
		Help: "Signature versions to accept; v2 and v1 carry no time, so an old delivery can be sent again: add them only for an app that cannot send v3."},
	{Name: "portal_id", Kind: connectors.IntSetting, Help: "Id of the HubSpot account; webhook events of other accounts of the same app are then ignored."},
	{Name: "app_id", Kind: connectors.IntSetting,
		Help: "Id of the public app that sends the webhooks; with developer_api_key, `millrace webhook register` sets them up."},
	{Name: "developer_api_key", Kind: connectors.SecretSetting,
		Help: "Developer API key of the developer account that owns the app; it opens all of that account's apps and is needed for nothing but their webhooks."},
	{Name: "webhook_properties", Kind: connectors.ListSetting, Advanced: true,
		Help: "The properties whose changes webhooks are registered for, patterns with a star among them; empty = those that the mapping reads."},
	{Name: "properties", Kind: connectors.ListSetting, Advanced: true,
		Help: "The only properties to read, besides those that reading itself needs; empty reads all of them."},
	{Name: "index_lag", Kind: connectors.DurationSetting, Default: "1h", Advanced: true,
		Help: "How long HubSpot's search may take to show a change; changes are read a second time after it. 0s turns that off."},
	{Name: "overlap", Kind: connectors.DurationSetting, Default: "30s", Advanced: true,
		Help: "How far each poll goes back behind the end of the one before."},
	{Name: "requests_per_10s", Kind: connectors.IntSetting, Default: "100", Advanced: true,
		Help: "Requests in ten seconds the account allows: 100 for a private app of a free or Starter account, 190 for Professional and Enterprise, 250 with the add-on, 110 for a public app."},
	{Name: "searches_per_second", Kind: connectors.NumberSetting, Default: "5", Advanced: true,
		Help: "Searches a second the account allows, all kinds of object together."},
	{Name: "time_zone", Kind: connectors.StringSetting, Advanced: true,
		Help: "Time zone of the account (`Europe/Berlin`), whose midnight refills the daily quota; without it an exhausted quota is tried again every hour."},
	{Name: "api_version", Kind: connectors.StringSetting, Default: "2026-09", Choices: []string{"2026-09", "2026-03", "2025-09", string(legacy)}, Advanced: true,
		Help: "Version of HubSpot's API; v3 means objects v3 with associations v4, which HubSpot supports until September 2027."},
	{Name: "authorize_url", Kind: connectors.URLSetting, Default: defaultAuthorize, Advanced: true,
		Help: "Address of the page where an account admits the app; an account in the EU may have https://app-eu1.hubspot.com/oauth/authorize."},
	connectors.BaseURL(defaultBase),
}

var allStreams = []string{"contacts", "companies", "deals", "tickets", ownersStream, pipelinesPrefix + "deals", pipelinesPrefix + "tickets"}

// account is an open connection.
type account struct {
	connection string
	client     rest.Client
	version    version
	streams    []string
	only       []string // the properties to read; nil = all
	tell       []string // the properties whose changes webhooks tell; nil = those that the mapping reads
	mapped     func(object string, under ...string) []string
	lag        time.Duration
	overlap    time.Duration
	zone       string
	hooks      hooks
	names      names
	now        func() time.Time
}

// open returns an account, or with the key of the app's owner an owner.
func open(env connectors.Env) (any, error) {
	v := env.Settings
	if _, err := signIn(v); err != nil {
		return nil, err
	}
	if zone := v.String("time_zone"); zone != "" {
		if _, err := time.LoadLocation(zone); err != nil {
			return nil, fmt.Errorf("time_zone %q is not known; write it as in Europe/Berlin", zone)
		}
	}
	for _, key := range []string{"requests_per_10s", "searches_per_second"} {
		if v.Number(key) <= 0 {
			return nil, fmt.Errorf("%s must be more than 0", key)
		}
	}
	a := &account{
		connection: env.Connection,
		client:     rest.Client{HTTP: env.HTTP, Base: v.String("base_url"), Now: env.Now},
		version:    version(v.String("api_version")),
		streams:    v.List("streams"),
		only:       v.List("properties"),
		tell:       v.List("webhook_properties"),
		mapped:     env.Mapped,
		lag:        v.Duration("index_lag"),
		overlap:    v.Duration("overlap"),
		zone:       v.String("time_zone"),
		now:        env.Now,
		hooks:      hooksOf(env),
	}
	a.client.Explain = a.explain("")
	app, key := v.String("app_id"), v.Secret("developer_api_key")
	switch {
	case app == "" && key.IsZero():
		return a, nil
	case app == "" || key.IsZero():
		return nil, errors.New("set app_id and developer_api_key together; neither is needed where webhooks are set up by hand")
	case !isID(app):
		return nil, fmt.Errorf("app_id %q is no id of an app", app)
	}
	return &owner{account: a, app: app, key: key}, nil
}

func hooksOf(env connectors.Env) hooks {
	v := env.Settings
	return hooks{connection: env.Connection, secret: v.Secret("webhook_secret"), versions: v.List("webhook_versions"),
		portal: int64(v.Int("portal_id")), objects: readObjects(v.List("streams"))}
}

// readObjects returns the objects among the streams.
func readObjects(streams []string) []object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object) bool { return !slices.Contains(streams, o.name) })
}

// query is url.Values from pairs.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}
