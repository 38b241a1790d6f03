package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// testKey is an RSA key in PEM.
func testKey(t testing.TB) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func (h *harness) SignsIn() bool { return h.signs }

// TestSignInIsDeclared: which settings lead to which grant, and which are refused with what to do.
func TestSignInIsDeclared(t *testing.T) {
	_, key := testKey(t)
	myDomain := "https://acme.my.salesforce.com"
	cases := []struct {
		settings map[string]any
		want     string // the grant, or a part of the error
	}{
		{map[string]any{"client_id": "c", "client_secret": "s"}, "refresh"},
		{map[string]any{"client_id": "c"}, "refresh"}, // PKCE needs no secret
		{map[string]any{}, "set client_id"},
		{map[string]any{"client_id": "c", "username": "u@acme.example", "private_key": key}, string(connectors.JWTBearerGrant)},
		{map[string]any{"client_id": "c", "private_key": key}, "needs username"},
		{map[string]any{"client_id": "c", "username": "u", "sign_in": "jwt"}, "the key"},
		{map[string]any{"client_id": "c", "username": "u", "private_key": "no key"}, "PEM"},
		{map[string]any{"client_id": "c", "client_secret": "s", "sign_in": "client_credentials"}, "My Domain only: set login_url"},
		{map[string]any{"client_id": "c", "client_secret": "s", "sign_in": "client_credentials", "login_url": "https://test.salesforce.com/"}, "My Domain only"},
		{map[string]any{"client_id": "c", "sign_in": "client_credentials", "login_url": myDomain}, "needs client_secret"},
		{map[string]any{"client_id": "c", "client_secret": "s", "sign_in": "client_credentials", "login_url": myDomain}, string(connectors.ClientCredentialsGrant)},
	}
	for _, c := range cases {
		values, problems := salesforce.Connector.Spec.Parse(c.settings)
		if len(problems) > 0 {
			t.Fatalf("%v: %v", c.settings, problems)
		}
		in, err := salesforce.Connector.Spec.SignIn(values)
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case in.OAuth.Grant == connectors.RefreshGrant:
			got = "refresh"
		default:
			got = string(in.OAuth.Grant)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: got %q, want %q", c.settings, got, c.want)
		}
		if err == nil && !strings.HasPrefix(in.OAuth.TokenURL, strings.TrimRight(values.String("login_url"), "/")+"/services/oauth2/token") {
			t.Errorf("%v: got the token address %s", c.settings, in.OAuth.TokenURL)
		}
	}
}

// TestTokenGoesNowhereElse: the address that comes with a token is Salesforce's own, by https, or the one of the settings.
func TestTokenGoesNowhereElse(t *testing.T) {
	values, _ := salesforce.Connector.Spec.Parse(map[string]any{"client_id": "c", "base_url": "http://127.0.0.1:8080", "login_url": "https://login.salesforce.com"})
	in, err := salesforce.Connector.Spec.SignIn(values)
	if err != nil {
		t.Fatal(err)
	}
	good := []string{"https://acme.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com", "https://na139.salesforce.com", "https://acme.my.salesforce.mil",
		"https://cs7.force.com", "https://acme.cloudforce.com", "https://ACME.my.Salesforce.com:443", "http://127.0.0.1:8080", "https://login.salesforce.com"}
	bad := []string{"http://acme.my.salesforce.com", "https://evil.example", "https://salesforce.com.evil.example", "https://notsalesforce.com", "https://my.salesforce.com@evil.example",
		"https://acme.my.salesforce.com:8443", "https://127.0.0.1:8080", "http://127.0.0.1:8081", "ftp://acme.my.salesforce.com", "//acme.my.salesforce.com", "https://", "",
		"https://u:p@acme.my.salesforce.com", "https://salesforce.com", "https://my.salesforce.com.", "https://xn--slesforce-x1a.com"}
	for _, text := range good {
		if u, _ := url.Parse(text); in.OAuth.Instance(u) != nil {
			t.Errorf("%s: got it refused: %v", text, in.OAuth.Instance(u))
		}
	}
	for _, text := range bad {
		if u, err := url.Parse(text); err == nil && in.OAuth.Instance(u) == nil {
			t.Errorf("%s: got it taken", text)
		}
	}
}

