package oauth

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
)

// InstanceURL and Scope are the names in Extra of the address that a token belongs to (Salesforce) and of what it may do,
// words with spaces between.
const (
	InstanceURL = "instance_url"
	Scope       = "scope"
)

// kept are the fields of token answers that connectors and people need: Salesforce's instance_url and id, HubSpot's
// hub_id and user_id, and the granted scope (a list called `scopes` at HubSpot).
var kept = map[string]string{InstanceURL: InstanceURL, "id": "id", Scope: Scope, "scopes": Scope, "hub_id": "hub_id",
	"user_id": "user_id", "token_type": "token_type"}

// fromProtocol counts the life from before the request, on our clock. An answer that does not say how long the token is
// good for (Salesforce, Zendesk's old clients) gives one that is used until the vendor refuses it.
func (s *Source) fromProtocol(t *oauth2.Token, issued time.Time) Token {
	out := Token{Access: connectors.NewSecret(t.AccessToken), Refresh: connectors.NewSecret(t.RefreshToken), Issued: issued,
		Client: s.client(), Extra: map[string]string{}}
	switch {
	case t.ExpiresIn > 0:
		out.Expiry = issued.Add(time.Duration(t.ExpiresIn) * time.Second)
	case !t.Expiry.IsZero():
		out.Expiry = t.Expiry // a form-encoded answer has no ExpiresIn
	}
	for theirs, ours := range kept {
		if text := plain(t.Extra(theirs)); text != "" {
			out.Extra[ours] = text
		}
	}
	return out
}

// plain returns a value of an answer as text; a list is written with spaces, as RFC 6749 (3.3) writes scopes.
func plain(v any) string {
	switch x := v.(type) {
	case nil, map[string]any:
		return ""
	case []any:
		words := make([]string, 0, len(x))
		for _, e := range x {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, " ")
	case float64:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprint(v)
}

// client names who a token is granted to, and by which host: a refresh token is sent nowhere else.
func (s *Source) client() string {
	host := ""
	if u, err := url.Parse(s.config.OAuth.TokenURL); err == nil {
		host = u.Host
	}
	return s.config.OAuth.ClientID + "@" + host
}
