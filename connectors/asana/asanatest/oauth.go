package asanatest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// codeLife is short on purpose: a code is used at once or never.
const codeLife = 5 * time.Minute

// serveAuthorize stands for the consent page: the simulated user answers, and the browser is sent back.
// https://developers.asana.com/docs/oauth
func (a *auth) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	app, ok := a.apps[q.Get("client_id")]
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case !ok:
		oauthError(w, "invalid_client", "The client_id is not known.")
		return
	case err != nil || redirect.Scheme == "" || len(app.RedirectURIs) > 0 && !slices.Contains(app.RedirectURIs, q.Get("redirect_uri")):
		oauthError(w, "invalid_request", "The redirect_uri parameter does not match a valid url for the application.")
		return
	case q.Get("response_type") != "code":
		oauthError(w, "unsupported_response_type", "The response_type must be code.")
		return
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256" && q.Get("code_challenge_method") != "plain":
		oauthError(w, "invalid_request", "The code_challenge_method must be S256 or plain.")
		return
	}
	if app.Ask && r.Method == http.MethodGet {
		sandbox.Consent{Vendor: "Asana", App: app.ClientID, Person: a.first.name, Scopes: strings.Fields(q.Get("scope"))}.Write(w)
		return
	}
	back := redirect.Query()
	if app.Ask && r.PostFormValue("decision") != sandbox.ConsentAllow {
		back.Set("error", "access_denied")
	} else {
		back.Set("code", a.newCode(code{
			grant:    grant{who: viewer{user: a.first.id, app: app.ClientID}, expiry: stampOf(a.now().Add(codeLife))},
			redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"),
		}))
	}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

func (a *auth) newCode(c code) string {
	value := random()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.codes[value] = c
	return value
}

// serveToken exchanges a code or a refresh token. Refresh tokens live long and are not rotated.
func (a *auth) serveToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if r.ParseForm() != nil {
		oauthError(w, "invalid_request", "The body is not a form.")
		return
	}
	app, ok := a.client(r)
	if !ok {
		oauthError(w, "invalid_client", "The client_id or the client_secret is wrong.")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		c, ok := a.codes[r.PostForm.Get("code")]
		delete(a.codes, r.PostForm.Get("code")) // used once, even when it is used wrongly
		if !ok || c.who.app != app.ClientID || stampOf(a.now()) >= c.expiry || c.redirect != r.PostForm.Get("redirect_uri") ||
			!c.proved(r.PostForm.Get("code_verifier")) {
			oauthError(w, "invalid_grant", "The code provided was invalid.")
			return
		}
		refresh := random()
		a.refresh[refresh] = grant{who: c.who}
		a.answer(w, c.who, refresh)
	case "refresh_token":
		g, ok := a.refresh[r.PostForm.Get("refresh_token")]
		if !ok || g.who.app != app.ClientID {
			oauthError(w, "invalid_grant", "The refresh_token provided was invalid.")
			return
		}
		a.answer(w, g.who, "")
	default:
		oauthError(w, "unsupported_grant_type", "The grant_type must be authorization_code or refresh_token.")
	}
}

// client authenticates an app by form or by basic authentication.
func (a *auth) client(r *http.Request) (App, bool) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	app, ok := a.apps[id]
	return app, ok && subtle.ConstantTimeCompare([]byte(app.ClientSecret), []byte(secret)) == 1
}

// proved checks the PKCE verifier (RFC 7636).
func (c code) proved(verifier string) bool {
	switch {
	case c.challenge == "":
		return true
	case c.method == "plain":
		return verifier == c.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
}

func (a *auth) answer(w http.ResponseWriter, who viewer, refresh string) {
	out := map[string]any{
		"access_token": a.issue(who), "token_type": "bearer", "expires_in": int(a.life / time.Second),
		"data": map[string]any{"id": strconv.FormatUint(uint64(who.user), 10), "gid": who.user.String()},
	}
	if refresh != "" {
		out["refresh_token"] = refresh
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, out, false)
}

// serveRevoke takes a refresh or access token back.
func (a *auth) serveRevoke(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if r.ParseForm() != nil {
		oauthError(w, "invalid_request", "The body is not a form.")
		return
	}
	if _, ok := a.client(r); !ok {
		oauthError(w, "invalid_client", "The client_id or the client_secret is wrong.")
		return
	}
	a.revoke(r.PostForm.Get("token"))
	writeJSON(w, http.StatusOK, map[string]any{}, false)
}

// oauthError answers as RFC 6749 section 5.2 has it.
func oauthError(w http.ResponseWriter, kind, text string) {
	status := http.StatusBadRequest
	if kind == "invalid_client" {
		status = http.StatusUnauthorized
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, map[string]any{"error": kind, "error_description": fmt.Sprint(text)}, false)
}
