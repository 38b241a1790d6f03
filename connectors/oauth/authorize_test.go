package oauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

// browse is a browser that the vendor sends back with the given answer; it does not wait for the page it comes back to.
func browse(t *testing.T, answer func(page url.Values) url.Values) (open func(string) error, shown func() (int, string)) {
	type result struct {
		status int
		page   string
	}
	results := make(chan result, 1)
	open = func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		back := u.Query().Get("redirect_uri") + "?" + answer(u.Query()).Encode()
		go func() {
			r, err := http.Get(back)
			if err != nil {
				results <- result{0, err.Error()}
				return
			}
			defer r.Body.Close()
			text, _ := io.ReadAll(r.Body)
			results <- result{r.StatusCode, string(text)}
		}()
		return nil
	}
	return open, func() (int, string) {
		select {
		case r := <-results:
			return r.status, r.page
		case <-time.After(10 * time.Second):
			return 0, "no page"
		}
	}
}

func TestAuthorizeThroughTheBrowser(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	old := mustToken(t, s, "access-secret-1")
	var challenge string
	open, shown := browse(t, func(page url.Values) url.Values {
		challenge = page.Get("code_challenge")
		if page.Get("code_challenge_method") != "S256" || page.Get("response_type") != "code" || page.Get("client_id") != "client" ||
			!strings.HasPrefix(page.Get("redirect_uri"), "http://localhost:") {
			t.Errorf("got page %v, want PKCE with S256 and a callback at localhost", page)
		}
		return url.Values{"code": {"c1"}, "state": {page.Get("state")}}
	})
	token, err := s.Authorize(t.Context(), oauth.Loopback{}, open)
	if err != nil || token.Access.Reveal() != "access-secret-2" {
		t.Fatalf("got %v, want a token", err)
	}
	if status, page := shown(); status != 200 || !strings.Contains(page, "Signed in") {
		t.Errorf("got page %d %s, want it to say that it worked", status, page)
	}
	if b.vendor.form["code"] != "c1" || b.vendor.form["code_verifier"] == "" || challenge == "" || b.vendor.form["redirect_uri"] == "" {
		t.Errorf("got form %v, want the code, the verifier and the callback", b.vendor.form)
	}
	if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Refresh.Reveal() != "refresh-secret-2" {
		t.Errorf("got %v, %v, want the token saved", stored, err)
	}
	if got := mustToken(t, s, "access-secret-2"); got.Access == old.Access {
		t.Error("the source still has the old token")
	}
}

func TestAuthorizeAsJSON(t *testing.T) {
	b := setUp(t)
	s := b.with(t, func(c *oauth.Config) { c.OAuth.JSON, c.OAuth.Scopes = true, []string{"read", "write"} })
	open, _ := browse(t, func(page url.Values) url.Values {
		return url.Values{"code": {"c1"}, "state": {page.Get("state")}}
	})
	if _, err := s.Authorize(t.Context(), oauth.Loopback{}, open); err != nil {
		t.Fatal(err)
	}
	if f := b.vendor.form; b.vendor.media != "application/json" || f["grant_type"] != "authorization_code" || f["code_verifier"] == "" || f["scope"] != "read write" {
		t.Errorf("got %s %v, want the exchange as JSON, with the scope", b.vendor.media, f)
	}
}

func TestAuthorizeTurnsAwayAForeignState(t *testing.T) {
	b := setUp(t)
	for _, state := range []string{"", "guess"} {
		ctx, cancel := context.WithCancel(t.Context())
		open, shown := browse(t, func(url.Values) url.Values { return url.Values{"code": {"stolen"}, "state": {state}} })
		_, err := b.source(t).Authorize(ctx, oauth.Loopback{}, func(address string) error {
			if err := open(address); err != nil {
				return err
			}
			if status, page := shown(); status != 400 || strings.Contains(page, "stolen") {
				t.Errorf("state %q: got page %d %s, want it turned away", state, status, page)
			}
			cancel()
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) || b.vendor.count() != 0 {
			t.Errorf("state %q: got %v after %d requests, want it to go on waiting and exchange nothing", state, err, b.vendor.count())
		}
	}
}

func TestAuthorizeRefused(t *testing.T) {
	for name, c := range map[string]struct{ code, text, want string }{
		"by the person":  {"access_denied", "end-user denied authorization", "access_denied: access was refused in the browser; nothing was changed"},
		"bad scope":      {"invalid_scope", "", "add them to the app"},
		"blocked":        {"OAUTH_APP_BLOCKED", "this app is blocked by admin", "OAUTH_APP_BLOCKED"},
		"without a word": {"", "", "without a code"},
		"oddly":          {"<script>secret", "<script>secret", "without a code"},
	} {
		b := setUp(t)
		s := b.source(t)
		mustToken(t, s, "access-secret-1")
		open, shown := browse(t, func(page url.Values) url.Values {
			return url.Values{"error": {c.code}, "error_description": {c.text}, "state": {page.Get("state")}}
		})
		_, err := s.Authorize(t.Context(), oauth.Loopback{}, open)
		if connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want Denied with %q", name, err, c.want)
		}
		if _, page := shown(); !strings.Contains(page, "Not signed in") {
			t.Errorf("%s: got page %s", name, page)
		}
		mustToken(t, s, "access-secret-1") // what was there stays
	}
}

