package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// signInSettings are the settings of a connection to each simulated vendor that signs in through the browser.
var signInSettings = map[string]func(access map[string]string) string{
	world.HubSpot: func(a map[string]string) string {
		return fmt.Sprintf(`{connector: hubspot, client_id: %q, client_secret: %q, base_url: %q, authorize_url: %q, redirect_port: 0}`,
			a["client_id"], a["client_secret"], a["base_url"], a["base_url"]+"/oauth/authorize")
	},
	world.Asana: func(a map[string]string) string {
		return fmt.Sprintf(`{connector: asana, client_id: %q, client_secret: %q, base_url: %q, workspace: %q, redirect_port: 0}`,
			a["client_id"], a["client_secret"], a["base_url"], a["workspace"])
	},
}

// A real browser goes to the vendor's page, a button is pressed, and the connection is signed in, or is not.
func TestSignInWithARealBrowser(t *testing.T) {
	w, err := world.Start(world.Options{Customers: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for vendor, settings := range signInSettings {
		t.Run(vendor, func(t *testing.T) {
			browser := startChromium(t)
			file := filepath.Join(t.TempDir(), "millrace.yaml")
			if err := os.WriteFile(file, []byte("connections:\n  one: "+settings(w.Access()[vendor])+"\n"), 0o600); err != nil {
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
			if code, out := run(open, "auth", "one"); code != exitDone || !strings.Contains(out, "is signed in") || !strings.Contains(out, "renewed by itself") {
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
