package mailchimp

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors"
)

const (
	defaultLogin = "https://login.mailchimp.com"
	// apiDomain is what every account's address ends with.
	apiDomain = ".api.mailchimp.com"
	// anyUser is the user of Basic authentication, of which Mailchimp takes no notice.
	anyUser = "millrace"
)

// center is how data centres are called. Anything else would send the sign-in to another host.
var center = regexp.MustCompile(`^[a-z]{2}[0-9]{1,3}$`)

// dataCenterOfKey is what stands behind the last hyphen of the API key
// (https://mailchimp.com/developer/marketing/docs/fundamentals/).
func dataCenterOfKey(v connectors.Values) string {
	key := v.Secret("api_key").Reveal()
	if at := strings.LastIndexByte(key, '-'); at >= 0 && center.MatchString(key[at+1:]) {
		return key[at+1:]
	}
	return ""
}

// signIn takes exactly one of an API key, an OAuth client and an access token. An OAuth access token does not expire and
// comes without a refresh token; of which account it is, only the metadata say.
// https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/
func signIn(v connectors.Values) (connectors.SignIn, error) {
	key, token := v.Secret("api_key"), v.Secret("token")
	client, secret := v.String("client_id"), v.Secret("client_secret")
	ways := 0
	for _, used := range []bool{!key.IsZero(), client != "" || !secret.IsZero(), !token.IsZero()} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		return connectors.SignIn{}, errors.New("set one way to sign in: api_key, or client_id with client_secret")
	}
	if err := checkAddress(v); err != nil {
		return connectors.SignIn{}, err
	}
	switch {
	case !key.IsZero():
		return connectors.SignIn{Basic: &connectors.Basic{User: anyUser, Password: key}}, nil
	case !token.IsZero():
		return connectors.SignIn{Token: token}, nil
	case client == "" || secret.IsZero():
		return connectors.SignIn{}, errors.New("OAuth needs both client_id and client_secret")
	}
	login := v.String("login_url")
	return connectors.SignIn{OAuth: &connectors.OAuth{
		AuthURL:      login + "/oauth2/authorize",
		TokenURL:     login + "/oauth2/token",
		Metadata:     login + "/oauth2/metadata",
		ClientID:     client,
		ClientSecret: secret,
		Instance:     instance(login, v.String("base_url")),
	}}, nil
}

// checkAddress: a key or token without a data centre, or with one that is none, has nowhere to go.
func checkAddress(v connectors.Values) error {
	dc := v.String("data_center")
	own := v.String("base_url") != "" && v.String("base_url") != v.String("login_url")
	switch {
	case dc != "" && !center.MatchString(dc):
		return errors.New("data_center is two letters and a number, us19; for another address set base_url")
	case dc == "" && !own && !v.Secret("api_key").IsZero():
		return errors.New("api_key has no data centre at its end (…-us19); copy the whole key, or set data_center")
	case dc == "" && !own && !v.Secret("token").IsZero():
		return errors.New("token needs data_center, us19 for us19.api.mailchimp.com")
	}
	return nil
}

// instance returns the check of the address that comes with a token: the token is sent there, and nowhere else. It must be
// an account's address, or the very host of the settings, for a simulator or a proxy.
func instance(own ...string) func(*url.URL) error {
	return func(u *url.URL) error {
		for _, text := range own {
			if mine, err := url.Parse(text); err == nil && mine.Host != "login.mailchimp.com" && mine.Scheme == u.Scheme && mine.Host == u.Host {
				return nil
			}
		}
		host := strings.ToLower(u.Hostname())
		dc, ok := strings.CutSuffix(host, apiDomain)
		if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" || !ok || !center.MatchString(dc) {
			return errors.New("api_endpoint is no https address of the form us19" + apiDomain + ": no token is sent there")
		}
		return nil
	}
}

// checkSettings finds what the kinds of the settings do not.
func checkSettings(v connectors.Values) error {
	for key, bounds := range map[string][2]int{"activity_days": {1, 3650}, "connections": {1, mostConnections}} {
		if n := v.Int(key); n < bounds[0] || n > bounds[1] {
			return fmt.Errorf("%s must be from %d to %d", key, bounds[0], bounds[1])
		}
	}
	return nil
}
