package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

const maxDrain = 256 << 10

// tokens is where a connection's access token comes from.
type tokens interface {
	Token(ctx context.Context) (oauth.Token, error)
	Invalidate(access connectors.Secret)
}

// static is a token that cannot be renewed: a 401 is final.
type static struct{ token oauth.Token }

func (s static) Token(context.Context) (oauth.Token, error) { return s.token, nil }
func (static) Invalidate(connectors.Secret)                 {}

// signed puts the access token on requests to the connection's own host, and on no other.
type signed struct {
	tokens         tokens
	renewable      bool
	base           *url.URL
	followInstance bool
	next           http.RoundTripper
}

// signIn returns next with the connection's sign-in in front of it.
func (c Config) signIn(base *url.URL, next http.RoundTripper) (http.RoundTripper, error) {
	if c.Spec.SignIn == nil {
		return next, nil
	}
	how, err := c.Spec.SignIn(c.Values)
	if err != nil {
		return nil, err
	}
	s := &signed{base: base, followInstance: c.FollowInstance, next: next}
	switch {
	case how.OAuth != nil:
		// The token endpoint is not part of the API's quota and must not be retried: straight to the pool.
		source, err := oauth.New(oauth.Config{Connection: c.Connection, OAuth: *how.OAuth, Store: c.Tokens, Now: c.Now,
			HTTP: &http.Client{Transport: next}})
		if err != nil {
			return nil, err
		}
		s.tokens, s.renewable = source, true
	case !how.Token.IsZero():
		s.tokens = static{oauth.Token{Access: how.Token}}
	default:
		return next, nil
	}
	return s, nil
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != s.base.Host || req.URL.Scheme != s.base.Scheme {
		return s.next.RoundTrip(req)
	}
	token, err := s.tokens.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, fmt.Errorf("sign in: %w", err)
	}
	resp, err := s.next.RoundTrip(s.with(req, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !s.renewable {
		return resp, err
	}
	s.tokens.Invalidate(token.Access)
	again, ok := rewind(req)
	if !ok {
		return resp, nil
	}
	fresh, err := s.tokens.Token(req.Context())
	if err != nil {
		drain(resp.Body)
		return nil, fmt.Errorf("sign in again: %w", err)
	}
	drain(resp.Body)
	return s.next.RoundTrip(s.with(again, fresh)) // 401 means nothing was done, so this is safe for a POST too
}

// with returns a copy of req that carries the token, and goes to the token's own instance when asked to.
func (s *signed) with(req *http.Request, token oauth.Token) *http.Request {
	out := req.Clone(req.Context())
	out.Header.Set("Authorization", "Bearer "+token.Access.Reveal())
	if !s.followInstance {
		return out
	}
	instance, err := url.Parse(token.Extra["instance_url"])
	if err == nil && instance.Host != "" && (instance.Scheme == "https" || instance.Scheme == s.base.Scheme) {
		out.URL.Scheme, out.URL.Host, out.Host = instance.Scheme, instance.Host, instance.Host
	}
	return out
}

// rewind returns req with its body at the start again, and false when the body cannot be had twice.
func rewind(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	out := *req
	out.Body = body
	return &out, true
}

// drain frees the connection for the next request.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxDrain))
	_ = body.Close()
}
