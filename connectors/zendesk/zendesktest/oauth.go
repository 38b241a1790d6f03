package zendesktest

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/millrace/millrace/connectors/sandbox"
)

// App is an OAuth client of the account.
type App struct {
	ClientID, ClientSecret string
	// RedirectURI must be the one a code is asked for and redeemed with; empty accepts any.
	RedirectURI string
	// Public is a client without a secret, which must prove itself with PKCE.
	Public bool
}

// code is an authorization code that was not redeemed yet.
type code struct {
	redirect, challenge, method string
	scopes                      []string
}

// oauthRoutes mounts the consent page and the token endpoint.
func (s *Server) oauthRoutes(mux *http.ServeMux) {
	mux.Handle("GET /oauth/authorizations/new", handler(s.consentPage))
	mux.Handle("POST /oauth/authorizations/new", handler(s.consent))
	mux.Handle("POST /oauth/tokens", handler(s.token))
}

// asked checks what a consent is asked for and returns where it goes back to.
func (a *authority) asked(q url.Values) (*url.URL, *failure) {
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case a.opt.App == nil, q.Get("client_id") != a.opt.App.ClientID:
		return nil, refused("invalid_client", "No such client")
	case err != nil, !back.IsAbs(), a.opt.App.RedirectURI != "" && a.opt.App.RedirectURI != back.String():
		return nil, refused("invalid_request", "Invalid redirect_uri")
	case q.Get("response_type") != "code":
		return nil, refused("unsupported_response_type", "response_type must be code")
	case q.Get("scope") == "":
		return nil, refused("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	case a.opt.App.Public && q.Get("code_challenge") == "":
		return nil, refused("invalid_request", "code_challenge is required")
	}
	return back, nil
}

// consentPage is the page on which a person agrees.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if _, f := s.auth.asked(q); f != nil {
		return f
	}
	sandbox.Consent{Vendor: "Zendesk", App: q.Get("client_id"), Person: "the account's owner", Scopes: strings.Fields(q.Get("scope"))}.Write(w)
	return nil
}

// consent goes back with a code, or with access_denied.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	back, f := s.auth.asked(q)
	if f != nil {
		return f
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	params := back.Query()
	if state := q.Get("state"); state != "" {
		params.Set("state", state)
	}
	if r.PostFormValue("decision") != sandbox.ConsentAllow {
		params.Set("error", "access_denied")
		params.Set("error_description", "The end-user or authorization server denied the request.")
	} else {
		params.Set("code", s.auth.newCode(code{redirect: back.String(), challenge: q.Get("code_challenge"),
			method: q.Get("code_challenge_method"), scopes: strings.Fields(q.Get("scope"))}))
	}
	back.RawQuery = params.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
	return nil
}

// newCode remembers what a code will be worth.
func (a *authority) newCode(c code) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := uuid.NewString()
	a.codes[one] = c
	return one
}

// refused is the error of the OAuth endpoints.
func refused(word, sentence string) *failure {
	return &failure{code: http.StatusBadRequest, body: map[string]any{"error": word, "error_description": sentence}}
}

// tokenRequest is the body of the token endpoint: JSON in the vendor's documents, a form as the standard has it.
type tokenRequest struct {
	GrantType    string      `json:"grant_type"`
	Code         string      `json:"code"`
	ClientID     string      `json:"client_id"`
	ClientSecret string      `json:"client_secret"`
	RedirectURI  string      `json:"redirect_uri"`
	Scope        string      `json:"scope"`
	CodeVerifier string      `json:"code_verifier"`
	RefreshToken string      `json:"refresh_token"`
	ExpiresIn    json.Number `json:"expires_in"`
	RefreshLife  json.Number `json:"refresh_token_expires_in"`
}

func readTokenRequest(w http.ResponseWriter, r *http.Request) (tokenRequest, *failure) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	var in tokenRequest
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return in, refused("invalid_request", "Server could not parse JSON")
		}
		return in, nil
	}
	if err := r.ParseForm(); err != nil {
		return in, refused("invalid_request", "unreadable form")
	}
	f := r.PostForm
	return tokenRequest{f.Get("grant_type"), f.Get("code"), f.Get("client_id"), f.Get("client_secret"), f.Get("redirect_uri"), f.Get("scope"),
		f.Get("code_verifier"), f.Get("refresh_token"), json.Number(f.Get("expires_in")), json.Number(f.Get("refresh_token_expires_in"))}, nil
}

