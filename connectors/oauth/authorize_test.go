package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

// browse is a browser that the vendor sends back with the given answer.
func browse(t *testing.T, answer func(page url.Values) url.Values) func(string) error {
	return func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		back := u.Query().Get("redirect_uri") + "?" + answer(u.Query()).Encode()
		r, err := http.Get(back)
		if err != nil {
			t.Errorf("got %v, want the callback to answer", err)
			return err
		}
		return r.Body.Close()
	}
}

func TestAuthorizeThroughTheBrowser(t *testing.T) {
	b := setUp(t)
	var challenge string
	token, err := oauth.Authorize(t.Context(), b.config(), oauth.Loopback{}, browse(t, func(page url.Values) url.Values {
		challenge = page.Get("code_challenge")
		if page.Get("code_challenge_method") != "S256" || page.Get("response_type") != "code" || page.Get("client_id") != "client" {
			t.Errorf("got page %v, want PKCE with S256", page)
		}
		return url.Values{"code": {"c1"}, "state": {page.Get("state")}}
	}))
	if err != nil || token.Access.Reveal() != "access-secret-1" {
		t.Fatalf("got %v, want a token", err)
	}
	if b.vendor.form["code"] != "c1" || b.vendor.form["code_verifier"] == "" || challenge == "" {
		t.Errorf("got form %v, want the code and the verifier", b.vendor.form)
	}
	if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Refresh.Reveal() != "refresh-secret-1" {
		t.Errorf("got %v, %v, want the token saved", stored, err)
	}
}

func TestAuthorizeTurnsAwayAForeignState(t *testing.T) {
	b := setUp(t)
	ctx, cancel := context.WithCancel(t.Context())
	open := browse(t, func(url.Values) url.Values { return url.Values{"code": {"stolen"}, "state": {"guess"}} })
	_, err := oauth.Authorize(ctx, b.config(), oauth.Loopback{}, func(address string) error { defer cancel(); return open(address) })
	if !errors.Is(err, context.Canceled) || b.vendor.count() != 0 {
		t.Errorf("got %v after %d requests, want it to go on waiting and exchange nothing", err, b.vendor.count())
	}
}

func TestAuthorizeRefusedByThePerson(t *testing.T) {
	b := setUp(t)
	_, err := oauth.Authorize(t.Context(), b.config(), oauth.Loopback{}, browse(t, func(page url.Values) url.Values {
		return url.Values{"error": {"access_denied"}, "state": {page.Get("state")}}
	}))
	if connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got %v, want Denied", err)
	}
}
