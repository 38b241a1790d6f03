package hubspot

import (
	"errors"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// defaultAuthorize is the consent page, https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth.
const defaultAuthorize = "https://app.hubspot.com/oauth/authorize"

// signIn takes a static token or an OAuth client. Static tokens do not expire; OAuth access tokens live 30 minutes and
// a refresh may return another refresh token, which then is the only valid one. The first refresh token is one that the
// settings have or, mostly, the one that `millrace auth` brings.
func signIn(v connectors.Values) (connectors.SignIn, error) {
	token, refresh := v.Secret("token"), v.Secret("refresh_token")
	client, secret := v.String("client_id"), v.Secret("client_secret")
	oauth := client != "" || !secret.IsZero() || !refresh.IsZero()
	switch {
	case !token.IsZero() && oauth:
		return connectors.SignIn{}, errors.New("set either token or client_id and client_secret, not both")
	case !token.IsZero():
		return connectors.SignIn{Token: token, Except: ownersRequest}, nil
	case !oauth:
		return connectors.SignIn{}, errors.New("set token, or client_id and client_secret to sign in through the browser")
	case client == "" || secret.IsZero():
		return connectors.SignIn{}, errors.New("OAuth needs client_id and client_secret")
	}
	return connectors.SignIn{Except: ownersRequest, OAuth: &connectors.OAuth{
		AuthURL:      v.String("authorize_url"),
		TokenURL:     strings.TrimRight(v.String("base_url"), "/") + tokenPath(version(v.String("api_version"))),
		ClientID:     client,
		ClientSecret: secret,
		RefreshToken: refresh,
		Scopes:       scopes(v.List("streams")),
	}}, nil
}

// tokenPath is the token endpoint. It is independent of the version of the CRM's paths; /oauth/v1 ends on 16 February
// 2027 and 2025-09 never had one, so everything but 2026-03 uses 2026-09.
func tokenPath(v version) string {
	if v == "2026-03" {
		return "/oauth/2026-03/token"
	}
	return "/oauth/2026-09/token"
}

// scopes are what reading the streams needs. `oauth` is what account-info asks for.
func scopes(streams []string) []string {
	list := []string{"oauth", "crm.objects.owners.read"}
	for _, o := range readObjects(streams) {
		list = append(list, o.scope)
	}
	return list
}