// token redeems a code, a refresh token or the client's own credentials.
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	in, f := readTokenRequest(w, r)
	if f != nil {
		return f
	}
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.client(in); f != nil {
		return f
	}
	scopes, f := a.redeem(in)
	if f != nil {
		return f
	}
	life, f := lifetime(in.ExpiresIn, cmp.Or(a.opt.AccessLife, 30*time.Minute), 5*time.Minute, 48*time.Hour)
	if f != nil {
		return f
	}
	kept, f := lifetime(in.RefreshLife, cmp.Or(a.opt.RefreshLife, 30*24*time.Hour), 7*24*time.Hour, 90*24*time.Hour)
	if f != nil {
		return f
	}
	answer := map[string]any{"token_type": "bearer", "scope": strings.Join(scopes, " "), "expires_in": int(life.Seconds())}
	refresh := ""
	if in.GrantType != "client_credentials" {
		refresh = a.newRefresh(scopes, kept)
		answer["refresh_token"], answer["refresh_token_expires_in"] = refresh, int(kept.Seconds())
	}
	answer["access_token"] = a.newAccess(scopes, life, refresh)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// lifetime reads a wished life of a token, which has bounds.
func lifetime(wish json.Number, without, least, most time.Duration) (time.Duration, *failure) {
	if wish == "" {
		return without, nil
	}
	n, err := wish.Int64()
	life := time.Duration(n) * time.Second
	if err != nil || life < least || life > most {
		return 0, refused("invalid_request", fmt.Sprintf("expires_in must be from %d to %d", int(least.Seconds()), int(most.Seconds())))
	}
	return life, nil
}

// client checks who asks for a token.
func (a *authority) client(in tokenRequest) *failure {
	same := func(x, y string) bool { return subtle.ConstantTimeCompare([]byte(x), []byte(y)) == 1 }
	app := a.opt.App
	if app == nil || !same(in.ClientID, app.ClientID) || (!app.Public && !same(in.ClientSecret, app.ClientSecret)) {
		f := refused("invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
		f.code = http.StatusUnauthorized
		return f
	}
	return nil
}

const badGrant = "The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI)."

// redeem returns the scopes of the tokens that a request is worth; the caller holds mu.
func (a *authority) redeem(in tokenRequest) ([]string, *failure) {
	switch in.GrantType {
	case "authorization_code":
		c, ok := a.codes[in.Code]
		delete(a.codes, in.Code)
		if !ok || c.redirect != in.RedirectURI || !c.proves(in.CodeVerifier) {
			return nil, refused("invalid_grant", badGrant)
		}
		return c.scopes, nil
	case "refresh_token":
		g, ok := a.refresh[in.RefreshToken]
		if !ok || !a.clock.Now().Before(g.expires) {
			return nil, refused("invalid_grant", badGrant)
		}
		// The pair before ends at once, its access token too: whoever loses this answer has lost the grant.
		delete(a.refresh, in.RefreshToken)
		for token, other := range a.access {
			if other.refresh == in.RefreshToken {
				delete(a.access, token)
			}
		}
		return g.scopes, nil
	case "client_credentials":
		if a.opt.App.Public {
			return nil, refused("unauthorized_client", "The client is not authorized to perform this request using this method.")
		}
		if in.Scope == "" {
			return nil, refused("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
		}
		return strings.Fields(in.Scope), nil
	}
	return nil, refused("unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
}

func (a *authority) newRefresh(scopes []string, life time.Duration) string {
	a.serial++
	token := fmt.Sprintf("refresh-%d-%s", a.serial, uuid.NewString())
	a.refresh[token] = grant{scopes: scopes, expires: a.clock.Now().Add(life)}
	return token
}

func (a *authority) newAccess(scopes []string, life time.Duration, refresh string) string {
	a.serial++
	token := fmt.Sprintf("access-%d-%s", a.serial, uuid.NewString())
	a.access[token] = grant{scopes: scopes, expires: a.clock.Now().Add(life), refresh: refresh}
	return token
}

// NewRefreshToken installs the client without a browser, for reading everything, and returns its refresh token.
func (s *Server) NewRefreshToken(scopes ...string) string {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	if len(scopes) == 0 {
		scopes = []string{"read", "write"}
	}
	return s.auth.newRefresh(scopes, cmp.Or(s.opt.RefreshLife, 30*24*time.Hour))
}

// proves checks PKCE when the code was asked for with a challenge.
func (c code) proves(verifier string) bool {
	if c.challenge == "" {
		return true
	}
	if c.method == "plain" || c.method == "" {
		return verifier == c.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return c.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}
