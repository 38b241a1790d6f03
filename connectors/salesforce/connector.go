package salesforce

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
	"github.com/millrace/millrace/connectors/salesforce/pubsub"
)

//go:embed rules.yaml
var rules []byte

// Connector reads Salesforce. It keeps nothing between calls but what describe says of objects, which it can learn again.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:  "salesforce",
		Title: "Salesforce",
		Summary: "Reads accounts, contacts, leads, opportunities, cases, activities, campaigns, users and custom objects of a Salesforce " +
			"organization, and hears of changes by change data capture and outbound messages.",
		Does: []connectors.Capability{connectors.Reads, connectors.Gets, connectors.Sweeps, connectors.Hooks,
			connectors.Follows, connectors.Checks, connectors.SignsIn, connectors.Deletes, connectors.MergesOf},
		Cannot: "Formulas and roll-ups change without a stamp and are refreshed by the sweep only; what is purged between two " +
			"sweeps of the vendor's log of deletions is seen by the sweep.",
		Settings: settings,
		Streams:  streamDocs(),
		SignIn:   signIn,
		Clock:    connectors.Tolerance{Most: 3 * time.Minute, Else: "signing in with a key is refused"},
		Limits:   limits,
		Cost:     cost,
		Safe:     safe,
		Told:     told,
		ID:       long,
		Rules:    rules,
	},
	Open: func(env connectors.Env) (any, error) { return open(env) },
	Hooks: func(env connectors.Env) (connectors.Webhook, error) {
		return &account{hooks: hooksOf(env.Settings)}, nil
	},
}

var settings = []connectors.Setting{
	{Name: "client_id", Kind: connectors.StringSetting, Help: "Consumer key of an External Client App (or connected app)."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "Consumer secret of the app; not needed when the app asks for PKCE only, nor with a key."},
	{Name: "refresh_token", Kind: connectors.SecretSetting, Help: "OAuth refresh token, when one is at hand; `millrace auth` gets one through the browser, and later ones are kept in the ledger."},
	{Name: "sign_in", Kind: connectors.StringSetting, Choices: []string{byBrowser, byJWT, byCredentials},
		Help: "How to sign in: through the browser once, with a key (JWT bearer), or as the app's own user (client credentials). Without it, with a key when there is one, else through the browser."},
	{Name: "username", Kind: connectors.StringSetting, Help: "The user to act as, with sign_in jwt."},
	{Name: "private_key", Kind: connectors.SecretSetting, Help: "The app's RSA key in PEM, with sign_in jwt; `file:key.pem` reads it from a file."},
	{Name: "login_url", Kind: connectors.URLSetting, Default: productionLogin,
		Help: "Where to sign in: https://test.salesforce.com for a sandbox, or the organization's My Domain, which client_credentials needs."},
	{Name: "audience", Kind: connectors.StringSetting, Advanced: true, Help: "Audience of the assertion with sign_in jwt; follows from login_url."},
	{Name: "site_url", Kind: connectors.URLSetting, Mapped: true,
		Help: "Address of the organization that people open, https://acme.my.salesforce.com; with it customers and tasks link to the records."},
	{Name: "streams", Kind: connectors.ListSetting, Default: strings.Join(allStreams, ","), Choices: allStreams, Streams: true, Help: "The streams to read."},
	{Name: "custom_objects", Kind: connectors.ListSetting, Streams: true, Help: "API names of further objects to read, Invoice__c; each needs rules of its own."},
	{Name: "organization_id", Kind: connectors.StringSetting, Webhook: connectors.WebhookCheck, Help: "Id of the organization; outbound messages of another one are refused."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookPath, Help: "Last part of the path that outbound messages are sent to, at least 16 characters; Salesforce signs nothing, so without it every message is refused."},
	{Name: "cdc", Kind: connectors.BoolSetting, Default: "false",
		Help: "Whether to follow change data capture over the Pub/Sub API, so that changes come within a second; the objects are selected in the organization's Setup."},
	{Name: "cdc_channels", Kind: connectors.ListSetting, Default: "ChangeEvents", Advanced: true,
		Help: "The channels to follow: ChangeEvents has every object that is selected; a custom one is named as Sales__chn."},
	{Name: "pubsub_endpoint", Kind: connectors.StringSetting, Default: pubsub.DefaultEndpoint, Advanced: true,
		Help: "Where the Pub/Sub API is, host:port; api.deu.pubsub.salesforce.com:7443 keeps events in the European Union."},
	{Name: "daily_share", Kind: connectors.NumberSetting, Default: "0.8", Help: "How much of the organization's API calls of 24 hours may be used by all that is connected to it; beyond that this connection pauses and leaves the rest to others."},
	{Name: "backfill", Kind: connectors.StringSetting, Default: backfillAuto, Choices: []string{backfillAuto, backfillBulk, backfillREST}, Advanced: true,
		Help: "How to read everything the first time: by Bulk API jobs where that pays, always, or never."},
	{Name: "volatile", Kind: connectors.ListSetting, Advanced: true,
		Help: "Further fields, as Contact.Score__c, that change without a stamp although describe does not call them formulas; they are refreshed by the sweep."},
	{Name: "commit_lag", Kind: connectors.DurationSetting, Default: "10s", Advanced: true,
		Help: "How long a row may take from its stamp until it is visible, usually; changes are read that much later."},
	{Name: "overlap", Kind: connectors.DurationSetting, Default: "5m", Advanced: true,
		Help: "How far each pass goes back behind the end of the one before, for rows that become visible later still."},
	{Name: "bulk_rows", Kind: connectors.IntSetting, Default: "10000", Advanced: true, Help: "Rows of a page of a Bulk job's result, 10000 at the most."},
	{Name: "bulk_deadline", Kind: connectors.DurationSetting, Default: "2h", Advanced: true, Help: "How long a Bulk job may take before it is aborted and the object read by REST."},
	{Name: "api_version", Kind: connectors.StringSetting, Default: "v67.0", Advanced: true, Help: "Version of Salesforce's API, v47.0 or later."},
	connectors.BaseURL(productionLogin),
}

