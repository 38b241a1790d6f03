package toycrm

import (
	_ "embed"
	"errors"
	"net/http"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

//go:embed rules.yaml
var rules []byte

// requests is the name of the account's only limit.
const requests = "requests"

// Connector reads ToyCRM. Everything about it is said here once: validation, `config schema`, the README's table, the
// HTTP client's sign-in and its pace follow from it.
var Connector = connectors.Connector{
	Spec: connectors.Spec{
		Name:    "toycrm",
		Title:   "ToyCRM",
		Summary: "Reads the people of ToyCRM, an invented vendor to copy from.",
		Does:    []connectors.Capability{connectors.Reads, connectors.Checks, connectors.Deletes},
		Streams: []connectors.StreamDoc{{Name: people, Help: "People, deleted ones included."}},
		Settings: []connectors.Setting{
			{Name: "token", Kind: connectors.SecretSetting, Required: true, Help: "API token of ToyCRM: Settings > API."},
			connectors.BaseURL("https://api.toycrm.example"),
		},
		SignIn: func(v connectors.Values) (connectors.SignIn, error) {
			return connectors.SignIn{Token: v.Secret("token")}, nil
		},
		Limits: func(connectors.Values) []connectors.Limit {
			return []connectors.Limit{{Name: requests, Rate: 10, Burst: 5, InFlight: 4}}
		},
		Cost:  func(*http.Request) connectors.Cost { return connectors.Cost{Weight: 1, Limits: []string{requests}} },
		Rules: rules,
	},
	Open: func(env connectors.Env) (any, error) {
		if env.Settings.Secret("token").IsZero() {
			return nil, errors.New("token is required")
		}
		client := rest.Client{HTTP: env.HTTP, Base: env.Settings.String("base_url"), Now: env.Now}
		return &account{connection: env.Connection, client: client}, nil
	},
}

// account is an open connection. It implements connectors.Source and connectors.Checker.
type account struct {
	connection string
	client     rest.Client
}

var (
	_ connectors.Source  = (*account)(nil)
	_ connectors.Checker = (*account)(nil)
)
