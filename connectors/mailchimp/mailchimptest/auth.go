package mailchimptest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/millrace/millrace/connectors/sandbox"
)

// App is a registered app, an OAuth client.
type App struct {
	ClientID, ClientSecret string
	// RedirectURI must be the one a code is asked for and redeemed with; empty accepts any.
	RedirectURI string
}

// authority knows who may come in.
type authority struct {
	opt Options

	mu     sync.Mutex
	keys   []string
	tokens []string
	codes  map[string]string // code to redirect address
}

func newAuthority(opt Options) *authority {
	return &authority{opt: opt, keys: slices.Clone(opt.Keys), tokens: slices.Clone(opt.Tokens), codes: map[string]string{}}
}

// Revoke takes away a key or token.
func (s *Server) Revoke(credential string) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	is := func(c string) bool { return c == credential }
	s.auth.keys, s.auth.tokens = slices.DeleteFunc(s.auth.keys, is), slices.DeleteFunc(s.auth.tokens, is)
}

// NewToken installs the app without a browser and returns its access token, which does not expire.
func (s *Server) NewToken() string {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	return s.auth.grant()
}

// grant makes an access token; the caller holds mu.
func (a *authority) grant() string {
	token := strings.ReplaceAll(uuid.NewString(), "-", "")
	a.tokens = append(a.tokens, token)
	return token
}

func contains(list []string, one string) bool {
	return slices.ContainsFunc(list, func(c string) bool { return subtle.ConstantTimeCompare([]byte(c), []byte(one)) == 1 })
}

// authenticate takes Basic with any user and a key, or a token as Bearer or OAuth. A key of another data centre is unknown
// here; that the vendor then answers 403 is told by third parties.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.auth.admit(r); f != nil {
			f.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *authority) admit(r *http.Request) *failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, key, basic := r.BasicAuth()
	switch {
	case basic && !strings.HasSuffix(key, "-"+a.opt.DataCenter) && strings.Contains(key, "-"):
		return fail(http.StatusForbidden, "WrongDatacenter", "You've hit the wrong datacenter for your API Key.")
	case basic && contains(a.keys, key), a.token(r):
		return nil
	}
	return fail(http.StatusUnauthorized, "API Key Invalid", "Your API key may be invalid, or you've attempted to access the wrong datacenter.")
}

// token reports whether a request shows a good access token.
func (a *authority) token(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "OAuth")) && contains(a.tokens, token)
}

// oauthRoutes mounts what login.mailchimp.com has.
func (s *Server) oauthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /oauth2/authorize", s.consentPage)
	mux.HandleFunc("POST /oauth2/authorize", s.consent)
	mux.HandleFunc("POST /oauth2/token", s.redeem)
	mux.HandleFunc("GET /oauth2/metadata", s.metadata)
}

// asked checks what a consent is asked for and returns where it goes back to.
func (a *authority) asked(q url.Values) (*url.URL, string) {
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case a.opt.App == nil, q.Get("client_id") != a.opt.App.ClientID:
		return nil, "invalid_client"
	case err != nil, !back.IsAbs(), a.opt.App.RedirectURI != "" && a.opt.App.RedirectURI != back.String():
		return nil, "invalid_request"
	case q.Get("response_type") != "code":
		return nil, "unsupported_response_type"
	}
	return back, ""
}

func oauthError(w http.ResponseWriter, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": word})
}

// consentPage is the page on which a person agrees.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) {
	if _, word := s.auth.asked(r.URL.Query()); word != "" {
		oauthError(w, word)
		return
	}
	sandbox.Consent{Vendor: "Mailchimp", App: r.URL.Query().Get("client_id"), Person: "the account's owner"}.Write(w)
}

// consent goes back with a code, or with access_denied.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, word := s.auth.asked(q)
	if word != "" {
		oauthError(w, word)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	params := back.Query()
	if state := q.Get("state"); state != "" {
		params.Set("state", state)
	}
	if r.PostFormValue("decision") != sandbox.ConsentAllow {
		params.Set("error", "access_denied")
	} else {
		code := uuid.NewString()
		s.auth.mu.Lock()
		s.auth.codes[code] = back.String()
		s.auth.mu.Unlock()
		params.Set("code", code)
	}
	back.RawQuery = params.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// redeem exchanges a code for an access token, which has neither an end nor a refresh token.
func (s *Server) redeem(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	app := a.opt.App
	back, known := a.codes[r.PostFormValue("code")]
	delete(a.codes, r.PostFormValue("code"))
	switch {
	case app == nil, r.PostFormValue("client_id") != app.ClientID, r.PostFormValue("client_secret") != app.ClientSecret:
		oauthError(w, "invalid_client")
	case r.PostFormValue("grant_type") != "authorization_code":
		oauthError(w, "unsupported_grant_type")
	case !known, back != r.PostFormValue("redirect_uri"):
		oauthError(w, "invalid_grant")
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":0,"scope":null}`, a.grant())
	}
}

// metadata says whose a token is (recorded).
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	s.auth.mu.Lock()
	good := s.auth.token(r)
	s.auth.mu.Unlock()
	if !good {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_token"}`)
		return
	}
	endpoint := s.opt.Endpoint
	if endpoint == "" {
		endpoint = "http://" + r.Host
	}
	_ = json.NewEncoder(w).Encode(object{{"dc", s.opt.DataCenter}, {"role", "admin"}, {"accountname", "Millrace Sandbox"}, {"user_id", 131656250},
		{"login", object{{"email", "owner@acme.example"}, {"avatar", nil}, {"login_id", 168278758}, {"login_name", "owner"}, {"login_email", "owner@acme.example"}}},
		{"login_url", "https://login.mailchimp.com"}, {"api_endpoint", endpoint}})
}

// accountRoutes mounts what is about the account.
func (s *Server) accountRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/ping", func(*http.Request) (any, error) {
		return object{{"health_status", "Everything's Chimpy!"}}, nil
	})
	handle("GET /3.0/{$}", func(r *http.Request) (any, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		total := 0
		for _, l := range s.lists {
			total += l.count("subscribed")
		}
		return object{{"account_id", "8d3a3db4d97663a9074efcc16"}, {"login_id", "16827875"}, {"account_name", "Millrace Sandbox"}, {"email", "owner@acme.example"},
			{"role", "owner"}, {"total_subscribers", total}, links(r.URL.Path)}, nil
	})
}

// gate lets so many requests in at once, and the edge before it so many in a second.
type gate struct {
	most, rate int

	mu     sync.Mutex
	inside int
	second int64
	passed int
}

func (g *gate) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		edge, full := g.enter(time.Now().Unix())
		switch {
		case edge: // no JSON, and nothing that says what it is
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1></BODY></HTML>")
			return
		case full:
			fail(http.StatusTooManyRequests, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.").write(w)
			return
		}
		defer g.leave()
		next.ServeHTTP(w, r)
	})
}

func (g *gate) enter(second int64) (edge, full bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if second != g.second {
		g.second, g.passed = second, 0
	}
	if g.passed++; g.rate > 0 && g.passed > g.rate {
		return true, false
	}
	if g.most > 0 && g.inside >= g.most {
		return false, true
	}
	g.inside++
	return false, false
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
}
