package zendesktest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

func basic(user, token string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+"/token:"+token))
}

type me struct {
	User struct {
		ID         *uint64
		Name, Role string
	}
}

func TestSignIn(t *testing.T) {
	a := open(t, zendesktest.Options{APIUser: "ada@acme.example", APIToken: "secret", Tokens: []string{"bearer"}})
	for _, tc := range []struct {
		name, auth string
		code       int
		body       string
	}{
		{"API token", basic("Ada@acme.example", "secret"), 200, ""},
		{"wrong API token", basic("ada@acme.example", "wrong"), 401, `{"error":"Couldn't authenticate you"}`},
		{"password", "Basic " + base64.StdEncoding.EncodeToString([]byte("ada@acme.example:secret")), 401, `{"error":"Couldn't authenticate you"}`},
		{"none", "", 401, `{"error":"Couldn't authenticate you"}`},
		{"OAuth", "Bearer bearer", 200, ""},
		{"wrong OAuth", "Bearer other", 401, "expired, revoked, malformed"},
	} {
		a.auth = tc.auth
		if r := a.do("GET", "/api/v2/groups.json", nil).want(t, tc.code, nil); !strings.Contains(string(r.body), tc.body) {
			t.Errorf("%s: got %s", tc.name, r.body)
		}
	}
	var who me
	for auth, named := range map[string]bool{basic("ada@acme.example", "secret"): true, "Bearer bearer": true, "": false, basic("ada@acme.example", "wrong"): false} {
		a.auth = auth
		a.do("GET", "/api/v2/users/me.json", nil).want(t, 200, &who)
		if (who.User.ID != nil) != named || (who.User.Role == "admin") != named {
			t.Errorf("me as %q: got %+v, want a name %t", auth, who, named)
		}
	}
	a.auth = "Bearer other"
	a.do("GET", "/api/v2/users/me", nil).want(t, 401, nil)

	ended := open(t, zendesktest.Options{APIUser: "ada@acme.example", APIToken: "secret", TokensEnded: true})
	ended.auth = basic("ada@acme.example", "secret")
	ended.do("GET", "/api/v2/groups", nil).want(t, 401, nil)
	ended.do("GET", "/api/v2/users/me", nil).want(t, 401, nil)
}

func TestScopesAndRoles(t *testing.T) {
	a := open(t, zendesktest.Options{Tokens: []string{"t"}, Scopes: []string{"tickets:read", "users:write"}})
	a.auth = "Bearer t"
	a.do("GET", "/api/v2/tickets", nil).want(t, 200, nil)
	a.do("GET", "/api/v2/incremental/tickets/cursor?start_time=0", nil).want(t, 200, nil)
	a.do("GET", "/api/v2/users", nil).want(t, 403, nil)
	a.do("GET", "/api/v2/incremental/users/cursor?start_time=0", nil).want(t, 403, nil)
	a.do("POST", "/api/v2/users", `{"user":{"name":"N"}}`).want(t, 201, nil)
	a.do("POST", "/api/v2/tickets", `{"ticket":{"comment":{"body":"B"}}}`).want(t, 403, nil)
	agent := open(t, zendesktest.Options{Role: "agent"})
	agent.do("GET", "/api/v2/users", nil).want(t, 200, nil)
	var e struct {
		Error struct{ Title, Message string }
	}
	if agent.do("GET", "/api/v2/incremental/users/cursor?start_time=0", nil).want(t, 403, &e); e.Error.Title != "Forbidden" {
		t.Errorf("export as an agent: got %+v, want an error that is an object", e)
	}
}

