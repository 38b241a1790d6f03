package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
	"github.com/millrace/millrace/connectors/rest"
	"github.com/millrace/millrace/connectors/transport"
)

type memory struct {
	mu    sync.Mutex
	token oauth.Token
}

func (m *memory) Load(context.Context, string) (oauth.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, nil
}

func (m *memory) Save(_ context.Context, _ string, t oauth.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = t
	return nil
}

// office is a vendor with OAuth: its API accepts only the newest access token.
type office struct {
	mu       sync.Mutex
	granted  int
	asked    int // calls of the token endpoint
	calls    []string
	refuse   bool   // answers invalid_grant
	shut     bool   // answers 401 whatever the token
	instance string // sent with tokens
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/token" {
		o.asked++
		if o.refuse {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		o.granted++
		fmt.Fprintf(w, `{"access_token":"access-%d","instance_url":%q}`, o.granted, o.instance)
		return
	}
	o.calls = append(o.calls, r.Header.Get("Authorization")+" "+string(body))
	if o.shut || r.Header.Get("Authorization") != fmt.Sprintf("Bearer access-%d", o.granted) {
		w.WriteHeader(401)
	}
	fmt.Fprint(w, `{}`)
}

func (o *office) start(t *testing.T) (*httptest.Server, transport.Config) {
	t.Helper()
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Tokens = &memory{}
	c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) {
		return connectors.SignIn{OAuth: &connectors.OAuth{TokenURL: s.URL + "/token", ClientID: "c", RefreshToken: connectors.NewSecret("r")}}, nil
	}
	return s, c
}

func TestRefusedTokenIsRenewedOnceAndTheRequestReplayed(t *testing.T) {
	o := &office{}
	s, c := o.start(t)
	h := client(t, c)
	create := func() error {
		_, err := rest.Client{HTTP: h, Base: s.URL}.Do(t.Context(), "create task", "POST", "/tasks", nil, []byte(`{"a":1}`))
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	o.granted = 7 // the vendor forgot access-1
	o.mu.Unlock()
	if err := create(); err != nil {
		t.Fatalf("got %v, want the request replayed with a new token", err)
	}
	if got, want := strings.Join(o.calls, ","), `Bearer access-1 {"a":1},Bearer access-1 {"a":1},Bearer access-8 {"a":1}`; got != want {
		t.Errorf("got calls %s, want %s", got, want)
	}
	o.mu.Lock()
	o.shut, o.calls = true, nil
	o.mu.Unlock()
	if err := create(); connectors.KindOf(err) != connectors.Denied || len(o.calls) != 2 {
		t.Errorf("got %v after %d calls, want Denied after 2", err, len(o.calls))
	}
}

func TestRefusedSignInIsNotRepeated(t *testing.T) {
	o := &office{refuse: true}
	s, c := o.start(t)
	_, err := rest.Client{HTTP: client(t, c), Base: s.URL}.Do(t.Context(), "read tasks", "GET", "/tasks", nil, nil)
	if connectors.KindOf(err) != connectors.Denied || o.asked != 1 || len(o.calls) != 0 {
		t.Errorf("got %v after %d refreshes and %d calls, want Denied after 1 and 0", err, o.asked, len(o.calls))
	}
}

func TestStaticTokenIsNotRenewed(t *testing.T) {
	var calls int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls++; w.WriteHeader(401) }))
	t.Cleanup(s.Close)
	_, err := rest.Client{HTTP: client(t, config(t, s.URL)), Base: s.URL}.Do(t.Context(), "op", "GET", "/", nil, nil)
	if connectors.KindOf(err) != connectors.Denied || calls != 1 {
		t.Errorf("got %v after %d calls, want Denied after 1", err, calls)
	}
}

func TestTokenStaysOnItsHost(t *testing.T) {
	var stolen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Method+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	var agent, auth string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent, auth = r.Header.Get("User-Agent"), r.Header.Get("Authorization")
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/near":
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Version = "1.2.3"
	h := client(t, c)
	for path, want := range map[string]int{"/away": 307, "/near": 200} {
		resp, err := h.Get(s.URL + path)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%s: got %v, %v, want %d", path, resp, err, want)
		}
		_ = resp.Body.Close()
	}
	if resp, err := h.Post(s.URL+"/near", "", nil); err != nil || resp.StatusCode != 302 {
		t.Errorf("got %v, %v, want the redirect of a POST itself", resp, err)
	}
	if agent != "millrace/1.2.3" || auth != "Bearer pat-secret" {
		t.Errorf("got %q and %q, want our agent and the token", agent, auth)
	}
	resp, err := h.Get(elsewhere.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := strings.Join(stolen, ","); got != "GET " {
		t.Errorf("got %q elsewhere, want one request without a token", got)
	}
}

