package imap

import (
	"errors"
	"net/url"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// The values of `sign_in` and of `grant`.
const (
	byPassword  = "password"
	byGoogle    = "google"
	byMicrosoft = "microsoft"
	byOAuth     = "oauth"

	authorizationCode = "authorization_code"
	clientCredentials = "client_credentials"
)

// knownHosts are the servers of those who have only one.
var knownHosts = map[string]string{byGoogle: "imap.gmail.com", byMicrosoft: "outlook.office365.com"}

// signIn declares the OAuth client, if that is how to sign in. A password is sent by IMAP, not by HTTP.
func signIn(v connectors.Values) (connectors.SignIn, error) {
	o := &connectors.OAuth{ClientID: v.String("client_id"), ClientSecret: v.Secret("client_secret"), RefreshToken: v.Secret("refresh_token")}
	alone := v.String("grant") == clientCredentials
	switch v.String("sign_in") {
	case byGoogle:
		// Without these two Google grants no refresh token (https://developers.google.com/identity/protocols/oauth2/web-server).
		o.AuthURL = "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent"
		o.TokenURL = "https://oauth2.googleapis.com/token"
		o.Scopes = []string{"https://mail.google.com/"}
		if alone {
			return connectors.SignIn{}, errors.New("grant client_credentials: Google has no such grant for mail")
		}
	case byMicrosoft:
		microsoft(o, v.String("tenant"), alone)
		if alone && v.String("tenant") == "common" {
			return connectors.SignIn{}, errors.New("grant client_credentials needs tenant, the id or domain of your organization")
		}
	case byOAuth:
		o.AuthURL, o.TokenURL, o.Scopes = v.String("authorize_url"), v.String("grant_url"), v.List("scopes")
		if o.TokenURL == "" {
			return connectors.SignIn{}, errors.New("sign_in oauth needs grant_url")
		}
	default:
		if v.Secret("password").IsZero() {
			return connectors.SignIn{}, errors.New("set password, or sign_in for OAuth")
		}
		return connectors.SignIn{}, nil
	}
	if alone {
		o.Grant, o.AuthURL = connectors.ClientCredentialsGrant, ""
	}
	if o.ClientID == "" {
		return connectors.SignIn{}, errors.New("set client_id, the id of the OAuth client")
	}
	if alone && o.ClientSecret.IsZero() {
		return connectors.SignIn{}, errors.New("grant client_credentials needs client_secret")
	}
	return connectors.SignIn{OAuth: o}, nil
}

// microsoft fills in Microsoft's addresses and scopes
// (https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth).
func microsoft(o *connectors.OAuth, tenant string, alone bool) {
	base := "https://login.microsoftonline.com/" + url.PathEscape(strings.TrimSpace(tenant)) + "/oauth2/v2.0/"
	o.AuthURL, o.TokenURL = base+"authorize", base+"token"
	o.Scopes = []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"}
	if alone {
		o.Scopes = []string{"https://outlook.office365.com/.default"}
	}
}
