package oauth

import (
	"context"
	"maps"
	"net/url"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/millrace/millrace/connectors"
)

// again asks for a token by a grant that can be had any number of times. Nothing is read from the store: a token of
// another user or client that the configuration named before would go on being used.
func (s *Source) again(ctx context.Context) (Token, error) {
	o := s.config.OAuth
	params := url.Values{}
	if o.Grant == connectors.JWTBearerGrant {
		assertion, err := o.Assertion(s.config.Now())
		if err != nil {
			return Token{}, &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Err: err}
		}
		params.Set("grant_type", string(connectors.JWTBearerGrant))
		params.Set("assertion", assertion.Reveal())
	}
	issued := s.config.Now()
	config := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), TokenURL: o.TokenURL,
		Scopes: o.Scopes, EndpointParams: params, AuthStyle: oauth2.AuthStyleInParams}
	got, err := config.Token(s.onWire(ctx))
	if err != nil {
		return Token{}, s.classify(opSignIn, err)
	}
	return s.granted(ctx, got, issued)
}

// refresh spends the refresh token for a new pair. The stored one wins over the configured one, which a vendor that
// rotates has long replaced; when the stored one is refused and another one is configured, a person has signed in
// again and that one is tried.
func (s *Source) refresh(ctx context.Context, stored Token) (Token, error) {
	configured := s.config.OAuth.RefreshToken
	spend := stored.Refresh
	if spend.IsZero() {
		spend = configured
	}
	if spend.IsZero() && !stored.Access.IsZero() {
		return Token{}, &connectors.Error{Kind: connectors.Denied, Op: opRefresh,
			Reason: "the access token ended and the vendor gave no refresh token with it; " + s.signInHint()}
	}
	if spend.IsZero() {
		return Token{}, &connectors.Error{Kind: connectors.Denied, Op: opSignIn, Reason: "not signed in yet; " + s.signInHint()}
	}
	t, err := s.exchange(ctx, spend, stored)
	if connectors.KindOf(err) != connectors.Denied {
		return t, err
	}
	// Another process may have rotated the token between our reading and our call.
	if again, loadErr := s.load(ctx); loadErr == nil && again.Access != stored.Access && s.good(again) {
		return again, nil
	}
	if !configured.IsZero() && configured != spend {
		return s.exchange(ctx, configured, stored)
	}
	return t, err
}

// exchange makes the one call. What the answer leaves out is taken over from the token before: most vendors send
// neither a refresh token nor the rest again.
func (s *Source) exchange(ctx context.Context, spend connectors.Secret, before Token) (Token, error) {
	issued := s.config.Now()
	got, err := protocol(s.config.OAuth).TokenSource(s.onWire(ctx), &oauth2.Token{RefreshToken: spend.Reveal()}).Token()
	if err != nil {
		return Token{}, s.classify(opRefresh, err)
	}
	t, err := s.granted(ctx, got, issued)
	if err != nil {
		return Token{}, err
	}
	extra := maps.Clone(before.Extra)
	if extra == nil {
		extra = map[string]string{}
	}
	maps.Copy(extra, t.Extra)
	t.Extra = extra
	return t, nil
}

// protocol is the client in golang.org/x/oauth2's terms. The style is fixed: probing for it would send a refresh token
// twice, and a vendor that rotates takes the second for theft. Every vendor here takes the credentials in the body.
func protocol(o connectors.OAuth) *oauth2.Config {
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Scopes: o.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: o.AuthURL, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
}
