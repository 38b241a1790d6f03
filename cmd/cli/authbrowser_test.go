package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// Client id and secret of the app that every simulated vendor knows.
const (
	testClient = "browser-client"
	testSecret = "browser-client-secret"
)

// consentVendors are the vendors with a page on which a person admits an app: the simulator, and what a connection to it
// says besides client_id and client_secret. BASE is the simulator's address.
var consentVendors = map[string]struct {
	simulator func() http.Handler
	settings  string
	token     string // what is said of it; empty = that it is renewed by itself
}{
	"hubspot": {func() http.Handler {
		return hubspottest.New(hubspottest.Options{App: &hubspottest.App{ClientID: testClient, ClientSecret: testSecret, Ask: true}}).Handler()
	}, "base_url: BASE, authorize_url: BASE/oauth/authorize", ""},
	"asana": {func() http.Handler {
		return asanatest.New(asanatest.Options{Apps: []asanatest.App{{ClientID: testClient, ClientSecret: testSecret, Ask: true}}}).Handler()
	}, "base_url: BASE/api/1.0", ""},
	"salesforce": {func() http.Handler {
		return salesforcetest.New(salesforcetest.Options{App: &salesforcetest.App{ClientID: testClient, ClientSecret: testSecret,
			RedirectURI: "http://localhost:8765/callback"}}).Handler()
	}, "base_url: BASE, login_url: BASE", ""},
	"mailchimp": {func() http.Handler {
		return mailchimptest.New(mailchimptest.Options{App: &mailchimptest.App{ClientID: testClient, ClientSecret: testSecret}}).Handler()
	}, "login_url: BASE", "the vendor gave no refresh token, so sign in again when it ends"},
	"zendesk": {func() http.Handler {
		return zendesktest.New(zendesktest.Options{App: &zendesktest.App{ClientID: testClient, ClientSecret: testSecret}}).Handler()
	}, "base_url: BASE", ""},
}

// A real browser goes to the vendor's page, a button is pressed, and the connection is signed in, or is not.
func TestSignInWithARealBrowser(t *testing.T) {
	for vendor, v := range consentVendors {
		t.Run(vendor, func(t *testing.T) {
			browser := startChromium(t)
			server, err := sandbox.Listen(v.simulator(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			file := filepath.Join(t.TempDir(), "millrace.yaml")
			text := fmt.Sprintf("connections:\n  one: {connector: %s, client_id: %s, client_secret: %s, redirect_port: 0, %s}\n", vendor, testClient, testSecret,
				strings.ReplaceAll(v.settings, "BASE", server.URL))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			run := func(open func(string), args ...string) (int, string) {
				var out bytes.Buffer
				a := &app{connectors: all.List, out: &out, errOut: &screen{w: &out}, openPage: open, args: append(args, "--config", file)}
				return a.main(t.Context()), out.String()
			}
			press := func(label, then string) (func(string), <-chan error) {
				done := make(chan error, 1)
				return func(address string) { go func() { done <- browser.press(address, label, then) }() }, done
			}

			open, done := press("Deny", "Not signed in")
			if code, out := run(open, "auth", "one"); code != exitUnreachable || !strings.Contains(out, "access was refused in the browser") {
				t.Errorf("denied: got %d and %s", code, out)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if code, out := run(nil, "check", "one"); code != exitUnreachable || !strings.Contains(out, "not signed in yet") {
				t.Errorf("check: got %d and %s, want it not signed in", code, out)
			}

			open, done = press("Allow", "Signed in")
			if code, out := run(open, "auth", "one"); code != exitDone || !strings.Contains(out, "is signed in") || !strings.Contains(out, cmp.Or(v.token, "renewed by itself")) {
				t.Errorf("allowed: got %d and %s", code, out)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if code, out := run(nil, "check", "one"); !strings.Contains(out, "accepted") {
				t.Errorf("check: got %d and %s, want the stored token accepted", code, out)
			}
		})
	}
}
