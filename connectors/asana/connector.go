package asana

import (
	"fmt"

	"github.com/millrace/millrace/connectors"
)

// defaultBase is where Asana's API lives (https://developers.asana.com/docs/overview).
const defaultBase = "https://app.asana.com/api/1.0"

// Connector is Asana: a Target, Batcher, Lister, Checker and Webhook.
var Connector = connectors.Connector{
	Spec: spec,
	Open: open,
	Hooks: func(env connectors.Env) (connectors.Webhook, error) {
		return &target{env: env, config: config{hookSecrets: hookSecrets(env.Settings)}}, nil
	},
}

var spec = connectors.Spec{
	Name:    "asana",
	Title:   "Asana",
	Summary: "Shows work items as tasks, with projects, sections, custom fields and assignees.",
	Cannot: "Several accounts in one workspace do not see each other's external ids; subtasks, attachments and " +
		"project templates are not written; a free plan has no custom fields, which then become lines of the description.",
	Does: []connectors.Capability{connectors.Writes, connectors.Batches, connectors.Lists, connectors.Redacts, connectors.Checks,
		connectors.Hooks, connectors.SignsIn},
	Settings: settings,
	SignIn:   signIn,
	Clock:    connectors.Tolerance{Most: clockSlack / 2, Else: "a task can be doubled after a crash"},
	Limits:   limits,
	Cost:     cost,
}

var settings = []connectors.Setting{
	{Name: "token", Kind: connectors.SecretSetting,
		Help: "Personal access token or service account token; leave empty to sign in with OAuth."},
	{Name: "client_id", Kind: connectors.StringSetting, Help: "OAuth client id of your Asana app."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "OAuth client secret of your Asana app."},
	{Name: "refresh_token", Kind: connectors.SecretSetting, Help: "OAuth refresh token of the person whose tasks these are, from elsewhere; not needed after `millrace auth`, which keeps it in the ledger."},
	{Name: "workspace", Kind: connectors.StringSetting,
		Help: "Gid of the workspace or organization; needed unless the sign-in sees only one."},
	{Name: "team", Kind: connectors.StringSetting,
		Help: "Gid of the team that owns new projects; an organization needs it to create projects."},
	{Name: "link", Kind: connectors.StringSetting, Default: linkAuto, Choices: []string{linkAuto, linkExternal, linkField},
		Advanced: true, Help: "Where a task keeps its key: in Asana's external id (OAuth only) or in a custom field; " +
			"auto takes the external id with OAuth and the field with a token."},
	{Name: "hub_id_field", Kind: connectors.StringSetting, Default: "Hub ID", Advanced: true,
		Help: "Name of the text custom field that holds the key when it is not the external id."},
	{Name: "unassigned", Kind: connectors.StringSetting,
		Help: "E-mail address of the person who gets tasks without an assignee Asana knows; empty leaves them unassigned."},
	{Name: "requests_per_minute", Kind: connectors.IntSetting, Default: "150",
		Help: "Asana's limit: 150 on a free plan, 1500 on a paid one; 0 learns it from refusals."},
	{Name: "in_flight_writes", Kind: connectors.IntSetting, Default: "15", Advanced: true,
		Help: "Most writes at the same time; Asana allows 15."},
	{Name: "in_flight_reads", Kind: connectors.IntSetting, Default: "50", Advanced: true,
		Help: "Most reads at the same time; Asana allows 50."},
	{Name: "batch", Kind: connectors.BoolSetting, Default: "true", Advanced: true,
		Help: "Send several writes in one request; they count one by one all the same."},
	{Name: "batch_size", Kind: connectors.IntSetting, Default: "5", Advanced: true,
		Help: "Writes in one request, at most 10; 5 keeps three requests within the 15 writes Asana allows at once."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Advanced: true, Webhook: connectors.WebhookSecret,
		Help: "Secret from the webhook handshake; several are separated by commas. `millrace webhook register` makes this unnecessary: it keeps what Asana makes in the ledger."},
	{Name: "webhook_projects", Kind: connectors.ListSetting,
		Help: "Names of the projects that `millrace webhook register` has Asana tell of."},
	connectors.BaseURL(defaultBase),
}

// The ways a task can carry the key of its item.
const (
	linkAuto     = "auto"
	linkExternal = "external"
	linkField    = "field"
)

// maxActions is the most actions Asana takes in one batch (https://developers.asana.com/reference/batch-api).
const maxActions = 10

// config are the settings of one connection, checked.
type config struct {
	base, workspace, team string
	external              bool // the key lives in external.gid, else in hubField
	hubField, unassigned  string
	perMinute             int
	batch                 int // most actions of one request
	hookSecrets           []string
}

func configure(v connectors.Values) (config, error) {
	c := config{
		base: v.String("base_url"), workspace: v.String("workspace"), team: v.String("team"),
		hubField: v.String("hub_id_field"), unassigned: v.String("unassigned"), perMinute: v.Int("requests_per_minute"),
		batch: min(max(v.Int("batch_size"), 1), maxActions),
	}
	if c.base == "" {
		c.base = defaultBase
	}
	if c.hubField == "" {
		c.hubField = "Hub ID"
	}
	if !v.Bool("batch") {
		c.batch = 1
	}
	c.hookSecrets = hookSecrets(v)
	in, err := signIn(v)
	if err != nil {
		return c, err
	}
	switch link := v.String("link"); {
	case link == linkExternal && in.OAuth == nil:
		return c, fmt.Errorf("link: external needs OAuth, a token does not see external ids; use field or set client_id")
	case link != linkField && in.OAuth != nil:
		c.external = true
	}
	return c, nil
}

func open(env connectors.Env) (any, error) {
	c, err := configure(env.Settings)
	if err != nil {
		return nil, err
	}
	return newTarget(env, c), nil
}
