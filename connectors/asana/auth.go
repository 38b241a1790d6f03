package asana

import (
	"errors"
	"net/url"

	"github.com/millrace/millrace/connectors"
)

// scopes are the OAuth permissions the connector uses, as the API reference names them for each operation
// (https://developers.asana.com/docs/oauth-scopes).
var scopes = []string{
	"users:read", "workspaces:read", "projects:read", "projects:write", "project_sections:read",
	"custom_fields:read", "custom_fields:write", "tasks:read", "tasks:write", "tasks:delete", "stories:read", "stories:write",
	"stories:delete",
}

// signIn takes a static token or an OAuth client, whose refresh token is one that the settings have or, mostly, the one
// that `millrace auth` brings. Asana's access tokens live an hour and its refresh tokens are not rotated
// (https://developers.asana.com/docs/oauth).
func signIn(v connectors.Values) (connectors.SignIn, error) {
	if token := v.Secret("token"); !token.IsZero() {
		if v.String("client_id") != "" {
			return connectors.SignIn{}, errors.New("token and client_id are both set; keep one of them")
		}
		return connectors.SignIn{Token: token}, nil
	}
	id, secret, refresh := v.String("client_id"), v.Secret("client_secret"), v.Secret("refresh_token")
	if id == "" || secret.IsZero() {
		return connectors.SignIn{}, errors.New("sign-in is missing; set token, or client_id and client_secret to sign in through the browser")
	}
	base := v.String("base_url")
	if base == "" {
		base = defaultBase
	}
	u, err := url.Parse(base)
	if err != nil {
		return connectors.SignIn{}, errors.New("base_url is no address")
	}
	site := u.Scheme + "://" + u.Host
	return connectors.SignIn{OAuth: &connectors.OAuth{
		AuthURL: site + "/-/oauth_authorize", TokenURL: site + "/-/oauth_token",
		ClientID: id, ClientSecret: secret, RefreshToken: refresh, Scopes: scopes,
	}}, nil
}
