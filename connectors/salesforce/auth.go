package salesforce

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth/assertion"
)

// The ways to sign in, as the setting `sign_in` names them.
const (
	byBrowser     = "browser"
	byJWT         = "jwt"
	byCredentials = "client_credentials"
)

const (
	productionLogin = "https://login.salesforce.com"
	sandboxLogin    = "https://test.salesforce.com"
)

// signIn declares the OAuth client. There is no password flow: Salesforce ends it, and new apps do not have it.
func signIn(v connectors.Values) (connectors.SignIn, error) {
	login := strings.TrimRight(v.String("login_url"), "/")
	o := &connectors.OAuth{
		AuthURL:      login + "/services/oauth2/authorize",
		TokenURL:     login + "/services/oauth2/token",
		ClientID:     v.String("client_id"),
		ClientSecret: v.Secret("client_secret"),
		RefreshToken: v.Secret("refresh_token"),
		Scopes:       []string{"api", "refresh_token"},
		Instance:     instance(login, v.String("base_url")),
	}
	if o.ClientID == "" {
		return connectors.SignIn{}, errors.New("set client_id, the consumer key of an External Client App")
	}
	var err error
	switch how(v) {
	case byJWT:
		o.Grant, o.Scopes = connectors.JWTBearerGrant, nil
		o.Assertion, err = asserted(v, login)
	case byCredentials:
		o.Grant, o.Scopes = connectors.ClientCredentialsGrant, nil
		err = checkCredentials(v, login)
	}
	if err != nil {
		return connectors.SignIn{}, err
	}
	return connectors.SignIn{OAuth: o}, nil
}

// how returns the way to sign in: the one that is set, else by a key when there is one.
func how(v connectors.Values) string {
	if set := v.String("sign_in"); set != "" {
		return set
	}
	if !v.Secret("private_key").IsZero() {
		return byJWT
	}
	return byBrowser
}

// checkCredentials refuses what Salesforce would: the shared login hosts do not know whose app it is.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
func checkCredentials(v connectors.Values, login string) error {
	switch {
	case v.Secret("client_secret").IsZero():
		return errors.New("sign_in client_credentials needs client_secret")
	case login == productionLogin || login == sandboxLogin:
		return errors.New("sign_in client_credentials works at your organization's My Domain only: set login_url to https://MyDomainName.my.salesforce.com")
	}
	return nil
}

// asserted returns what makes a signed assertion for each token request.
func asserted(v connectors.Values, login string) (func(time.Time) (connectors.Secret, error), error) {
	if v.String("username") == "" {
		return nil, errors.New("sign_in jwt needs username, the user to act as")
	}
	return assertion.New(v.Secret("private_key"), assertion.Claims{Issuer: v.String("client_id"), Subject: v.String("username"),
		Audience: audience(v.String("audience"), login)})
}

// audience is whom an assertion is for: the shared login host of production or of sandboxes also when signing in at a
// My Domain, and any other host (an Experience Cloud site, a simulator) itself.
func audience(set, login string) string {
	if set != "" {
		return set
	}
	u, err := url.Parse(login)
	switch {
	case err != nil:
		return login
	case strings.HasSuffix(u.Hostname(), ".sandbox.my.salesforce.com"):
		return sandboxLogin
	case strings.HasSuffix(u.Hostname(), ".my.salesforce.com"):
		return productionLogin
	}
	return login
}

// domains are the vendor's own, of which an organization's address is: commercial ones, government clouds, and China.
var domains = []string{"salesforce.com", "force.com", "cloudforce.com", "database.com", "salesforce.mil", "cloudforce.mil", "sfcrmproducts.cn"}

// instance returns the check of the address that comes with a token: the token is sent there, and nowhere else. It must
// be https and the vendor's, or the very host of the settings, for a simulator or a proxy.
func instance(own ...string) func(*url.URL) error {
	return func(u *url.URL) error {
		for _, text := range own {
			if mine, err := url.Parse(text); err == nil && mine.Scheme == u.Scheme && mine.Host == u.Host {
				return nil
			}
		}
		host := strings.ToLower(u.Hostname())
		if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" || u.User != nil {
			return errors.New("instance_url is no https address")
		}
		for _, domain := range domains {
			if strings.HasSuffix(host, "."+domain) {
				return nil
			}
		}
		return errors.New("instance_url is not in a domain of Salesforce's: no token is sent there")
	}
}
