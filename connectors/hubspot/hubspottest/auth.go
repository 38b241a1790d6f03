package hubspottest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// grant is what a token stands for.
type grant struct {
	private bool
	expires time.Time // zero is never
	refresh string
}

// authority knows the account's tokens.
type authority struct {
	clock  *sandbox.Clock
	app    *App
	scopes []string

	mu      sync.Mutex
	serial  int
	access  map[string]grant
	refresh map[string][]string // the scopes that each was asked for with
	codes   map[string]code
}

func newAuthority(opt Options) *authority {
	a := &authority{clock: opt.Clock, app: opt.App, scopes: opt.Scopes, access: map[string]grant{}, refresh: map[string][]string{}, codes: map[string]code{}}
	tokens := opt.Tokens
	if len(tokens) == 0 && opt.App == nil {
		tokens = []string{DefaultToken}
	}
	for _, t := range tokens {
		a.access[t] = grant{private: true}
	}
	return a
}

func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// private reports whether the request carries a private app's token.
func (a *authority) private(r *http.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.access[bearer(r)].private
}

// check returns why a token is not accepted.
func (a *authority) check(token string) *failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, ok := a.access[token]
	if !ok || token == "" {
		return unauthorized()
	}
	if now := a.clock.Now(); !g.expires.IsZero() && !now.Before(g.expires) {
		f := fail(http.StatusUnauthorized, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired %d second(s) ago.", int(now.Sub(g.expires).Seconds()))
		return f.with("expire time", g.expires.Format(time.RFC3339))
	}
	return nil
}

// unauthorized is HubSpot's 401 for a missing or unknown token.
func unauthorized() *failure {
	return fail(http.StatusUnauthorized, "INVALID_AUTHENTICATION",
		"Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview")
}

// authenticate lets only requests with a good token pass.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.auth.check(bearer(r)); f != nil {
			writeFailure(w, f)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// need answers the 403 of a token without a scope, as recorded. Scopes of tickets and of the schema have names of their
// own: a write scope also reads.
func (s *Server) need(scope string) error {
	if s.auth.scopes == nil {
		return nil
	}
	if strings.HasPrefix(scope, "crm.objects.tickets.") {
		scope = "tickets"
	}
	if slices.Contains(s.auth.scopes, scope) || slices.Contains(s.auth.scopes, strings.TrimSuffix(scope, ".read")+".write") {
		return nil
	}
	f := fail(http.StatusForbidden, "MISSING_SCOPES", "One or more of the following scopes are required.")
	return f.with("requiredGranularScopes", scope).with("links", "https://developers.hubspot.com/scopes")
}

// RevokeToken makes a token unknown: the app was uninstalled, or the private app's token was rotated.
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
		if !g.private {
			g.expires = s.opt.Clock.Now()
			s.auth.access[token] = g
		}
	}
}
