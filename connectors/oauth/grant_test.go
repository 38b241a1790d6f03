package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

func (b *bench) with(t *testing.T, change func(*oauth.Config)) *oauth.Source {
	t.Helper()
	c := b.config()
	change(&c)
	s, err := oauth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asserts makes the sign-in one by assertion; each names the time it was made at.
func asserts(c *oauth.Config) {
	c.OAuth.Grant, c.OAuth.ClientSecret, c.OAuth.RefreshToken = connectors.JWTBearerGrant, connectors.Secret{}, connectors.Secret{}
	c.OAuth.Assertion = func(now time.Time) (connectors.Secret, error) {
		return connectors.NewSecret("signed-secret-" + now.Format(time.TimeOnly)), nil
	}
	c.Store = nil
}

func credentials(c *oauth.Config) {
	c.OAuth.Grant, c.OAuth.RefreshToken, c.OAuth.Scopes, c.Store = connectors.ClientCredentialsGrant, connectors.Secret{}, []string{"read", "write"}, nil
}

func TestClientCredentials(t *testing.T) {
	b := setUp(t)
	s := b.with(t, credentials)
	first := mustToken(t, s, "access-secret-1")
	want := map[string]string{"grant_type": "client_credentials", "client_id": "client", "client_secret": "client-secret", "scope": "read write"}
	if fmt.Sprint(b.vendor.form) != fmt.Sprint(want) {
		t.Errorf("got form %v, want %v", b.vendor.form, want)
	}
	mustToken(t, s, "access-secret-1") // no expires_in: until the vendor refuses it
	s.Invalidate(first.Access)
	mustToken(t, s, "access-secret-2")
}

func TestAssertionIsMadeAnewForEachRequest(t *testing.T) {
	b := setUp(t)
	s := b.with(t, asserts)
	first := mustToken(t, s, "access-secret-1")
	want := map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "signed-secret-12:00:00", "client_id": "client"}
	if fmt.Sprint(b.vendor.form) != fmt.Sprint(want) {
		t.Errorf("got form %v, want %v", b.vendor.form, want)
	}
	b.clock = b.clock.Add(time.Hour)
	s.Invalidate(first.Access)
	mustToken(t, s, "access-secret-2")
	if got := b.vendor.form["assertion"]; got != "signed-secret-13:00:00" {
		t.Errorf("got assertion %q, want one of now", got)
	}
}

// What can be had again is not stored: a token of a user that the configuration named before would go on being used.
func TestWhatCanBeHadAgainIsNotStored(t *testing.T) {
	for name, grant := range map[string]func(*oauth.Config){"credentials": credentials, "assertion": asserts} {
		b := setUp(t)
		stored := oauth.Token{Access: connectors.NewSecret("access-of-another-user")}
		if err := b.shelf.Save(t.Context(), "sf-prod", stored); err != nil {
			t.Fatal(err)
		}
		s := b.with(t, func(c *oauth.Config) { grant(c); c.Store = b.shelf })
		mustToken(t, s, "access-secret-1")
		if got, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || got.Access != stored.Access {
			t.Errorf("%s: got %v, %v stored, want what was there", name, got, err)
		}
	}
}

func TestTokenRequestAsJSON(t *testing.T) {
	b := setUp(t)
	s := b.with(t, func(c *oauth.Config) { c.OAuth.JSON = true })
	mustToken(t, s, "access-secret-1")
	want := map[string]string{"grant_type": "refresh_token", "client_id": "client", "client_secret": "client-secret", "refresh_token": "refresh-secret-0"}
	if b.vendor.media != "application/json" || fmt.Sprint(b.vendor.form) != fmt.Sprint(want) {
		t.Errorf("got %s %v, want %v as JSON", b.vendor.media, b.vendor.form, want)
	}
}

func TestNewChecksTheGrant(t *testing.T) {
	for name, change := range map[string]func(*oauth.Config){
		"no store":     func(c *oauth.Config) { c.Store = nil },
		"no secret":    func(c *oauth.Config) { credentials(c); c.OAuth.ClientSecret = connectors.Secret{} },
		"no assertion": func(c *oauth.Config) { asserts(c); c.OAuth.Assertion = nil },
		"password":     func(c *oauth.Config) { c.OAuth.Grant = "password" },
		"no client":    func(c *oauth.Config) { c.OAuth.ClientID = "" },
	} {
		c := setUp(t).config()
		change(&c)
		if _, err := oauth.New(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// A refresh token that another client or another host granted is nobody else's business.
func TestTokenOfAnotherClientIsLeftAlone(t *testing.T) {
	for name, change := range map[string]func(*oauth.Config){
		"client": func(c *oauth.Config) { c.OAuth.ClientID = "other" },
		"host": func(c *oauth.Config) {
			c.OAuth.TokenURL = strings.Replace(c.OAuth.TokenURL, "127.0.0.1", "localhost", 1)
		},
	} {
		b := setUp(t)
		mustToken(t, b.source(t), "access-secret-1")
		b.vendor.valid = "refresh-secret-0" // what the configuration has
		mustToken(t, b.with(t, change), "access-secret-2")
		if got := b.vendor.form["refresh_token"]; got != "refresh-secret-0" {
			t.Errorf("%s: spent %q, want the configured token", name, got)
		}
	}
}

func TestReplaceDropsTheOldToken(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	mustToken(t, s, "access-secret-1")
	fresh := oauth.Token{Access: connectors.NewSecret("access-of-person"), Refresh: connectors.NewSecret("refresh-of-person")}
	if err := s.Replace(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	mustToken(t, s, "access-of-person")
	if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Refresh != fresh.Refresh {
		t.Errorf("got %v, %v, want the new one stored", stored, err)
	}
}

// A renewal that is under way while a person signs in must not write its own token over the person's.
func TestReplaceWinsOverARenewalUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{vendor: &vendor{valid: "refresh-secret-0", gate: make(chan struct{})}, shelf: newShelf()}
		c := b.config()
		c.OAuth.TokenURL, c.HTTP = "https://vendor.example/token", &http.Client{Transport: inMemory{b.vendor}}
		s, err := oauth.New(c)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = s.Token(t.Context()) }()
		synctest.Wait()
		replaced := make(chan error, 1)
		person := oauth.Token{Access: connectors.NewSecret("access-of-person"), Refresh: connectors.NewSecret("r")}
		go func() { replaced <- s.Replace(t.Context(), person) }()
		synctest.Wait()
		close(b.vendor.gate)
		if err := <-replaced; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		mustToken(t, s, "access-of-person")
		if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Access != person.Access {
			t.Errorf("got %q stored, %v, want the person's", stored.Access.Reveal(), err)
		}
	})
}

