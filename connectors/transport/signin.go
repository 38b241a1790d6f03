package transport

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpguts"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

const maxDrain = 256 << 10

// own is what is signed: requests to the connection's own host, but for those that carry a proof of their own.
type own struct {
	base   *url.URL
	except func(*http.Request) bool // nil = none
}

// has reports whether a request is to be signed. A connection that speaks another protocol has none.
func (o own) has(req *http.Request) bool {
	return o.base.Host != "" && req.URL.Host == o.base.Host && req.URL.Scheme == o.base.Scheme && (o.except == nil || !o.except(req))
}

// fixed puts what does not change, a static token, Basic or a key in a header of the vendor's own, on the connection's own
// requests, and on no other. It cannot be renewed: a 401 is final.
type fixed struct {
	name  string // of the header
	value connectors.Secret
	own   own
	next  http.RoundTripper
}

func (f *fixed) RoundTrip(req *http.Request) (*http.Response, error) {
	if !f.own.has(req) {
		return f.next.RoundTrip(req)
	}
	out := req.Clone(req.Context())
	out.Header.Set(f.name, f.value.Reveal())
	return f.next.RoundTrip(out)
}

// signed puts the access token on the connection's own requests, and on no other; one with an instance goes there instead.
type signed struct {
	source   *oauth.Source
	own      own
	instance bool
	next     http.RoundTripper
}

// signIn returns next with the connection's sign-in in front of it.
func (c Config) signIn(base *url.URL, next http.RoundTripper) (http.RoundTripper, *oauth.Source, error) {
	if c.Spec.SignIn == nil {
		return next, nil, nil
	}
	how, err := c.Spec.SignIn(c.Values)
	if err != nil {
		return nil, nil, err
	}
	ours := own{base, how.Except}
	switch {
	case how.OAuth != nil:
		// The token endpoint is not part of the API's quota and must not be retried: straight to the pool.
		source, err := oauth.New(oauth.Config{Connection: c.Connection, OAuth: *how.OAuth, Store: c.Tokens, Now: c.Now,
			HTTP: &http.Client{Transport: next}})
		if err != nil {
			return nil, nil, err
		}
		return &signed{source: source, own: ours, instance: how.OAuth.Instance != nil, next: next}, source, nil
	case how.Basic != nil:
		pair := how.Basic.User + ":" + how.Basic.Password.Reveal()
		value := connectors.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
		return &fixed{name: "Authorization", value: value, own: ours, next: next}, nil, nil
	case how.Header != nil:
		if !httpguts.ValidHeaderFieldName(how.Header.Name) || !httpguts.ValidHeaderFieldValue(how.Header.Value.Reveal()) {
			return nil, nil, errors.New("the key cannot be sent: it has a character that no header may have, such as a line break")
		}
		return &fixed{name: how.Header.Name, value: how.Header.Value, own: ours, next: next}, nil, nil
	case !how.Token.IsZero():
		return &fixed{name: "Authorization", value: connectors.NewSecret("Bearer " + how.Token.Reveal()), own: ours, next: next}, nil, nil
	}
	return next, nil, nil
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	if !s.own.has(req) {
		return s.next.RoundTrip(req)
	}
	token, err := s.source.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, fmt.Errorf("sign in: %w", err)
	}
	out, err := s.with(req, token)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := s.next.RoundTrip(out)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	s.source.Invalidate(token.Access)
	again, ok := rewind(req)
	if !ok {
		return resp, nil
	}
	fresh, err := s.source.Token(req.Context())
	if err == nil {
		out, err = s.with(again, fresh)
	}
	if err != nil {
		drain(resp.Body)
		closeBody(again)
		return nil, fmt.Errorf("sign in again: %w", err)
	}
	drain(resp.Body)
	return s.next.RoundTrip(out) // 401 means nothing was done, so this is safe for a POST too
}

// with returns a copy of req that carries the token, and goes to the token's own instance when it has one. The source
// has accepted the instance; an address that cannot be read is no place to go.
func (s *signed) with(req *http.Request, token connectors.SignedIn) (*http.Request, error) {
	out := req.Clone(req.Context())
	if s.instance {
		instance, err := url.Parse(token.Extra[oauth.InstanceURL])
		if err != nil || instance.Host == "" {
			return nil, &connectors.Error{Kind: connectors.Denied, Op: "sign in", Reason: "the token's instance is no address"}
		}
		out.URL.Scheme, out.URL.Host, out.Host = instance.Scheme, instance.Host, instance.Host
	}
	out.Header.Set("Authorization", "Bearer "+token.Access.Reveal())
	return out, nil
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
