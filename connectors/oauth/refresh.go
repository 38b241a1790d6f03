package oauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// kept are the fields of token answers that connectors need: Salesforce's instance_url and id, HubSpot's hub_id, and
// the granted scope for `millrace check`.
var kept = []string{"instance_url", "id", "scope", "hub_id", "token_type"}

// refresh spends the refresh token for a new pair. The stored one wins over the configured one, which a vendor that
// rotates has long replaced; when the stored one is refused and another one is configured, a person has signed in
// again and that one is tried.
func (s *Source) refresh(ctx context.Context, stored Token) (Token, error) {
	configured := s.config.OAuth.RefreshToken
	spend := stored.Refresh
	if spend.IsZero() {
		spend = configured
	}
	if spend.IsZero() {
		return Token{}, &connectors.Error{Kind: connectors.Denied, Op: "refresh token",
			Reason: "no refresh token is known; set refresh_token of connection " + s.config.Connection}
	}
	t, err := s.exchange(ctx, spend, stored)
	if connectors.KindOf(err) != connectors.Denied {
		return s.settle(ctx, t, err)
	}
	// Another process may have rotated the token between our reading and our call.
	if again, loadErr := s.config.Store.Load(ctx, s.config.Connection); loadErr == nil && again.Access != stored.Access && s.adopt(again) {
		return again, nil
	}
	if !configured.IsZero() && configured != spend {
		t, err = s.exchange(ctx, configured, stored)
	}
	return s.settle(ctx, t, err)
}

func (s *Source) settle(ctx context.Context, t Token, err error) (Token, error) {
	if err != nil {
		return Token{}, err
	}
	return s.keep(ctx, t)
}

// exchange makes the one call. What the answer leaves out is taken over from the token before: most vendors send
// neither a refresh token nor instance_url again.
func (s *Source) exchange(ctx context.Context, spend connectors.Secret, before Token) (Token, error) {
	issued := s.config.Now()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.config.HTTP)
	config := protocol(s.config.OAuth)
	got, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: spend.Reveal()}).Token()
	if err != nil {
		return Token{}, classify("refresh token", s.config.Connection, err, s.config.Now())
	}
	t := fromProtocol(got, issued)
	extra := maps.Clone(before.Extra)
	if extra == nil {
		extra = map[string]string{}
	}
	maps.Copy(extra, t.Extra)
	t.Extra = extra
	return t, nil
}

// protocol is the client in golang.org/x/oauth2's terms. The style is fixed: probing for it would send a refresh token
// twice, and a vendor that rotates takes the second for theft. Every vendor here takes the credentials in the form.
func protocol(o connectors.OAuth) *oauth2.Config {
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Scopes: o.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: o.AuthURL, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
}

// fromProtocol counts the life from before the request, on our clock.
func fromProtocol(t *oauth2.Token, issued time.Time) Token {
	out := Token{Access: connectors.NewSecret(t.AccessToken), Refresh: connectors.NewSecret(t.RefreshToken), Issued: issued, Extra: map[string]string{}}
	switch {
	case t.ExpiresIn > 0:
		out.Expiry = issued.Add(time.Duration(t.ExpiresIn) * time.Second)
	case !t.Expiry.IsZero():
		out.Expiry = t.Expiry // a form-encoded answer has no ExpiresIn
	}
	for _, name := range kept {
		if v := t.Extra(name); v != nil && v != "" {
			out.Extra[name] = fmt.Sprint(v)
		}
	}
	return out
}

// temporaryCodes are the refusals of RFC 6749 (4.1.2.1) that heal; every other refusal below 500 needs a person.
var temporaryCodes = map[string]bool{"temporarily_unavailable": true, "server_error": true}

// shownCodes are the refusals of RFC 6749 (5.2), RFC 8628 and the vendors that may be shown. Other texts, and every
// description, could hold anything.
var shownCodes = map[string]bool{"invalid_grant": true, "invalid_client": true, "invalid_request": true, "invalid_scope": true,
	"unauthorized_client": true, "unsupported_grant_type": true, "access_denied": true, "inactive_user": true, "inactive_org": true,
	"invalid_client_id": true, "rate_limit_exceeded": true, "temporarily_unavailable": true, "server_error": true}

// classify turns a failed call of the token endpoint into an error that shows neither tokens nor the answer's text.
func classify(op, connection string, err error, now time.Time) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: rest.Cause(err)}
	}
	e := &connectors.Error{Op: op, Status: refused.Response.StatusCode, Kind: connectors.Denied, After: rest.RetryAfter(refused.Response.Header, now)}
	known := shownCodes[refused.ErrorCode]
	if known {
		e.Reason = refused.ErrorCode
	}
	switch by := rest.KindOfStatus(e.Status); {
	case by == connectors.Limited:
		e.Kind = by
	case temporaryCodes[refused.ErrorCode], by == connectors.Temporary && !known:
		e.Kind = connectors.Temporary
	}
	if e.Kind == connectors.Denied {
		e.Err = errors.New("check the OAuth client, or authorize the app again and set the new refresh_token of connection " + connection)
	}
	return e
}
