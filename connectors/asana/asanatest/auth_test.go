package asanatest_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

func TestWrongTokensAre401(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	for _, token := range []string{"", "wrong", asanatest.DefaultToken + "x"} {
		w.token = token
		a := w.get("/users/me")
		if a.status != 401 || a.message() != "Not Authorized" {
			t.Errorf("token %q: got %d %v, want the documented 401", token, a.status, a.body)
		}
	}
}

func (w *world) config() oauth2.Config {
	return oauth2.Config{ClientID: "hub", ClientSecret: "hub-secret", RedirectURL: "http://127.0.0.1:1/callback",
		Endpoint: oauth2.Endpoint{AuthURL: w.url + "/-/oauth_authorize", TokenURL: w.url + "/-/oauth_token"}}
}

// authorize follows the browser's way up to the redirect and returns its query.
func authorize(t *testing.T, address string) url.Values {
	t.Helper()
	stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stop.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		t.Fatalf("got %d without a redirect: %v", resp.StatusCode, err)
	}
	return at.Query()
}

func TestOAuthWithCodeAndRefresh(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	conf, verifier := w.config(), oauth2.GenerateVerifier()
	back := authorize(t, conf.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)))
	if back.Get("state") != "st" {
		t.Errorf("got state %q, want st", back.Get("state"))
	}
	ctx := context.Background()
	token, err := conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code was good twice")
	}
	w.token = token.AccessToken
	w.ok(200, "GET", "/users/me", "")
	w.clock.Advance(time.Hour)
	w.refused(401, "GET", "/users/me", "")

	again, err := conf.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	if again.RefreshToken != token.RefreshToken {
		t.Error("the refresh token was rotated; Asana keeps it")
	}
	w.token = again.AccessToken
	w.ok(200, "GET", "/users/me", "")
	w.srv.RevokeToken(token.RefreshToken)
	_, err = conf.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if refused := (*oauth2.RetrieveError)(nil); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Errorf("a revoked refresh token: got %v, want invalid_grant", err)
	}
}

func TestOAuthRefusals(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	conf, ctx := w.config(), context.Background()
	code := func() string {
		return authorize(t, conf.AuthCodeURL("st", oauth2.S256ChallengeOption("the-verifier"))).Get("code")
	}
	if _, err := conf.Exchange(ctx, code(), oauth2.VerifierOption("another")); err == nil {
		t.Error("a wrong PKCE verifier was accepted")
	}
	wrong := conf
	wrong.ClientSecret = "guess"
	if _, err := wrong.Exchange(ctx, code(), oauth2.VerifierOption("the-verifier")); err == nil {
		t.Error("a wrong client secret was accepted")
	}
	wrong = conf
	wrong.RedirectURL = "http://evil.example/"
	if _, err := wrong.Exchange(ctx, code(), oauth2.VerifierOption("the-verifier")); err == nil {
		t.Error("another redirect address was accepted")
	}
	old := code()
	w.clock.Advance(time.Hour)
	if _, err := conf.Exchange(ctx, old, oauth2.VerifierOption("the-verifier")); err == nil {
		t.Error("an old code was accepted")
	}
	resp, err := http.Post(w.url+"/-/oauth_token", "application/x-www-form-urlencoded",
		strings.NewReader("grant_type=password&client_id=hub&client_secret=hub-secret"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("grant password: got %d, want 400", resp.StatusCode)
	}
}
