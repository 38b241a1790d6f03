package mailchimp

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

// Connector reads Mailchimp Marketing. It keeps nothing between calls.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "mailchimp",
		Title:   "Mailchimp",
		Summary: "Reads audiences, members, memberships, segments, campaigns and e-mail activity of Mailchimp, and receives its webhooks.",
		Does: []connectors.Capability{connectors.Reads, connectors.Gets, connectors.Sweeps, connectors.Hooks,
			connectors.Checks, connectors.SignsIn, connectors.Deletes},
		Cannot: "A member that was deleted for good leaves no trace: it is missing from two weekly sweeps, and then gone. " +
			"Mailchimp does not say how an archived member stood before, nor when a member left.",
		Settings: settings,
		Streams:  streamDocs(),
		SignIn:   signIn,
		Clock:    connectors.Tolerance{Most: freshness, Else: "signed webhooks are refused"},
		Limits:   limits,
		Cost:     cost,
		Rules:    rules,
	},
	Open:  func(env connectors.Env) (any, error) { return open(env) },
	Hooks: func(env connectors.Env) (connectors.Webhook, error) { return &account{hooks: hooksOf(env)}, nil },
}

var settings = []connectors.Setting{
	{Name: "api_key", Kind: connectors.SecretSetting, Help: "API key with the data centre at its end, `…-us19`."},
	{Name: "client_id", Kind: connectors.StringSetting, Help: "Client id of a registered app, to sign in by OAuth instead."},
	{Name: "client_secret", Kind: connectors.SecretSetting, Help: "Secret of the registered app."},
	{Name: "token", Kind: connectors.SecretSetting, Advanced: true,
		Help: "OAuth access token that was got elsewhere; it does not expire. It needs data_center."},
	{Name: "streams", Kind: connectors.ListSetting, Default: strings.Join(streamNames(), ","), Choices: streamNames(), Streams: true,
		Help: "The streams to read."},
	{Name: "activity_days", Kind: connectors.IntSetting, Default: "90",
		Help: "Opens, clicks and bounces are read of campaigns that were sent within so many days."},
	{Name: "webhook_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookPath,
		Help: "Last part of the path that webhooks are sent to, at least 16 characters; without it every delivery is refused."},
	{Name: "signing_secret", Kind: connectors.SecretSetting, Webhook: connectors.WebhookSecret,
		Help: "Signing secret that Mailchimp showed when the webhook was made, several separated by commas; deliveries without a signature are then refused."},
	{Name: "data_center", Kind: connectors.StringSetting, Mapped: true, Derive: dataCenterOfKey, Advanced: true,
		Help: "Data centre of the account, `us19`; the end of api_key, and found out when signing in by OAuth."},
	{Name: "connections", Kind: connectors.IntSetting, Default: "8", Advanced: true,
		Help: "Requests at the same time; Mailchimp allows a user ten, over all applications."},
	{Name: "login_url", Kind: connectors.URLSetting, Default: defaultLogin, Advanced: true,
		Help: "Where OAuth signs in; change it only for a simulator."},
	baseURL(),
}

// baseURL is the account's own address. Before an OAuth client has learnt it, the sign-in's stands for it, and no token is
// sent there.
func baseURL() connectors.Setting {
	s := connectors.BaseURL("https://{data_center}.api.mailchimp.com")
	s.Derive = func(v connectors.Values) string { return v.String("login_url") }
	return s
}

// account is an open connection.
type account struct {
	connection string
	client     rest.Client
	streams    []string
	activity   time.Duration // how far back campaigns are whose activity is read
	oauth      bool
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
	return &account{
		connection: env.Connection,
		client:     rest.Client{HTTP: env.HTTP, Base: v.String("base_url"), Explain: explain, Now: env.Now},
		streams:    v.List("streams"),
		activity:   time.Duration(v.Int("activity_days")) * 24 * time.Hour,
		oauth:      how.Basic == nil,
		now:        env.Now,
		hooks:      hooksOf(env),
	}, nil
}

// hooksOf takes what deliveries are verified and read by out of the settings.
func hooksOf(env connectors.Env) hooks {
	v := env.Settings
	return hooks{connection: env.Connection, path: v.Secret("webhook_secret"), signing: signingSecrets(v.Secret("signing_secret")), streams: v.List("streams")}
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
