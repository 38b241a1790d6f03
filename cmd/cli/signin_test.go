package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// acme is a vendor whose token endpoint answers what a test wants; its connector checks nothing but that it was asked.
type acme struct {
	in     connectors.OAuth
	env    connectors.Env
	checks int
}

// Check implements connectors.Checker.
func (a *acme) Check(context.Context) ([]connectors.Finding, error) {
	a.checks++
	return []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted"}}, nil
}

func (a *acme) connector() connectors.Connector {
	return connectors.Connector{
		Spec: connectors.Spec{Name: "acme", Title: "Acme", Does: []connectors.Capability{connectors.Checks},
			Settings: []connectors.Setting{connectors.BaseURL("")},
			SignIn: func(v connectors.Values) (connectors.SignIn, error) {
				in := a.in
				in.TokenURL, in.ClientID, in.ClientSecret = v.String("base_url")+"/token", "c", connectors.NewSecret("very-secret")
				return connectors.SignIn{OAuth: &in}, nil
			},
			Limits: func(connectors.Values) []connectors.Limit { return nil },
			Cost:   func(*http.Request) connectors.Cost { return connectors.Cost{} }},
		Open: func(env connectors.Env) (any, error) { a.env = env; return a, nil },
	}
}

// run runs a command line with one connection to acme at the address.
func (a *acme) run(t *testing.T, address string, args ...string) (code int, out, errOut string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "connections:\n  one: {connector: acme, base_url: %q}\n", address), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	p := &app{connectors: []connectors.Connector{a.connector()}, out: &o, errOut: &screen{w: &e}, args: append(args, "--config", file)}
	code = p.main(t.Context())
	return code, o.String(), e.String()
}

// What keeps a connection from signing in is said as it is, whatever the grant: no wraps, and what to do.
func TestCheckSaysWhyThereIsNoToken(t *testing.T) {
	assertion := connectors.OAuth{Grant: connectors.JWTBearerGrant, Assertion: func(time.Time) (connectors.Secret, error) {
		return connectors.NewSecret("signed-very-secret"), nil
	}}
	credentials := connectors.OAuth{Grant: connectors.ClientCredentialsGrant}
	refresh := connectors.OAuth{RefreshToken: connectors.NewSecret("refresh-very-secret")}
	moved := credentials
	moved.Instance = func(u *url.URL) error { return fmt.Errorf("%s is not the vendor's", u.Hostname()) }
	for name, c := range map[string]struct {
		in     connectors.OAuth
		status int
		ahead  time.Duration // of the vendor's clock
		body   string
		want   string
	}{
		"good":                {credentials, 200, 0, `{"access_token":"x"}`, "accepted"},
		"wrong key":           {assertion, 400, 0, `{"error":"invalid_grant","error_description":"invalid assertion"}`, "refused (HTTP 400): invalid_grant: the key is not the one whose certificate the app has, or the user name is wrong"},
		"skewed clock":        {assertion, 400, 8 * time.Minute, `{"error":"invalid_grant","error_description":"expired authorization code"}`, "behind the vendor's; set it"},
		"missing scope":       {credentials, 400, 0, `{"error":"invalid_scope"}`, "refused (HTTP 400): invalid_scope: the app may not ask for these scopes; add them to the app"},
		"wrong secret":        {refresh, 401, 0, `{"error":"invalid_client"}`, "refused (HTTP 401): invalid_client: client_id or client_secret is wrong"},
		"revoked":             {refresh, 400, 0, `{"error":"invalid_grant"}`, "refused (HTTP 400): invalid_grant: the sign-in ended or was revoked; sign in with `millrace auth one`"},
		"exhausted":           {credentials, 429, 0, `{}`, "the vendor takes no more sign-ins for 1m30s"},
		"never signed in":     {connectors.OAuth{}, 0, 0, ``, "not signed in yet; sign in with `millrace auth one`"},
		"login page":          {credentials, 200, 0, `<html>very-secret`, "the answer is no token; check base_url"},
		"instance of another": {moved, 200, 0, `{"access_token":"x","instance_url":"http://evil.example"}`, "the instance_url that came with the token is refused: evil.example is not the vendor's"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
				w.Header().Set("Retry-After", "90")
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			t.Cleanup(s.Close)
			vendor := &acme{in: c.in}
			code, out, errOut := vendor.run(t, s.URL, "check", "--json")
			var results []checkResult
			if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 || len(results[0].Findings) != 1 {
				t.Fatalf("got %d, %s%s, want one finding", code, out, errOut)
			}
			f, good := results[0].Findings[0], name == "good"
			if f.What != "sign-in" || f.OK != good || !strings.Contains(f.Detail, c.want) {
				t.Errorf("got %+v, want %q", f, c.want)
			}
			if want := map[bool]int{true: exitDone, false: exitUnreachable}[good]; code != want || vendor.checks != map[bool]int{true: 1}[good] {
				t.Errorf("got exit code %d after %d checks of the connector, want %d", code, vendor.checks, want)
			}
			if strings.Contains(out+errOut, "very-secret") || strings.Contains(f.Detail, "denied") {
				t.Errorf("got %s%s, want neither secrets nor wraps", out, errOut)
			}
		})
	}
}

// A protocol other than HTTP signs in with the same token as the client.
func TestConnectorsGetTheirSignIn(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			asked++
			fmt.Fprintf(w, `{"access_token":"access-%d","id":"https://login.example/id/00D/005"}`, asked)
			return
		}
		fmt.Fprintf(w, `{"got":%q}`, r.Header.Get("Authorization"))
	}))
	t.Cleanup(s.Close)
	vendor := &acme{in: connectors.OAuth{Grant: connectors.ClientCredentialsGrant}}
	if code, out, errOut := vendor.run(t, s.URL, "check"); code != exitDone {
		t.Fatalf("got %d, %s%s", code, out, errOut)
	}
	token, err := vendor.env.Tokens.Token(t.Context())
	if err != nil || token.Access.Reveal() != "access-1" || token.Extra["id"] == "" || asked != 1 {
		t.Errorf("got %v, %v after %d grants, want the one the check was made with", token, err, asked)
	}
	if vendor.env.Mapped != nil {
		t.Error("a connection without a mapping has one")
	}
}

func TestOpener(t *testing.T) {
	for system, want := range map[string]string{"linux": "xdg-open", "freebsd": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		if got, _ := opener(system); got != want {
			t.Errorf("%s: got %s, want %s", system, got, want)
		}
	}
}

// The other side of the socket asks for a page; only addresses of the web are ever opened.
func TestDaemonOpensPagesWhereThePersonIs(t *testing.T) {
	var opened []string
	a := &app{out: &bytes.Buffer{}, errOut: &screen{w: &bytes.Buffer{}}, openPage: func(address string) { opened = append(opened, address) }}
	if code, err := a.copyFrames(strings.NewReader(`{"open":"https://login.example/authorize?a=1&b=2"}{"open":"file:///etc/passwd"}{"open":"-x"}{"exit":0}`)); code != 0 || err != nil {
		t.Errorf("got %d, %v", code, err)
	}
	if len(opened) != 1 || opened[0] != "https://login.example/authorize?a=1&b=2" {
		t.Errorf("got %q opened, want the one page", opened)
	}
}