// signed is an organization that is signed in to with the settings; change adjusts its app.
func signed(t *testing.T, settings map[string]any, app salesforcetest.App, change func(*salesforcetest.Options)) *harness {
	t.Helper()
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) {
		app.ClientID, app.ClientSecret, app.Username = "3MVG9client", "app-secret-8812", "integration@acme.example"
		o.App, o.Tokens = &app, nil
		if change != nil {
			change(o)
		}
	})
	h.signs = true
	h.sim.SetInstance(h.url)
	for k, v := range settings {
		h.extra[k] = v
	}
	if _, ok := settings["refresh_token"]; !ok && settings["sign_in"] == nil {
		h.extra["refresh_token"] = h.sim.NewRefreshToken()
	}
	return h
}

// TestSignedInByEachGrant: a stream is read to its end over sessions that end in the middle, signed in by each grant. A
// refresh token that rotates is spent once (jsforce #1170).
func TestSignedInByEachGrant(t *testing.T) {
	key, text := testKey(t)
	grants := map[string]*harness{
		"browser":  signed(t, nil, salesforcetest.App{}, nil),
		"rotating": signed(t, nil, salesforcetest.App{RotateRefresh: true}, nil),
		"key":      signed(t, map[string]any{"sign_in": "jwt", "username": "integration@acme.example", "private_key": text}, salesforcetest.App{Key: &key.PublicKey}, nil),
		"app":      signed(t, map[string]any{"sign_in": "client_credentials"}, salesforcetest.App{ClientCredentials: true}, nil),
	}
	for name, h := range grants {
		t.Run(name, func(t *testing.T) {
			h.Create(t, 900)
			r := newReader(t, h, "Contact")
			for range 4 {
				r.read(t)
				h.sim.ExpireSessions()
			}
			r.settle(t, h)
			r.check(t, h)
		})
	}
}

// TestTokenForAnotherHost: a token endpoint that names a foreign instance gets nothing read, and the token is not sent.
func TestTokenForAnotherHost(t *testing.T) {
	h := signed(t, nil, salesforcetest.App{}, nil)
	h.sim.SetInstance("https://evil.example")
	_, err := connectortest.Open(t, h).(connectors.Source).Read(context.Background(), "Contact", "")
	if connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), "instance_url") {
		t.Errorf("got %v, want it denied because of instance_url", err)
	}
}

// TestWrongKeyIsSaid: a key that the organization does not know, and a clock that is wrong, are refused by `check` with what
// to do.
func TestWrongKeyIsSaid(t *testing.T) {
	_, text := testKey(t)
	other, _ := testKey(t)
	h := signed(t, map[string]any{"sign_in": "jwt", "username": "integration@acme.example", "private_key": text}, salesforcetest.App{Key: &other.PublicKey}, nil)
	findings, err := connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
	if err != nil || len(findings) != 1 || findings[0].OK || findings[0].What != "sign-in" {
		t.Fatalf("got %+v and %v, want the sign-in refused", findings, err)
	}
	for _, want := range []string{"refuses", "certificate", "clock"} {
		if !strings.Contains(findings[0].Detail, want) {
			t.Errorf("got %q, want it to speak of the %s", findings[0].Detail, want)
		}
	}
	if strings.Contains(findings[0].Detail, text[40:80]) {
		t.Error("the finding shows the key")
	}
}

// TestSourceSignedIn: the suite, signed in as the app's own user, with the address of the requests taken from the token.
func TestSourceSignedIn(t *testing.T) {
	connectortest.Source(t, func(t *testing.T) connectortest.SourceHarness {
		return signed(t, map[string]any{"sign_in": "client_credentials"}, salesforcetest.App{ClientCredentials: true}, func(o *salesforcetest.Options) { o.Tokens = []string{testToken} })
	})
}