// A page that is loaded twice, or read by somebody else, does not redeem anything twice.
func TestAuthorizeTakesOneAnswer(t *testing.T) {
	b := setUp(t)
	gate := make(chan struct{})
	b.vendor.gate = gate
	var again int
	_, err := b.source(t).Authorize(t.Context(), oauth.Loopback{}, func(address string) error {
		first, _ := browse(t, func(page url.Values) url.Values { return url.Values{"code": {"c1"}, "state": {page.Get("state")}} })
		second, shown := browse(t, func(page url.Values) url.Values { return url.Values{"code": {"c2"}, "state": {page.Get("state")}} })
		if err := first(address); err != nil {
			return err
		}
		go func() {
			defer close(gate)
			for b.vendor.count() == 0 && t.Context().Err() == nil { // the first one is being redeemed
				time.Sleep(time.Millisecond)
			}
			if second(address) == nil {
				again, _ = shown()
			}
		}()
		return nil
	})
	if err != nil || again != http.StatusConflict || b.vendor.form["code"] != "c1" || b.vendor.count() != 1 {
		t.Errorf("got %v, status %d for the second answer and %d exchanges, want one exchange and 409", err, again, b.vendor.count())
	}
}

// A token for another instance is not worth the sign-in that works.
func TestAuthorizeKeepsTheOldTokenWhenTheInstanceIsRefused(t *testing.T) {
	b := setUp(t)
	s := b.with(t, func(c *oauth.Config) { c.OAuth.Instance = belongsTo("vendor.example") })
	mustToken(t, s, "access-secret-1")
	b.vendor.instance = "https://evil.example"
	open, _ := browse(t, func(page url.Values) url.Values { return url.Values{"code": {"c1"}, "state": {page.Get("state")}} })
	if _, err := s.Authorize(t.Context(), oauth.Loopback{}, open); connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got %v, want Denied", err)
	}
	mustToken(t, s, "access-secret-1")
	if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Access.Reveal() != "access-secret-1" {
		t.Errorf("got %q stored, %v, want the old one", stored.Access.Reveal(), err)
	}
}

func TestAuthorizeSaysWhichPortIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = setUp(t).source(t).Authorize(t.Context(), oauth.Loopback{Port: port}, func(string) error {
		t.Error("the browser was opened")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "in use; end what uses it, or set redirect_port") {
		t.Errorf("got %v, want it to name the port and the setting", err)
	}
}

// TestMetadataNameTheInstance: where the token endpoint does not say whose account a token is for, the metadata do (Mailchimp);
// what they say is checked like an instance_url, and the token is shown to no other address.
func TestMetadataNameTheInstance(t *testing.T) {
	for answer, want := range map[string]string{
		`{"dc":"us3","api_endpoint":"https://us3.api.vendor.example"}`: "https://us3.api.vendor.example",
		`{"api_endpoint":"https://us3.api.evil.example"}`:              "",
		`{"dc":"us3"}`: "", `<html>`: "", `refuse`: "", `redirect`: "",
	} {
		b := setUp(t)
		asked, elsewhere := "", 0
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
		t.Cleanup(other.Close)
		metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header.Get("Authorization")
			switch answer {
			case "refuse":
				w.WriteHeader(http.StatusUnauthorized)
			case "redirect":
				http.Redirect(w, r, other.URL, http.StatusFound)
			default:
				_, _ = io.WriteString(w, answer)
			}
		}))
		t.Cleanup(metadata.Close)
		s := b.with(t, func(c *oauth.Config) {
			c.OAuth.Metadata = metadata.URL
			c.OAuth.Instance = func(u *url.URL) error {
				if u.Host != "us3.api.vendor.example" {
					return errors.New("not ours")
				}
				return nil
			}
		})
		open, shown := browse(t, func(page url.Values) url.Values { return url.Values{"code": {"c1"}, "state": {page.Get("state")}} })
		token, err := s.Authorize(t.Context(), oauth.Loopback{}, open)
		shown()
		if got := token.Extra[oauth.InstanceURL]; got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q and %v, want %q", answer, got, err, want)
		}
		if !strings.HasPrefix(asked, "OAuth access-secret-") || elsewhere > 0 {
			t.Errorf("%s: the metadata were asked with %q, others %d times", answer, asked, elsewhere)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
