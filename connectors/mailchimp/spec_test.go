package mailchimp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, mailchimp.Connector, ".") }

// hooked is a connection that only receives, by a secret in the path or, when signed, by signatures.
type hooked struct {
	clock  *sandbox.Clock
	signed bool
}

func (h *hooked) Connector() connectors.Connector { return mailchimp.Connector }
func (h *hooked) Token() string                   { return testKey }
func (h *hooked) SignsIn() bool                   { return true }
func (h *hooked) Clock() *sandbox.Clock           { return h.clock }
func (h *hooked) Plan() *sandbox.Plan             { return nil }
func (h *hooked) Log() *sandbox.Log               { return nil }
func (h *hooked) SignsAddress() bool              { return false }
func (h *hooked) SecretInPath() bool              { return !h.signed }
func (h *hooked) Unknown() []byte {
	return []byte("type=contact_archived&fired_at=2026-11-30+12%3A00%3A00&data%5Blist_id%5D=a6b5da1054")
}

func (h *hooked) SecretSetting() string {
	if h.signed {
		return "signing_secret"
	}
	return "webhook_secret"
}

func (h *hooked) Freshness() time.Duration {
	if h.signed {
		return 5 * time.Minute
	}
	return 0
}

func (h *hooked) Settings() map[string]any {
	s := map[string]any{"api_key": testKey}
	if h.signed {
		s["signing_secret"] = signingKey
	} else {
		s["webhook_secret"] = testSecret
	}
	return s
}

func (h *hooked) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	if h.signed {
		return signed(signingKey, body, at)
	}
	return posted(body, at)
}

// posted is an unsigned delivery as the vendor makes it, with the secret in its path.
func posted(body []byte, at time.Time) connectors.Delivery {
	return connectors.Delivery{Method: http.MethodPost, URL: publicURL, Path: "/millrace/mc-main/" + testSecret, Body: body, Received: at,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
}

func signed(secret string, body []byte, at time.Time) connectors.Delivery {
	d := posted(body, at)
	d.Path = "/millrace/mc-main"
	d.Header.Set("X-Mailchimp-Signature", mailchimptest.Sign(secret, at.Unix(), body))
	return d
}

func newHooked(signed bool) *hooked {
	return &hooked{clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)), signed: signed}
}

func TestWebhook(t *testing.T) {
	for name, signed := range map[string]bool{"path": false, "signature": true} {
		t.Run(name, func(t *testing.T) {
			connectortest.Webhook(t, func(*testing.T) connectortest.WebhookHarness { return newHooked(signed) })
		})
	}
}

// TestSignIn: the ways to sign in exclude each other, and nothing sends a key to another host than Mailchimp's.
func TestSignIn(t *testing.T) {
	app := func(more ...any) map[string]any {
		return settings(append(more, "client_id", "c", "client_secret", "s")...)
	}
	cases := []struct {
		settings map[string]any
		want     string
	}{
		{settings("api_key", testKey), "basic https://us19.api.mailchimp.com"},
		{settings("api_key", "with-hyphens-us3"), "basic https://us3.api.mailchimp.com"},
		{settings("api_key", testKey, "base_url", "https://proxy.example/mc/"), "basic https://proxy.example/mc"},
		{settings("api_key", "no data centre", "data_center", "us3"), "basic https://us3.api.mailchimp.com"},
		{settings("token", "t", "data_center", "us3"), "token https://us3.api.mailchimp.com"},
		{app(), "oauth https://login.mailchimp.com/oauth2/metadata https://login.mailchimp.com"},
		{settings("api_key", "0123456789abcdef"), "error"},
		{settings("api_key", "0123456789abcdef-evil.example/"), "error"},
		{settings("api_key", testKey, "data_center", "us3.evil.example#"), "error"},
		{settings("token", "t"), "error"},
		{settings("token", "t", "api_key", testKey), "error"},
		{app("api_key", testKey), "error"},
		{settings("client_id", "c"), "error"},
		{settings(), "error"},
	}
	for _, c := range cases {
		values, _ := mailchimp.Connector.Spec.Parse(c.settings)
		in, err := mailchimp.Connector.Spec.SignIn(values)
		got := "token"
		switch {
		case err != nil:
			got = "error"
		case in.OAuth != nil:
			got = "oauth " + in.OAuth.Metadata
		case in.Basic != nil:
			got = "basic"
		}
		if err == nil {
			got += " " + values.String("base_url")
		}
		if got != c.want {
			t.Errorf("%v: got %s (%v), want %s", c.settings, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

// TestInstanceIsMailchimps: an OAuth token goes to an account's address and nowhere else.
func TestInstanceIsMailchimps(t *testing.T) {
	values, _ := mailchimp.Connector.Spec.Parse(settings("client_id", "c", "client_secret", "s"))
	in, err := mailchimp.Connector.Spec.SignIn(values)
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{"https://us19.api.mailchimp.com": true, "https://US3.api.mailchimp.com": true, "http://us19.api.mailchimp.com": false,
		"https://us19.api.mailchimp.com.evil.example": false, "https://evil.api.mailchimp.com": false, "https://api.mailchimp.com": false,
		"https://x.us19.api.mailchimp.com": false, "https://us19.api.mailchimp.com:8443": false, "https://login.mailchimp.com": false} {
		u, err := url.Parse(address)
		must(t, err)
		if got := in.OAuth.Instance(u) == nil; got != ok {
			t.Errorf("%s: got %v, want %v", address, got, ok)
		}
	}
}

// settings are pairs of key and value.
func settings(pairs ...any) map[string]any {
	all := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
	}
	return all
}

// TestSettingsAreChecked: what the kinds of the settings do not find is found when the connection is opened.
func TestSettingsAreChecked(t *testing.T) {
	for _, pair := range [][2]any{{"activity_days", "0"}, {"activity_days", "100000"}, {"connections", "0"}, {"connections", "11"}} {
		values, problems := mailchimp.Connector.Spec.Parse(settings("api_key", testKey, pair[0], pair[1]))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := mailchimp.Connector.Open(connectors.Env{Settings: values}); err == nil || !strings.Contains(err.Error(), pair[0].(string)) {
			t.Errorf("%v: got %v, want an error that names it", pair, err)
		}
	}
}

// TestConnectionsAreLimited: ten at the same time are all that Mailchimp allows.
func TestConnectionsAreLimited(t *testing.T) {
	values, _ := mailchimp.Connector.Spec.Parse(settings("api_key", testKey))
	if got := fmt.Sprint(mailchimp.Connector.Spec.Limits(values)); got != "[{connections 0 0 8 0 0s}]" {
		t.Errorf("got %s, want 8 in flight", got)
	}
}