// A request with a proof of its own gets nothing beside it, whichever way the connection signs in, and a refusal of it is no
// reason to renew the connection's token.
func TestExceptIsNotSigned(t *testing.T) {
	except := func(r *http.Request) bool { return r.URL.Query().Has("key") }
	for name, how := range map[string]func(address string) connectors.SignIn{
		"token": func(string) connectors.SignIn { return connectors.SignIn{Token: connectors.NewSecret("pat")} },
		"oauth": func(address string) connectors.SignIn {
			return connectors.SignIn{OAuth: &connectors.OAuth{TokenURL: address + "/token", ClientID: "c", RefreshToken: connectors.NewSecret("r")}}
		},
	} {
		o := &office{}
		s, c := o.start(t)
		c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) {
			in := how(s.URL)
			in.Except = except
			return in, nil
		}
		_, err := rest.Client{HTTP: client(t, c), Base: s.URL}.Do(t.Context(), "op", "GET", "/settings", url.Values{"key": {"k"}}, nil)
		if connectors.KindOf(err) != connectors.Denied || o.asked != 0 || len(o.calls) != 1 || o.calls[0] != " " {
			t.Errorf("%s: got %v, %d tokens and calls %q, want one unsigned call that is refused", name, err, o.asked, o.calls)
		}
	}
}

func TestInstanceIsFollowed(t *testing.T) {
	o, calls := &office{}, map[string]int{}
	s, c := o.start(t)
	elsewhere := func(name string) *httptest.Server {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls[name+" "+r.Host+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")]++
			if name == "old" && r.Header.Get("Authorization") != "Bearer access-1" || r.URL.Path == "/moved" && name == "old" {
				w.WriteHeader(401)
			}
			fmt.Fprint(w, `{}`)
		}))
		t.Cleanup(other.Close)
		return other
	}
	old, moved, evil := elsewhere("old"), elsewhere("new"), elsewhere("evil")
	sign := c.Spec.SignIn
	c.Spec.SignIn = func(v connectors.Values) (connectors.SignIn, error) {
		in, err := sign(v)
		in.OAuth.Instance = func(u *url.URL) error {
			if u.Host == strings.TrimPrefix(evil.URL, "http://") {
				return errors.New("it is evil")
			}
			return nil
		}
		return in, err
	}
	r := rest.Client{HTTP: client(t, c), Base: s.URL}
	o.instance = old.URL
	if _, err := r.Do(t.Context(), "query", "GET", "/query?q=1", nil, nil); err != nil {
		t.Fatal(err)
	}
	o.instance = moved.URL // the organization moves; the old place refuses its token
	if _, err := r.Do(t.Context(), "query", "POST", "/moved", nil, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	host := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }
	want := map[string]int{"old " + host(old) + " /query?q=1 Bearer access-1": 1, "old " + host(old) + " /moved Bearer access-1": 1,
		"new " + host(moved) + " /moved Bearer access-2": 1}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Errorf("got calls %v, want %v", calls, want)
	}
	// The next renewal names an address that is not the vendor's: no token goes anywhere.
	clear(calls)
	o.calls, o.instance = nil, evil.URL
	c.Tokens = &memory{}
	r.HTTP = client(t, c)
	if _, err := r.Do(t.Context(), "query", "GET", "/query", nil, nil); connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), "it is evil") {
		t.Errorf("got %v, want Denied, and why", err)
	}
	if len(calls)+len(o.calls) != 0 {
		t.Errorf("got calls %v and %v, want none", calls, o.calls)
	}
}

func TestAccessTokenStaysOnItsHost(t *testing.T) {
	var stolen string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen += r.Header.Get("Authorization") }))
	t.Cleanup(elsewhere.Close)
	o := &office{}
	s, c := o.start(t)
	h := client(t, c)
	for _, address := range []string{s.URL, elsewhere.URL} {
		resp, err := h.Get(address + "/tasks")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if strings.Join(o.calls, ",") != "Bearer access-1 " || stolen != "" {
		t.Errorf("got calls %v and %q elsewhere, want the token on its own host only", o.calls, stolen)
	}
}

