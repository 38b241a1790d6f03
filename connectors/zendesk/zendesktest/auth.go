package zendesktest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// grant is what a token stands for.
type grant struct {
	lasting bool      // it was configured, and ExpireTokens leaves it alone
	expires time.Time // zero is never
	scopes  []string
	refresh string // the other half of the pair
}

// authority knows the account's credentials.
type authority struct {
	clock *sandbox.Clock
	opt   Options

	mu      sync.Mutex
	serial  int
	access  map[string]grant
	refresh map[string]grant
	codes   map[string]code
}

func newAuthority(opt Options) *authority {
	a := &authority{clock: opt.Clock, opt: opt, access: map[string]grant{}, refresh: map[string]grant{}, codes: map[string]code{}}
	tokens := opt.Tokens
	if len(tokens) == 0 && opt.App == nil && opt.APIUser == "" {
		tokens = []string{DefaultToken}
	}
	scopes := opt.Scopes
	if scopes == nil {
		scopes = []string{"read", "write"}
	}
	for _, t := range tokens {
		a.access[t] = grant{lasting: true, scopes: scopes}
	}
	return a
}

// anonymous reports whether a request brings no credentials at all. It is recorded that a wrong API token is answered the
// same way at users/me.
func (a *authority) anonymous(r *http.Request) bool {
	header := r.Header.Get("Authorization")
	return header == "" || (strings.HasPrefix(header, "Basic ") && a.check(r) != nil && !a.opt.TokensEnded)
}

// check returns why a request's credentials are not accepted.
func (a *authority) check(r *http.Request) *failure {
	if _, f := a.scopes(r); f != nil {
		return f
	}
	return nil
}

// scopes returns what a request may do; an API token may do everything.
func (a *authority) scopes(r *http.Request) ([]string, *failure) {
	header := r.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		return a.bearer(token, r)
	}
	basic, ok := strings.CutPrefix(header, "Basic ")
	pair, err := base64.StdEncoding.DecodeString(basic)
	user, token, found := strings.Cut(string(pair), "/token:")
	// A password instead of a token (user:password) is no longer accepted by any account.
	if !ok || err != nil || !found || a.opt.TokensEnded || a.opt.APIUser == "" || !strings.EqualFold(user, a.opt.APIUser) || token != a.opt.APIToken {
		return nil, unauthorized(r)
	}
	return []string{"read", "write"}, nil
}

func (a *authority) bearer(token string, r *http.Request) ([]string, *failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, ok := a.access[token]
	if !ok || (!g.expires.IsZero() && !a.clock.Now().Before(g.expires)) {
		return nil, unauthorized(r)
	}
	return g.scopes, nil
}

// unauthorized is the 401: one sentence for Basic authentication and none, the standard's words for a bearer token
// (zendesk_api_client_rb issue 297, zdesk issue 58).
func unauthorized(r *http.Request) *failure {
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return &failure{code: http.StatusUnauthorized, body: map[string]any{"error": "invalid_token",
			"error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons."}}
	}
	return &failure{code: http.StatusUnauthorized, body: map[string]any{"error": "Couldn't authenticate you"}}
}

// authenticate lets only requests with good credentials pass, and everybody to users/me.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/users/me" && s.auth.anonymous(r) {
			next.ServeHTTP(w, r)
			return
		}
		if f := s.auth.check(r); f != nil {
			writeFailure(w, f)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// may lets a request pass whose token has a scope such as tickets:read, or the same for everything.
func (s *Server) may(scope string, next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		scopes, f := s.auth.scopes(r)
		if f != nil {
			return f
		}
		kind := scope[strings.LastIndex(scope, ":")+1:]
		if !slices.Contains(scopes, scope) && !slices.Contains(scopes, kind) {
			return titled(http.StatusForbidden, "Forbidden", "Missing the following required scopes: %s", scope)
		}
		return next(w, r)
	}
}

// admin lets only admins pass.
func (s *Server) admin(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.opt.Role != "admin" {
			return forbidden()
		}
		return next(w, r)
	}
}

// RevokeToken makes an access or refresh token unknown.
func (s *Server) RevokeToken(token string) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	delete(s.auth.access, token)
	delete(s.auth.refresh, token)
}

// ExpireTokens ends every OAuth access token now; refresh tokens stay good.
func (s *Server) ExpireTokens() {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	for token, g := range s.auth.access {
		if !g.lasting {
			g.expires = s.opt.Clock.Now()
			s.auth.access[token] = g
		}
	}
}
