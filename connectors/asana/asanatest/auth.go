package asanatest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// auth knows tokens, codes and apps.
type auth struct {
	now     func() time.Time
	life    time.Duration
	apps    map[string]App
	mu      sync.Mutex
	access  map[string]grant
	refresh map[string]grant
	codes   map[string]code
	first   *user
}

// grant is what a token stands for. An expiry of 0 is never: personal access and refresh tokens.
type grant struct {
	who    viewer
	expiry stamp
}

type code struct {
	grant
	redirect, challenge, method string
}

func newAuth(opt Options, users []*user) *auth {
	a := &auth{now: opt.Now, life: opt.TokenLife, apps: map[string]App{}, access: map[string]grant{},
		refresh: map[string]grant{}, codes: map[string]code{}, first: users[0]}
	for _, app := range opt.Apps {
		a.apps[app.ClientID] = app
	}
	for token, email := range opt.Tokens {
		for _, u := range users {
			if u.email == email {
				a.access[token] = grant{who: viewer{user: u.id, token: token}}
			}
		}
	}
	return a
}

// who reads the bearer token. Everything wrong with it is the same 401.
func (a *auth) who(r *http.Request) (viewer, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return viewer{}, unauthorized()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g, ok := a.access[strings.TrimSpace(token)]
	if !ok || g.expiry != 0 && stampOf(a.now()) >= g.expiry {
		return viewer{}, unauthorized()
	}
	return g.who, nil
}

// issue makes an access token for a viewer.
func (a *auth) issue(who viewer) string {
	token := random()
	who.token = token
	a.access[token] = grant{who: who, expiry: stampOf(a.now().Add(a.life))}
	return token
}

func random() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	return hex.EncodeToString(raw[:])
}

// RevokeToken makes an access or refresh token useless at once, as when its user takes the app's permission away.
func (s *Server) RevokeToken(token string) { s.auth.revoke(token) }

func (a *auth) revoke(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, access := a.access[token]
	_, refresh := a.refresh[token]
	delete(a.access, token)
	delete(a.refresh, token)
	return access || refresh
}

// AppToken returns an access and a refresh token of an app without the browser; the user is named by e-mail, "" is the first.
// Both are "" when the app or the user does not exist.
func (s *Server) AppToken(clientID, email string) (access, refresh string) {
	a := s.auth
	u := a.first
	if email != "" {
		s.mu.RLock()
		u = s.st.userByEmail(email)
		s.mu.RUnlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.apps[clientID]; !ok || u == nil {
		return "", ""
	}
	who := viewer{user: u.id, app: clientID}
	refresh = random()
	a.refresh[refresh] = grant{who: who}
	return a.issue(who), refresh
}

func (st *state) userByEmail(email string) *user {
	for _, u := range st.userList {
		if strings.EqualFold(u.email, email) {
			return u
		}
	}
	return nil
}
