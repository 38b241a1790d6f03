package salesforcetest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// App is an External Client App that the organization knows.
type App struct {
	ClientID, ClientSecret string
	// RedirectURI must be the one a code is asked and redeemed with, up to the port of a loopback address; "" accepts any.
	RedirectURI string
	// Username is whom tokens stand for; "" is integration@acme.example. A JWT must name it.
	Username string
	// Key verifies JWT assertions; nil refuses them.
	Key *rsa.PublicKey
	// RotateRefresh makes every refresh answer a new refresh token and forget the old one. Whoever uses the old one again
	// ends the new one and its sessions.
	RotateRefresh bool
	// ClientCredentials allows that flow, which a new app does not.
	ClientCredentials bool
}

// session is what an access token stands for.
type session struct {
	user    string
	used    time.Time
	forever bool
	refresh string
}

// authority knows the organization's tokens.
type authority struct {
	clock    *sandbox.Clock
	app      *App
	org      string
	user     string
	life     time.Duration
	mu       sync.Mutex
	sessions map[string]*session
	refresh  map[string]bool
	replaced map[string]string // a refresh token to the one it was rotated into
	codes    map[string]code
	forms    map[string]asked
}

func newAuthority(s *Server) *authority {
	a := &authority{clock: s.opt.Clock, app: s.opt.App, org: s.opt.OrgID, user: s.user, life: s.opt.SessionLife,
		sessions: map[string]*session{}, refresh: map[string]bool{}, replaced: map[string]string{}, codes: map[string]code{}, forms: map[string]asked{}}
	tokens := s.opt.Tokens
	if len(tokens) == 0 && a.app == nil {
		tokens = []string{DefaultToken}
	}
	for _, t := range tokens {
		a.sessions[t] = &session{user: s.user, forever: true}
	}
	return a
}

// random returns an unguessable word.
func random() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// OAuth is the scheme of older clients, which the vendor still takes.
	if !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") {
		return ""
	}
	return strings.TrimSpace(token)
}

// valid reports whether a token is good and, because use extends a session, remembers that it was used.
func (a *authority) valid(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sessions[token]
	if s == nil {
		return false
	}
	now := a.clock.Now()
	if !s.forever && now.Sub(s.used) >= a.life {
		delete(a.sessions, token)
		return false
	}
	s.used = now
	return true
}

// userOf returns whom a token stands for.
func (a *authority) userOf(token string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.sessions[token]; s != nil {
		return s.user
	}
	return a.user
}

// newSession makes an access token, in the vendor's form: the organization's id of 15 characters, "!", a secret.
func (a *authority) newSession(refresh string) string {
	token := a.org[:15] + "!" + random()
	a.sessions[token] = &session{user: a.user, used: a.clock.Now(), refresh: refresh}
	return token
}

// authenticate lets only requests with a good token pass.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		if !s.auth.valid(bearer(r)) {
			w.Header().Set("WWW-Authenticate", "Token")
			return expired()
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// Authenticate reports whether the three things that the Pub/Sub API wants with each call fit together: a good token,
// the instance's address (any, unless SetInstance named one) and the organization's id.
func (s *Server) Authenticate(token, instance, org string) bool {
	id, ok := canonicalID(org)
	want := s.instance.Load()
	return ok && id == s.opt.OrgID && (want == nil || strings.TrimSuffix(instance, "/") == *want) && s.auth.valid(token)
}

// NewRefreshToken signs in without a browser and returns the refresh token.
func (s *Server) NewRefreshToken() string {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	return s.auth.newRefresh()
}

func (a *authority) newRefresh() string {
	token := "5Aep" + random()
	a.refresh[token] = true
	return token
}

// ExpireSessions ends every OAuth access token now; refresh tokens stay good.
func (s *Server) ExpireSessions() {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	for token, x := range s.auth.sessions {
		if !x.forever {
			delete(s.auth.sessions, token)
		}
	}
}

// Revoke makes a token unknown; with a refresh token go its access tokens. It reports whether the token was known.
func (s *Server) Revoke(token string) bool {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	return s.auth.revoke(token)
}

// revoke is Revoke for the holder of mu.
func (a *authority) revoke(token string) bool {
	known := a.sessions[token] != nil || a.refresh[token]
	delete(a.sessions, token)
	delete(a.refresh, token)
	for t, x := range a.sessions {
		if x.refresh == token && token != "" {
			delete(a.sessions, t)
		}
	}
	return known
}
