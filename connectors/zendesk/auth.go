package zendesk

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The grants by which an OAuth client signs in.
const (
	authorizationCode = "authorization_code"
	clientCredentials = "client_credentials"
)

// endOfAPITokens is when Zendesk stops accepting API tokens. Accounts made since 28 July 2026 cannot create them, and
// nobody can since 27 October 2026.
var endOfAPITokens = time.Date(2027, time.April, 30, 0, 0, 0, 0, time.UTC)

// endOfLastingTokens is when OAuth access tokens without an end stop working.
var endOfLastingTokens = time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)

// label is one label of a host name. A subdomain with anything else in it would send the sign-in to another host.
var label = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// signIn takes exactly one of an OAuth client, an API token with its e-mail address and a lasting OAuth access token.
// OAuth access tokens live 30 minutes unless the client says otherwise, a refresh invalidates the pair before it, and the
// token endpoint takes JSON (https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/).
func signIn(v connectors.Values) (connectors.SignIn, error) {
	if err := checkAddress(v); err != nil {
		return connectors.SignIn{}, err
	}
	client, secret, refresh := v.String("client_id"), v.Secret("client_secret"), v.Secret("refresh_token")
	email, key, token := v.String("email"), v.Secret("api_token"), v.Secret("token")
	oauth := client != "" || !secret.IsZero() || !refresh.IsZero()
	basic := email != "" || !key.IsZero()
	ways := 0
	for _, used := range []bool{oauth, basic, !token.IsZero()} {
		if used {
			ways++
		}
	}
	switch {
	case ways > 1:
		return connectors.SignIn{}, errors.New("set one way to sign in: client_id with client_secret, or email with api_token, or token")
	case ways == 0:
		return connectors.SignIn{}, errors.New("set client_id and client_secret to sign in by OAuth, or email and api_token")
	case !token.IsZero():
		return connectors.SignIn{Token: token}, nil
	case basic && (email == "" || key.IsZero()):
		return connectors.SignIn{}, errors.New("an API token needs both email and api_token")
	case basic && strings.Contains(email, ":"):
		return connectors.SignIn{}, errors.New("email is no e-mail address")
	case basic:
		return connectors.SignIn{Basic: &connectors.Basic{User: email + "/token", Password: key}}, nil
	}
	return signInByClient(v, client, secret, refresh)
}

func signInByClient(v connectors.Values, client string, secret, refresh connectors.Secret) (connectors.SignIn, error) {
	base := strings.TrimRight(v.String("base_url"), "/")
	o := &connectors.OAuth{
		AuthURL:      base + "/oauth/authorizations/new",
		TokenURL:     base + "/oauth/tokens",
		ClientID:     client,
		ClientSecret: secret,
		RefreshToken: refresh,
		Scopes:       []string{"read"},
		JSON:         true,
	}
	switch {
	case client == "":
		return connectors.SignIn{}, errors.New("OAuth needs client_id")
	case v.String("grant") != clientCredentials:
	case secret.IsZero():
		return connectors.SignIn{}, errors.New("grant client_credentials needs client_secret")
	case !refresh.IsZero():
		return connectors.SignIn{}, errors.New("grant client_credentials has no refresh_token; remove it")
	default:
		o.Grant = connectors.ClientCredentialsGrant
	}
	return connectors.SignIn{OAuth: o}, nil
}

func checkAddress(v connectors.Values) error {
	name := v.String("subdomain")
	switch {
	case name == "" && v.String("base_url") == "":
		return errors.New("set subdomain, the name of the account before .zendesk.com")
	case name != "" && !label.MatchString(name):
		return errors.New("subdomain is letters, digits and hyphens only, acme for acme.zendesk.com; for another address set base_url")
	}
	return nil
}

// checkSettings finds what the kinds of the settings do not.
func checkSettings(v connectors.Values) error {
	for _, key := range []string{"external_id_namespace", "organization_external_id_namespace"} {
		connector, object, found := strings.Cut(v.String(key), ":")
		if v.String(key) != "" && (!found || connector == "" || object == "") {
			return fmt.Errorf("%s is written connector:Object, as in salesforce:Contact", key)
		}
	}
	for key, least := range map[string]int{"requests_per_minute": 0, "exports_per_minute": 1, "account_id": 0} {
		if v.Int(key) < least {
			return fmt.Errorf("%s must be at least %d", key, least)
		}
	}
	return nil
}
