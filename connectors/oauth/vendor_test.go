package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

// vendor is a token endpoint that rotates: a refresh token can be spent once, and spending it again is theft.
type vendor struct {
	mu        sync.Mutex
	valid     string // the one refresh token that can be spent
	n         int    // tokens granted
	requests  int
	expiresIn int
	instance  string                           // sent with tokens
	answer    func(w http.ResponseWriter) bool // takes over when it returns true
	gate      chan struct{}                    // when not nil, requests wait for it
	form      map[string]string                // of the last request, whether form or JSON
	media     string                           // its Content-Type
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.requests++
	gate := v.gate
	v.form, v.media = map[string]string{}, r.Header.Get("Content-Type")
	if v.media == "application/json" {
		_ = json.NewDecoder(r.Body).Decode(&v.form)
	} else {
		_ = r.ParseForm()
		for name := range r.PostForm {
			v.form[name] = r.PostForm.Get(name)
		}
	}
	form := v.form
	v.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.answer != nil && v.answer(w) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if form["grant_type"] == "refresh_token" && form["refresh_token"] != v.valid {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"expired %s"}`, form["refresh_token"])
		return
	}
	v.n++
	fmt.Fprintf(w, `{"access_token":"access-secret-%d","instance_url":%q,"token_type":"Bearer"`, v.n, v.instance)
	if form["grant_type"] == "refresh_token" || form["grant_type"] == "authorization_code" {
		v.valid = fmt.Sprintf("refresh-secret-%d", v.n)
		fmt.Fprintf(w, `,"refresh_token":%q`, v.valid)
	}
	if v.expiresIn > 0 {
		fmt.Fprintf(w, `,"expires_in":%d`, v.expiresIn)
	}
	fmt.Fprint(w, "}")
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.requests
}

func (v *vendor) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gate = nil
}

// unlocked is a Store without a lock.
type unlocked struct{ oauth.Store }

// shelf is a Store in memory with a lock, like one that processes share.
type shelf struct {
	mu     sync.Mutex
	lock   chan struct{}
	kept   map[string][]byte
	refuse error // what Save answers
}

func newShelf() *shelf { return &shelf{lock: make(chan struct{}, 1), kept: map[string][]byte{}} }

func (s *shelf) Load(_ context.Context, connection string) (oauth.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[connection] == nil {
		return oauth.Token{}, nil
	}
	return oauth.Parse(s.kept[connection])
}

func (s *shelf) Save(_ context.Context, connection string, t oauth.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return s.refuse
	}
	s.kept[connection] = t.Reveal()
	return nil
}

func (s *shelf) Lock(ctx context.Context, _ string) (func(), error) {
	select {
	case s.lock <- struct{}{}:
		return func() { <-s.lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *shelf) refuseWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

var errDisk = errors.New("disk is full")

type bench struct {
	vendor *vendor
	server *httptest.Server
	shelf  *shelf
	clock  time.Time
}

func setUp(t *testing.T) *bench {
	t.Helper()
	v := &vendor{valid: "refresh-secret-0", instance: "https://eu1.vendor.example"}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	return &bench{vendor: v, server: s, shelf: newShelf(), clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (b *bench) config() oauth.Config {
	var address string
	if b.server != nil {
		address = b.server.URL
	}
	return oauth.Config{Connection: "sf-prod", Store: b.shelf, Now: func() time.Time { return b.clock },
		OAuth: connectors.OAuth{TokenURL: address, AuthURL: address + "/authorize", ClientID: "client", ClientSecret: connectors.NewSecret("client-secret"),
			RefreshToken: connectors.NewSecret("refresh-secret-0")}}
}

func (b *bench) source(t *testing.T) *oauth.Source {
	t.Helper()
	s, err := oauth.New(b.config())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustToken(t *testing.T, s *oauth.Source, want string) connectors.SignedIn {
	t.Helper()
	got, err := s.Token(t.Context())
	if err != nil || got.Access.Reveal() != want {
		t.Fatalf("got token %q, error %v, want %q", got.Access.Reveal(), err, want)
	}
	return got
}
