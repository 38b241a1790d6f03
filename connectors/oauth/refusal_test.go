package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

// refuses makes the vendor answer so.
func (b *bench) refuses(status int, media, date, body string) {
	b.vendor.answer = func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", media)
		w.Header()["Date"] = nil
		if date != "" {
			w.Header().Set("Date", date)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) // our clock
	at := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	refreshes := func(*oauth.Config) {}
	for name, c := range map[string]struct {
		grant      func(*oauth.Config)
		code, text string
		date, want string
		kind       connectors.Kind
	}{
		"clock by date":          {asserts, "invalid_grant", "invalid assertion", at(7 * time.Minute), "this machine's clock is 7m0s behind the vendor's; set it; if that", 0},
		"clock ahead":            {asserts, "invalid_grant", "expired authorization code", at(-10 * time.Minute), "clock is 10m0s ahead of the vendor's; set it.", 0},
		"clock without date":     {asserts, "invalid_grant", "expired authorization code", "", "clock is probably wrong", 0},
		"clock and another word": {asserts, "invalid_grant", "user hasn't approved this consumer", at(2 * time.Minute), "2m0s behind the vendor's; set it; if that does not help, the user is not allowed", 0},
		"clock good":             {asserts, "invalid_grant", "invalid assertion", at(20 * time.Second), "the key is not the one", 0},
		"clock does not matter":  {refreshes, "invalid_grant", "expired access/refresh token", at(time.Hour), "ended or was revoked; sign in with `millrace auth sf-prod`", 0},
		"audience":               {asserts, "invalid_grant", "audience is invalid", at(0), "production or sandbox", 0},
		"not approved":           {asserts, "invalid_grant", "user hasn't approved this consumer", at(0), "pre-authorize", 0},
		"My Domain":              {credentials, "invalid_grant", "request not supported on this domain", at(0), "My Domain", 0},
		"wrong secret":           {credentials, "invalid_client", "invalid client credentials", at(0), "client_secret is wrong", 0},
		"scope":                  {credentials, "invalid_scope", "", at(0), "add them to the app", 0},
		"unknown client":         {refreshes, "invalid_client_id", "client identifier invalid", at(0), "does not know client_id", 0},
		"vague":                  {credentials, "invalid_request", "secret", at(0), "check the OAuth client's settings", 0},
		"too many sign-ins":      {credentials, "invalid_grant", "login rate exceeded", at(0), "limited", connectors.Limited},
	} {
		b := setUp(t)
		b.refuses(400, "application/json", c.date, fmt.Sprintf(`{"error":%q,"error_description":%q}`, c.code, c.text))
		_, err := b.with(t, c.grant).Token(t.Context())
		if c.kind == 0 {
			c.kind = connectors.Denied
		}
		if connectors.KindOf(err) != c.kind || !strings.Contains(err.Error()+".", c.want) {
			t.Errorf("%s: got %v, want %v with %q", name, err, c.kind, c.want)
		}
		if strings.Contains(err.Error(), "secret-") || c.text == "secret" && strings.Contains(err.Error(), ": secret") {
			t.Errorf("%s: %v shows the vendor's text", name, err)
		}
	}
}

// A refresh token or an assertion must not be posted to wherever an answer points.
func TestTokenRequestIsNotRedirected(t *testing.T) {
	var calls atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		b := setUp(t)
		b.vendor.answer = func(w http.ResponseWriter) bool {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
			return true
		}
		if _, err := b.source(t).Token(t.Context()); err == nil || calls.Load() != 0 {
			t.Errorf("%d: got %v and %d calls elsewhere, want an error and none", status, err, calls.Load())
		}
	}
}

func TestOddAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		media, got string
		want       string
		kind       connectors.Kind
	}{
		"ten megabytes":  {200, "application/json", `{"access_token":"` + strings.Repeat("x", 10<<20) + `"}`, "is no token", connectors.Temporary},
		"login page":     {200, "text/html", "<html>secret", "is no token", connectors.Temporary},
		"empty token":    {200, "application/json", `{"access_token":""}`, "has no access token", connectors.Temporary},
		"null":           {200, "application/json", `null`, "has no access token", connectors.Temporary},
		"array":          {200, "application/json", `[{"access_token":"x"}]`, "is no token", connectors.Temporary},
		"number":         {200, "application/json", `{"access_token":7}`, "is no token", connectors.Temporary},
		"moved":          {301, "text/html", ``, "has moved", connectors.Denied},
		"not there":      {404, "text/html", `<html>secret`, "no token endpoint at this address", connectors.Denied},
		"empty":          {200, "application/json", ``, "is no token", connectors.Temporary},
		"odd expires_in": {200, "application/json", `{"access_token":"x","expires_in":"soon"}`, "is no token", connectors.Temporary},
	} {
		b := setUp(t)
		b.refuses(c.status, c.media, "", c.got)
		got, err := b.source(t).Token(t.Context())
		if connectors.KindOf(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.want) || !got.Access.IsZero() {
			t.Errorf("%s: got %v, want %v with %q", name, err, c.kind, c.want)
		}
		if strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: %v shows the answer", name, err)
		}
	}
}