// inMemory answers requests without a network, for tests in virtual time.
type inMemory struct{ h http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, r)
	return w.Result(), nil
}

// belongsTo is a vendor's rule for its instances.
func belongsTo(domain string) func(*url.URL) error {
	return func(u *url.URL) error {
		if !strings.HasSuffix(u.Hostname(), "."+domain) {
			return fmt.Errorf("%s is not on %s", u.Hostname(), domain)
		}
		return nil
	}
}

func TestInstanceMustBeTheVendors(t *testing.T) {
	// The token endpoint is reached by another name, so that it looks like a vendor's: TLS and no port.
	for instance, want := range map[string]string{
		"https://eu1.vendor.example":                 "",
		"https://eu1.vendor.example/":                "",
		"https://evil.example":                       "evil.example is not on vendor.example",
		"https://vendor.example.evil.example":        "is not on vendor.example",
		"https://evilvendor.example":                 "is not on vendor.example",
		"http://eu1.vendor.example":                  "it is no https address",
		"ftp://eu1.vendor.example":                   "it is no https address",
		"//eu1.vendor.example":                       "it is no https address",
		"https://user:pw@eu1.vendor.example":         "it has user information",
		"https://eu1.vendor.example@evil.example":    "it has user information",
		"https://eu1.vendor.example:8443":            "it has a port",
		"https://eu1.vendor.example/path":            "it has more than a host",
		"https://eu1.vendor.example?x=.evil.example": "it has more than a host",
		"https://evil.example\\@eu1.vendor.example":  "it is no address",
		"https://": "it is no https address",
		"":         "there is none",
		"https://eu1.vendor.example%2f.evil.example/": "it is no address",
	} {
		b := setUp(t)
		b.vendor.instance = instance
		s := b.with(t, func(c *oauth.Config) {
			c.OAuth.TokenURL, c.OAuth.Instance, c.HTTP = "https://login.vendor.example/token", belongsTo("vendor.example"), &http.Client{Transport: to(b)}
		})
		got, err := s.Token(t.Context())
		if want == "" {
			if err != nil || got.Extra["instance_url"] != instance {
				t.Errorf("%s: got %v, %v, want it accepted", instance, got, err)
			}
			continue
		}
		if connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), want) || !got.Access.IsZero() {
			t.Errorf("%q: got %v, want no token, and %q", instance, err, want)
		}
		if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Refresh.Reveal() != "refresh-secret-1" {
			t.Errorf("%q: got %q stored, %v; the rotated refresh token must not be lost", instance, stored.Refresh.Reveal(), err)
		}
	}
}

// redirect sends requests for any host to the bench's vendor.
type redirect struct{ b *bench }

func to(b *bench) http.RoundTripper { return redirect{b} }

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(r.b.server.URL, "http://")
	return http.DefaultTransport.RoundTrip(out)
}

func TestInstanceIsReadAgainAfterEveryRenewal(t *testing.T) {
	b := setUp(t)
	s := b.with(t, func(c *oauth.Config) {
		c.OAuth.TokenURL, c.OAuth.Instance, c.HTTP = "https://login.vendor.example/token", belongsTo("vendor.example"), &http.Client{Transport: to(b)}
	})
	first := mustToken(t, s, "access-secret-1")
	b.vendor.instance = "https://eu2.vendor.example"
	s.Invalidate(first.Access)
	if got := mustToken(t, s, "access-secret-2").Extra["instance_url"]; got != "https://eu2.vendor.example" {
		t.Errorf("got %s, want where the organization moved to", got)
	}
	b.vendor.instance = "https://evil.example"
	s.Invalidate(connectors.NewSecret("access-secret-2"))
	if got, err := s.Token(t.Context()); connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got %v, %v, want the move refused", got, err)
	}
	b.vendor.instance = "https://eu3.vendor.example" // the stored token, whose instance is refused, is no reason to give up
	mustToken(t, s, "access-secret-4")
}