// form posts to the consent page or the token endpoint.
func (a *account) form(path string, q url.Values) reply {
	r := httptest.NewRequest("POST", path, strings.NewReader(q.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int    `json:"expires_in"`
	Keeps   int    `json:"refresh_token_expires_in"`
	Scope   string
	Error   string
}

// agree opens the consent page, clicks and returns where that leads.
func (a *account) agree(t *testing.T, q url.Values, decision string) url.Values {
	t.Helper()
	path := "/oauth/authorizations/new?" + q.Encode()
	html := a.do("GET", path, nil).want(t, 200, nil)
	if !strings.HasPrefix(html.header.Get("Content-Type"), "text/html") || !strings.Contains(string(html.body), `name="decision" value="`+decision+`"`) || !strings.Contains(string(html.body), "<h1>Zendesk") {
		t.Fatalf("consent: got %v %s, want a page with the button", html.header, html.body)
	}
	at, err := url.Parse(a.form(path, url.Values{"decision": {decision}}).want(t, 302, nil).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return at.Query()
}

func TestOAuth(t *testing.T) {
	a := open(t, zendesktest.Options{App: &zendesktest.App{ClientID: "app", ClientSecret: "shh"}})
	a.auth = ""
	const back = "http://localhost:1234/callback"
	sum := sha256.Sum256([]byte("verifier"))
	ask := url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {back}, "scope": {"users:read tickets:read"}, "state": {"s1"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
	if got := a.agree(t, ask, "deny"); got.Get("error") != "access_denied" || got.Get("state") != "s1" {
		t.Errorf("denied: got %v", got)
	}
	redeem := func(code, verifier string) reply {
		return a.do("POST", "/oauth/tokens", map[string]any{"grant_type": "authorization_code", "code": code, "client_id": "app", "client_secret": "shh",
			"redirect_uri": back, "code_verifier": verifier, "expires_in": 600})
	}
	redeem(a.agree(t, ask, "allow").Get("code"), "wrong").want(t, 400, nil)
	code := a.agree(t, ask, "allow").Get("code")
	var first tokens
	redeem(code, "verifier").want(t, 200, &first)
	if first.Expires != 600 || first.Keeps != 30*24*3600 || first.Scope != "users:read tickets:read" {
		t.Errorf("tokens: got %+v", first)
	}
	redeem(code, "verifier").want(t, 400, nil)
	a.auth = "Bearer " + first.Access
	a.do("GET", "/api/v2/users", nil).want(t, 200, nil)
	a.do("GET", "/api/v2/organizations", nil).want(t, 403, nil)

	refresh := func(token string) reply {
		return a.form("/oauth/tokens", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"app"}, "client_secret": {"shh"}})
	}
	var second tokens
	refresh(first.Refresh).want(t, 200, &second)
	a.do("GET", "/api/v2/users", nil).want(t, 401, nil) // the pair before has ended, its access token too
	refresh(first.Refresh).want(t, 400, &second)
	if second.Error != "invalid_grant" {
		t.Errorf("used refresh token: got %+v", second)
	}
	a.auth = "Bearer " + second.Access
	a.do("GET", "/api/v2/users", nil).want(t, 200, nil)
	a.clock.Advance(30 * time.Minute)
	a.do("GET", "/api/v2/users", nil).want(t, 401, nil)
	a.clock.Advance(31 * 24 * time.Hour)
	refresh(second.Refresh).want(t, 400, nil)
}

func TestClientCredentials(t *testing.T) {
	a := open(t, zendesktest.Options{App: &zendesktest.App{ClientID: "app", ClientSecret: "shh"}, AccessLife: time.Hour})
	ask := map[string]any{"grant_type": "client_credentials", "client_id": "app", "client_secret": "shh", "scope": "read"}
	var got tokens
	a.do("POST", "/oauth/tokens", ask).want(t, 200, &got)
	if got.Refresh != "" || got.Expires != 3600 {
		t.Errorf("got %+v, want an hour and nothing to refresh", got)
	}
	a.auth = "Bearer " + got.Access
	a.do("GET", "/api/v2/tickets", nil).want(t, 200, nil)
	a.ExpireTokens()
	a.do("GET", "/api/v2/tickets", nil).want(t, 401, nil)
	for key, wrong := range map[string]any{"client_secret": "no", "scope": "", "grant_type": "password", "expires_in": 10} {
		bad := map[string]any{}
		for k, v := range ask {
			bad[k] = v
		}
		bad[key] = wrong
		if r := a.do("POST", "/oauth/tokens", bad); r.code/100 != 4 {
			t.Errorf("%s %v: got %d %s", key, wrong, r.code, r.body)
		}
	}
	public := open(t, zendesktest.Options{App: &zendesktest.App{ClientID: "app", Public: true}})
	public.do("POST", "/oauth/tokens", ask).want(t, 400, nil)
	public.do("GET", "/oauth/authorizations/new?response_type=code&client_id=app&redirect_uri=http://localhost/x&scope=read", nil).want(t, 400, nil)
}

func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, zendesktest.Options{Limits: &zendesktest.Limits{PerMinute: 30, Exports: 2, UserUpdates: 1, TicketUpdates: 1}})
		id := a.make(1)[0]
		ticket := a.create("tickets", map[string]any{"description": "D"})
		for i := range 2 {
			h := a.do("GET", "/api/v2/incremental/users/cursor.json?start_time=0", nil).want(t, 200, nil).header
			want := fmt.Sprintf("total=2; remaining=%d; resets=60", 1-i)
			if h.Get("Zendesk-RateLimit-incremental-exports-cursor") != want || h.Get("Zendesk-Rate-Limit-incremental-exports-cursor") != want {
				t.Errorf("export %d: got %v, want %q under both names", i, h, want)
			}
			for _, name := range []string{"X-Rate-Limit-Remaining", "RateLimit-Remaining", "Rate-Limit-Remaining"} {
				if got := h.Get(name); got != fmt.Sprint(29-i) {
					t.Errorf("%s: got %q", name, got)
				}
			}
		}
		if h := a.do("GET", "/api/v2/incremental/tickets/cursor?start_time=0", nil).want(t, 429, nil).header; h.Get("Retry-After") != "60" {
			t.Errorf("cursor exports share a quota: got %v", h)
		}
		a.do("GET", "/api/v2/incremental/organizations?start_time=0", nil).want(t, 200, nil)
		time.Sleep(time.Minute)
		a.do("GET", "/api/v2/incremental/tickets/cursor?start_time=0", nil).want(t, 200, nil)

		a.do("PUT", "/api/v2/users/"+id, `{"user":{"notes":"a"}}`).want(t, 200, nil)
		r := a.do("PUT", "/api/v2/users/"+id, `{"user":{"notes":"b"}}`).want(t, 429, nil)
		if !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") || r.header.Get("Retry-After") == "" {
			t.Errorf("user update: got %v %s, want plain text and Retry-After", r.header, r.body)
		}
		a.do("PUT", "/api/v2/tickets/"+ticket, `{"ticket":{"priority":"low"}}`).want(t, 200, nil)
		a.do("PUT", "/api/v2/tickets/"+ticket, `{"ticket":{"priority":"high"}}`).want(t, 429, nil)
		for range 26 {
			a.do("GET", "/api/v2/groups", nil)
		}
		a.do("GET", "/api/v2/groups", nil).want(t, 429, nil)
		time.Sleep(time.Minute)
		a.do("GET", "/api/v2/groups", nil).want(t, 200, nil)
	})
	old := open(t, zendesktest.Options{Limits: &zendesktest.Limits{PerMinute: 5, Exports: 1, Headers: "old"}})
	h := old.do("GET", "/api/v2/incremental/users?start_time=0", nil).header
	if h.Get("Rate-Limit-Remaining") != "4" || h.Get("RateLimit-Remaining") != "" || h.Get("Zendesk-RateLimit-incremental-exports") != "" {
		t.Errorf("old names: got %v", h)
	}
}
