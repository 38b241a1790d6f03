package hubspottest

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/millrace/millrace/connectors/sandbox"
)

// App is a public app that is installed in the account.
type App struct {
	ClientID, ClientSecret string
	// DeveloperKey is the developer API key of who owns the app; without one its webhooks have no API.
	DeveloperKey string
	// RedirectURI must be the one a code is asked and redeemed with; empty accepts any.
	RedirectURI string
	// AccessTTL is how long an access token lives; 0 is HubSpot's 30 minutes.
	AccessTTL time.Duration
	// Rotate makes every refresh answer a new refresh token and forget the old one.
	Rotate bool
	// Ask shows a page on which a person admits the app or does not; without it everybody does at once.
	Ask bool
}

// code is an authorization code that was not redeemed yet.
type code struct {
	redirect, challenge string
	scopes              []string
}

// oauthRoutes mounts the token endpoints of both versions and the consent page.
func (s *Server) oauthRoutes(mux *http.ServeMux) {
	mux.Handle("GET /oauth/authorize", handler(s.consent))
	mux.Handle("POST /oauth/authorize", handler(s.consent))
	for _, version := range []string{"v1", "2026-09"} {
		mux.Handle("POST /oauth/"+version+"/token", handler(s.token))
	}
	mux.Handle("POST /oauth/2026-09/token/introspect", handler(s.introspect))
	mux.Handle("POST /oauth/2026-09/token/revoke", handler(s.revoke))
	mux.Handle("GET /oauth/v1/access-tokens/{token}", handler(s.accessInfo))
	mux.Handle("DELETE /oauth/v1/refresh-tokens/{token}", handler(s.deleteRefresh))
}

// NewRefreshToken installs the app without a browser and returns its refresh token.
func (s *Server) NewRefreshToken() string {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	return s.auth.newRefresh(nil)
}

func (a *authority) newRefresh(scopes []string) string {
	a.serial++
	token := fmt.Sprintf("na1-refresh-%d-%s", a.serial, uuid.NewString())
	a.refresh[token] = scopes
	return token
}

// granted are the scopes of a token: the account's, or where it has all, those that were asked for.
func (a *authority) granted(refresh string) []string {
	list := a.scopes
	if list == nil {
		list = a.refresh[refresh]
	}
	return append([]string{"oauth"}, slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "oauth" })...)
}

// consent redirects back with a code, as HubSpot does after a person agreed, or with an error.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	app := s.auth.app
	back, err := url.Parse(q.Get("redirect_uri"))
	if app == nil || q.Get("client_id") != app.ClientID || err != nil || !back.IsAbs() || (app.RedirectURI != "" && app.RedirectURI != back.String()) {
		return fail(http.StatusBadRequest, "VALIDATION_ERROR", "unknown client_id or redirect_uri")
	}
	if m := q.Get("code_challenge_method"); m != "" && m != "S256" {
		return invalid("code_challenge_method %q: only S256 is accepted", m)
	}
	if app.Ask && r.Method == http.MethodGet {
		sandbox.Consent{Vendor: "HubSpot", App: app.ClientID, Person: "the portal's super admin", Scopes: strings.Fields(q.Get("scope"))}.Write(w)
		return nil
	}
	params := back.Query()
	if app.Ask && r.PostFormValue("decision") != sandbox.ConsentAllow {
		params.Set("error", "access_denied")
		params.Set("error_description", "the user denied access")
	} else {
		params.Set("code", s.auth.newCode(code{redirect: back.String(), challenge: q.Get("code_challenge"), scopes: strings.Fields(q.Get("scope"))}))
	}
	if state := q.Get("state"); state != "" {
		params.Set("state", state)
	}
	back.RawQuery = params.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
	return nil
}

func (a *authority) newCode(c code) string {
	one := "na1-code-" + uuid.NewString()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.codes[one] = c
	return one
}

// refused is the 400 of a token endpoint: HubSpot's status word beside the standard's.
func refused(status, standard, message string) *failure {
	f := fail(http.StatusBadRequest, standard, "%s", message)
	f.Status = status
	return f
}

// client checks who asks for a token.
func (a *authority) client(form url.Values) *failure {
	same := func(x, y string) bool { return subtle.ConstantTimeCompare([]byte(x), []byte(y)) == 1 }
	if a.app == nil || !same(form.Get("client_id"), a.app.ClientID) {
		return refused("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
	}
	if !same(form.Get("client_secret"), a.app.ClientSecret) {
		return refused("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
	}
	return nil
}

// token redeems a code or a refresh token. Parameters must be in the form: a secret in a URL ends in logs.
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return refused("BAD_REQUEST", "invalid_request", "unreadable form")
	}
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.client(r.PostForm); f != nil {
		return f
	}
	refresh, f := a.redeem(r.PostForm)
	if f != nil {
		return f
	}
	ttl := cmp.Or(a.app.AccessTTL, 30*time.Minute)
	a.serial++
	access := fmt.Sprintf("na1-access-%d-%s", a.serial, uuid.NewString())
	a.access[access] = grant{expires: a.clock.Now().Add(ttl), refresh: refresh}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "refresh_token": refresh, "expires_in": int(ttl.Seconds()), "token_type": "bearer", "token_use": "access_token",
		"hub_id": s.opt.PortalID, "user_id": 9586504, "scopes": a.granted(refresh),
	})
	return nil
}

// redeem returns the refresh token that the answer carries.
func (a *authority) redeem(form url.Values) (string, *failure) {
	switch form.Get("grant_type") {
	case "authorization_code":
		c, ok := a.codes[form.Get("code")]
		delete(a.codes, form.Get("code"))
		if !ok || c.redirect != form.Get("redirect_uri") || !c.proves(form.Get("code_verifier")) {
			return "", refused("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
		}
		return a.newRefresh(c.scopes), nil
	case "refresh_token":
		old := form.Get("refresh_token")
		scopes, ok := a.refresh[old]
		if !ok {
			return "", refused("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
		}
		if !a.app.Rotate {
			return old, nil
		}
		delete(a.refresh, old)
		return a.newRefresh(scopes), nil
	}
	return "", refused("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
}

// proves checks PKCE when the code was asked for with a challenge.
func (c code) proves(verifier string) bool {
	if c.challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	return c.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *Server) introspect(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refused("BAD_REQUEST", "invalid_request", "unreadable form")
	}
	token := r.PostForm.Get("token")
	good := s.auth.check(token) == nil
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	if f := s.auth.client(r.PostForm); f != nil {
		return f
	}
	_, refresh := s.auth.refresh[token]
	writeJSON(w, http.StatusOK, map[string]any{"active": good || refresh})
	return nil
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refused("BAD_REQUEST", "invalid_request", "unreadable form")
	}
	s.auth.mu.Lock()
	f := s.auth.client(r.PostForm)
	s.auth.mu.Unlock()
	if f != nil {
		return f
	}
	s.RevokeToken(r.PostForm.Get("token"))
	w.WriteHeader(http.StatusOK)
	return nil
}

// accessInfo answers what an access token is good for.
func (s *Server) accessInfo(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if f := s.auth.check(token); f != nil {
		return missing()
	}
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"token": token, "token_type": "access", "expires_in": int(s.auth.access[token].expires.Sub(s.auth.clock.Now()).Seconds()),
		"hub_id": s.opt.PortalID, "app_id": AppID, "user_id": 9586504, "scopes": s.auth.granted(s.auth.access[token].refresh),
	})
	return nil
}

func (s *Server) deleteRefresh(w http.ResponseWriter, r *http.Request) error {
	s.RevokeToken(r.PathValue("token"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
