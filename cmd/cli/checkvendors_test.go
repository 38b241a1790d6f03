package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// vendorCase is a simulated vendor, a connection to it, and what `check` says. BASE is the simulator's address, KEY the
// file of a private key.
type vendorCase struct {
	simulator http.Handler
	settings  string
	want      string // the line of the finding; it has failed unless it ends with "accepted"
}

// tenMinutes is ten minutes give or take the time that a test takes.
var tenMinutes = regexp.MustCompile(`\b(9m5\ds|10m\ds)\b`)

// What `check` says of each vendor's sign-in by each grant: that it is good, or what is wrong with key, secret, user, app or
// clock.
func TestCheckOfEachGrant(t *testing.T) {
	key, other := newTestKey(t), newTestKey(t)
	file := filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	const byKey = "connector: salesforce, client_id: c, username: ana@acme.example, private_key: \"file:KEY\", base_url: BASE, login_url: BASE"
	const byApp = "connector: salesforce, sign_in: client_credentials, client_id: c, client_secret: s, base_url: BASE, login_url: BASE"
	const zendesk = "connector: zendesk, client_id: c, client_secret: s, grant: client_credentials, base_url: BASE"
	org := func(o salesforcetest.Options) http.Handler {
		o.App.ClientID = "c"
		return salesforcetest.New(o).Handler()
	}
	knows := func(k *rsa.PrivateKey) *salesforcetest.App {
		return &salesforcetest.App{Username: "ana@acme.example", Key: &k.PublicKey}
	}
	clock := func(ahead time.Duration) *sandbox.Clock { return sandbox.NewClock(time.Now().Add(ahead)) }
	app := func(secret string, allowed bool) *salesforcetest.App {
		return &salesforcetest.App{ClientSecret: secret, ClientCredentials: allowed}
	}
	account := func(a zendesktest.App) http.Handler {
		a.ClientID = "c"
		return zendesktest.New(zendesktest.Options{App: &a}).Handler()
	}
	for name, c := range map[string]vendorCase{
		"salesforce by key":          {org(salesforcetest.Options{App: knows(key)}), byKey, "accepted"},
		"salesforce, wrong key":      {org(salesforcetest.Options{App: knows(other)}), byKey, "refused (HTTP 400): invalid_grant: the key is not the one whose certificate the app has, or the user name is wrong"},
		"salesforce, our clock slow": {org(salesforcetest.Options{App: knows(key), Clock: clock(10 * time.Minute)}), byKey, "refused (HTTP 400): invalid_grant: this machine's clock is TEN MINUTES behind the vendor's; set it"},
		"salesforce, our clock fast": {org(salesforcetest.Options{App: knows(key), Clock: clock(-10 * time.Minute)}), byKey, "refused (HTTP 400): invalid_grant: this machine's clock is TEN MINUTES ahead of the vendor's; set it"},
		"salesforce, another user":   {org(salesforcetest.Options{App: &salesforcetest.App{Username: "bo@acme.example", Key: &key.PublicKey}}), byKey, "refused (HTTP 400): invalid_grant: the user is not allowed to use the app; pre-authorize"},
		"salesforce by app":          {org(salesforcetest.Options{App: app("s", true)}), byApp, "accepted"},
		"salesforce, wrong secret":   {org(salesforcetest.Options{App: app("t", true)}), byApp, "invalid_client: client_id or client_secret is wrong"},
		"salesforce, login host":     {org(salesforcetest.Options{App: app("s", true), LoginHost: true}), byApp, "invalid_grant: this grant works on the organization's own My Domain address only"},
		"salesforce, not by browser": {org(salesforcetest.Options{App: app("s", true)}), strings.Replace(byApp, "sign_in: client_credentials, ", "", 1), "not signed in yet; sign in with `millrace auth one`"},
		"zendesk by app":             {account(zendesktest.App{ClientSecret: "s"}), zendesk, "accepted"},
		"zendesk, wrong secret":      {account(zendesktest.App{ClientSecret: "t"}), zendesk, "refused (HTTP 401): invalid_client: client_id or client_secret is wrong"},
		"zendesk, public client":     {account(zendesktest.App{Public: true}), zendesk, "unauthorized_client: the app does not allow this way to sign in; turn it on in the app's settings"},
		"zendesk, revoked":           {account(zendesktest.App{ClientSecret: "s"}), "connector: zendesk, client_id: c, client_secret: s, refresh_token: r, base_url: BASE", "invalid_grant: the sign-in ended or was revoked; sign in with `millrace auth one`"},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := sandbox.Listen(c.simulator, "")
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			out := checkOutput(t, strings.NewReplacer("BASE", server.URL, "KEY", file).Replace(c.settings))
			out = tenMinutes.ReplaceAllString(out, "TEN MINUTES")
			var line string
			for l := range strings.Lines(out) {
				if strings.Contains(l, "  sign-in  ") {
					line += l
				}
			}
			if good := c.want == "accepted"; !strings.Contains(line, c.want) || good == strings.Contains(line, "FAILED") || strings.Count(line, "\n") != 1 {
				t.Errorf("got %s\nwant one finding about the sign-in, with %q", out, c.want)
			}
		})
	}
}

// checkOutput is what `check` prints of one connection.
func checkOutput(t *testing.T, settings string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "connections:\n  one: {%s}\n", settings), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app{connectors: all.List, out: &out, errOut: &screen{w: &out}, args: []string{"check", "--config", file}}
	a.main(t.Context())
	return out.String()
}

func newTestKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