func TestBasic(t *testing.T) {
	var calls []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		calls = append(calls, fmt.Sprint(user, " ", password, " ", ok))
		w.WriteHeader(401)
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) {
		return connectors.SignIn{Basic: &connectors.Basic{User: "ana@x.example/token", Password: connectors.NewSecret("p:w")}}, nil
	}
	_, err := rest.Client{HTTP: client(t, c), Base: s.URL}.Do(t.Context(), "op", "GET", "/", nil, nil)
	if got := strings.Join(calls, ","); connectors.KindOf(err) != connectors.Denied || got != "ana@x.example/token p:w true" {
		t.Errorf("got %v after %q, want Denied after one request with the pair", err, got)
	}
}

// TestHeaderKeyStaysOnItsHost: a key in a header of the vendor's own goes to its host, and to no other, also not where a
// redirect leads; net/http would take along every header that it does not know to be secret.
func TestHeaderKeyStaysOnItsHost(t *testing.T) {
	const key = "header-key-11112222"
	var here, elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Api-Token"))
	}))
	t.Cleanup(other.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here = append(here, r.Header.Get("Api-Token")+" "+r.Header.Get("Authorization"))
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/refused":
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	header := &connectors.Header{Name: "api-token", Value: connectors.NewSecret(key)}
	c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) { return connectors.SignIn{Header: header}, nil }
	h := client(t, c)
	for _, address := range []string{s.URL + "/", s.URL + "/away", other.URL} {
		resp, err := h.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	_, err := rest.Client{HTTP: h, Base: s.URL}.Do(t.Context(), "read contacts", "GET", "/refused", nil, nil)
	if connectors.KindOf(err) != connectors.Denied || strings.Contains(fmt.Sprint(err), key) {
		t.Errorf("got %v, want Denied without the key", err)
	}
	if got := strings.Join(here, ","); got != key+" ,"+key+" ,"+key+" " {
		t.Errorf("got %q on its own host, want the key three times and no Authorization", got)
	}
	if got := strings.Join(elsewhere, ","); got != "" || len(elsewhere) != 1 {
		t.Errorf("got %q in %d requests elsewhere, want one without the key", got, len(elsewhere))
	}
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v", header, *header, *header), fmt.Sprintf("%+v", connectors.SignIn{Header: header})} {
		if strings.Contains(shown, key) {
			t.Errorf("%s shows the key", shown)
		}
	}
}

// TestHeaderKeyWithALineBreakIsRefused: it would be a header of its own, and net/http's error shows the value.
func TestHeaderKeyWithALineBreakIsRefused(t *testing.T) {
	for _, h := range []connectors.Header{{Name: "Api-Token", Value: connectors.NewSecret("secret\r\nX: y")}, {Name: "Api Token", Value: connectors.NewSecret("secret")}} {
		c := config(t, "http://127.0.0.1:1")
		c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) { return connectors.SignIn{Header: &h}, nil }
		if _, err := transport.New(c); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want an error that does not show the key", h.Name, err)
		}
	}
}

func TestOpenGivesTheSignInBehindTheClient(t *testing.T) {
	o := &office{}
	s, c := o.start(t)
	h, source, err := transport.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.CloseIdleConnections)
	if _, err := (rest.Client{HTTP: h, Base: s.URL}).Do(t.Context(), "op", "GET", "/", nil, nil); err != nil {
		t.Fatal(err)
	}
	if token, err := source.Token(t.Context()); err != nil || token.Access.Reveal() != "access-1" || o.asked != 1 {
		t.Errorf("got %v, %v after %d grants, want the client's own token", token, err, o.asked)
	}
	if _, source, err := transport.Open(config(t, s.URL)); err != nil || source != nil {
		t.Errorf("got %v, %v for a static token, want no source", source, err)
	}
}

// A vendor that does not speak HTTP has no base_url: its token is handed out for the other protocol, and put on no request.
func TestTokenOfAnotherProtocolIsOnNoRequest(t *testing.T) {
	o := &office{shut: true}
	s, c := o.start(t)
	c.Spec.Protocol, c.Values = "IMAP", connectors.Values{}
	h, source, err := transport.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.CloseIdleConnections)
	token, err := source.Token(t.Context())
	if err != nil || token.Access.Reveal() != "access-1" {
		t.Errorf("got %q, %v", token.Access.Reveal(), err)
	}
	resp, err := h.Get(s.URL + "/api")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := strings.Join(o.calls, ","); got != " " {
		t.Errorf("got %q, want one request without a token", got)
	}
	c.Spec.Protocol = ""
	if _, _, err := transport.Open(c); err == nil {
		t.Error("a vendor of HTTP without base_url was opened")
	}
}