// account is an open connection.
type account struct {
	connection  string
	client      rest.Client
	version     string
	streams     []string
	custom      []string
	objects     []object
	volatile    []string
	mapped      func(object string, under ...string) []string
	lag         time.Duration
	overlap     time.Duration
	backfill    string
	bulkRows    int
	jobDeadline time.Duration
	login       string
	signs       string
	share       float64 // of the day's calls
	hooks       hooks
	channels    []string // followed by change data capture
	bus         *pubsub.Client
	layouts     layouts
	numbers     numbers
	now         func() time.Time
}

func open(env connectors.Env) (*account, error) {
	v := env.Settings
	if _, err := signIn(v); err != nil {
		return nil, err
	}
	if err := checkSettings(v); err != nil {
		return nil, err
	}
	a := &account{
		connection:  env.Connection,
		client:      rest.Client{HTTP: env.HTTP, Base: v.String("base_url"), Now: env.Now},
		version:     v.String("api_version"),
		streams:     v.List("streams"),
		custom:      v.List("custom_objects"),
		objects:     objectsOf(v.List("streams"), v.List("custom_objects")),
		volatile:    v.List("volatile"),
		mapped:      env.Mapped,
		lag:         v.Duration("commit_lag"),
		overlap:     v.Duration("overlap"),
		backfill:    v.String("backfill"),
		bulkRows:    v.Int("bulk_rows"),
		jobDeadline: v.Duration("bulk_deadline"),
		login:       strings.TrimRight(v.String("login_url"), "/"),
		signs:       how(v),
		share:       v.Number("daily_share"),
		now:         env.Now,
		hooks:       hooksOf(v),
	}
	a.client.Explain = a.explain
	return a, a.openFeeds(env)
}

func hooksOf(v connectors.Values) hooks {
	return hooks{secret: v.Secret("webhook_secret"), organization: v.String("organization_id")}
}

// checkSettings refuses what no single setting shows.
func checkSettings(v connectors.Values) error {
	if share := v.Number("daily_share"); share <= 0 || share > 1 {
		return fmt.Errorf("daily_share is %v; it must be more than 0 and at most 1", share)
	}
	if rows := v.Int("bulk_rows"); rows < 1 || rows > mostRows {
		return fmt.Errorf("bulk_rows is %d; it must be at least 1 and at most %d", rows, mostRows)
	}
	for _, name := range v.List("custom_objects") {
		if !isName(name) {
			return fmt.Errorf("custom_objects: %q is no API name such as Invoice__c", name)
		}
	}
	for _, name := range v.List("volatile") {
		if object, field, ok := strings.Cut(name, "."); !ok || !isName(object) || !isName(field) {
			return fmt.Errorf("volatile: %q is no field such as Contact.Score__c", name)
		}
	}
	if err := checkFeeds(v); err != nil {
		return err
	}
	if id := v.String("organization_id"); id != "" && !isID(id) {
		return fmt.Errorf("organization_id is no id of 15 or 18 characters")
	}
	if !versionName.MatchString(v.String("api_version")) {
		return fmt.Errorf("api_version %q is no version such as v67.0", v.String("api_version"))
	}
	if slices.Contains(v.List("streams"), rolesStream) && !slices.Contains(v.List("streams"), opportunity) {
		return fmt.Errorf("streams: %s needs %s, whose records it brings", rolesStream, opportunity)
	}
	return nil
}

// versionName are the versions with a Bulk API 2.0 for queries: v47.0 and later.
var versionName = regexp.MustCompile(`^v(4[7-9]|[5-9][0-9]|[1-9][0-9]{2})\.0$`)

// reads reports whether a stream is configured.
func (a *account) reads(stream string) bool { return slices.Contains(a.streams, stream) }

func (a *account) isCustom(name string) bool { return slices.Contains(a.custom, name) }

// streamNames lists the configured streams.
func (a *account) streamNames() []string { return append(slices.Clone(a.streams), a.custom...) }
