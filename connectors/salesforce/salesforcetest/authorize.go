package salesforcetest

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// codeLife is how long an authorization code is good.
const codeLife = 15 * time.Minute

// code is an authorization code that was not redeemed yet.
type code struct {
	redirect, challenge string
	made                time.Time
}

// proves checks the PKCE verifier; a code that was asked for without a challenge needs none.
func (c code) proves(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return c.challenge == "" || same(base64.RawURLEncoding.EncodeToString(sum[:]), c.challenge)
}

// asked is what a page of consent is about; it waits for the click.
type asked struct {
	redirect, challenge, state string
	made                       time.Time
}

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allow Access?</title></head>
<body><h1>Allow Access?</h1>
<p>The app is asking to: perform requests at any time (refresh_token), manage user data via APIs (api), access the identity URL service (id).</p>
<form method="post" action="/services/oauth2/authorize"><input type="hidden" name="ticket" value="{{.}}">
<button type="submit" name="decision" value="deny" id="deny">Deny</button>
<button type="submit" name="decision" value="allow" id="allow">Allow</button></form></body></html>
`))

// authorize shows the page that asks a person.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	q, app := r.URL.Query(), s.auth.app
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case app == nil || !same(q.Get("client_id"), app.ClientID):
		return refused("invalid_client_id", "client identifier invalid")
	case err != nil || !back.IsAbs() || !app.redirects(back):
		return refused("redirect_uri_mismatch", "redirect_uri must match configuration")
	case q.Get("response_type") != "code":
		return refused("unsupported_response_type", "response type not supported")
	case q.Get("code_challenge") == "" && app.ClientSecret == "":
		return refused("invalid_request", "missing required code challenge")
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return refused("invalid_request", "invalid code challenge method")
	}
	ticket := random()
	s.auth.mu.Lock()
	s.auth.forms[ticket] = asked{back.String(), q.Get("code_challenge"), q.Get("state"), s.now()}
	s.auth.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return consentPage.Execute(w, ticket)
}

// redirects reports whether the address is the app's: the same, or a loopback one on any port.
func (a *App) redirects(back *url.URL) bool {
	if a.RedirectURI == "" || a.RedirectURI == back.String() {
		return true
	}
	want, err := url.Parse(a.RedirectURI)
	if err != nil {
		return false
	}
	ip := net.ParseIP(want.Hostname())
	loopback := want.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	return loopback && want.Hostname() == back.Hostname() && want.Path == back.Path
}

// decide sends the browser back with a code, or with access_denied.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refused("invalid_request", "unreadable form")
	}
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	form, ok := a.forms[r.PostForm.Get("ticket")]
	delete(a.forms, r.PostForm.Get("ticket"))
	back, err := url.Parse(form.redirect)
	if !ok || err != nil {
		return refused("invalid_request", "the page is out of date")
	}
	params := back.Query()
	if r.PostForm.Get("decision") == "allow" {
		one := "aPrx" + random()
		a.codes[one] = code{form.redirect, form.challenge, s.now()}
		params.Set("code", one)
	} else {
		params.Set("error", "access_denied")
		params.Set("error_description", "end-user denied authorization")
	}
	if form.state != "" {
		params.Set("state", form.state)
	}
	back.RawQuery = strings.ReplaceAll(params.Encode(), "%20", "+")
	http.Redirect(w, r, back.String(), http.StatusFound)
	return nil
}
