package zendesk_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, zendesk.Connector, ".") }

const (
	testToken  = "zendesk-test-token-11111111222222223333333344444444"
	testSecret = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
	publicURL  = "https://hooks.example.com/millrace/zd-main"
)

// hooked is a connection that only receives.
type hooked struct{ clock *sandbox.Clock }

func (h *hooked) Connector() connectors.Connector { return zendesk.Connector }
func (h *hooked) Token() string                   { return testToken }
func (h *hooked) Clock() *sandbox.Clock           { return h.clock }
func (h *hooked) Plan() *sandbox.Plan             { return nil }
func (h *hooked) Log() *sandbox.Log               { return nil }
func (h *hooked) SecretSetting() string           { return "webhook_secret" }
func (h *hooked) Freshness() time.Duration        { return 5 * time.Minute }
func (h *hooked) SignsAddress() bool              { return false }
func (h *hooked) Unknown() []byte {
	return []byte(`{"type":"zen:event-type:article.published","account_id":1,"subject":"zen:article:1","detail":{"id":"1"},"event":{}}`)
}

func (h *hooked) Settings() map[string]any {
	return map[string]any{"subdomain": "acme", "token": testToken, "webhook_secret": testSecret}
}

func (h *hooked) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	return signed(testSecret, body, at)
}

// signed is a delivery as Zendesk's page of today says: base64(HMAC-SHA256(secret, timestamp + body)).
func signed(secret string, body []byte, at time.Time) connectors.Delivery {
	stamp := at.UTC().Format(time.RFC3339Nano)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + string(body)))
	d := connectors.Delivery{Method: http.MethodPost, URL: publicURL, Body: body, Received: at, Header: http.Header{}}
	d.Header.Set("Content-Type", "application/json; charset=utf-8")
	d.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	d.Header.Set("X-Zendesk-Webhook-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return d
}

func newHooked() *hooked {
	return &hooked{clock: sandbox.NewClock(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))}
}

func TestWebhook(t *testing.T) {
	connectortest.Webhook(t, func(*testing.T) connectortest.WebhookHarness { return newHooked() })
}

// TestSignIn: the ways to sign in exclude each other, and no subdomain sends a secret elsewhere.
func TestSignIn(t *testing.T) {
	client := func(more ...any) map[string]any {
		return settings(append(more, "client_id", "c", "client_secret", "s")...)
	}
	cases := []struct {
		settings map[string]any
		want     string
	}{
		{client(), `oauth "" https://acme.zendesk.com/oauth/tokens json`},
		{client("grant", "client_credentials"), `oauth "client_credentials" https://acme.zendesk.com/oauth/tokens json`},
		{client("base_url", "https://proxy.example/zd/"), `oauth "" https://proxy.example/zd/oauth/tokens json`},
		{settings("client_id", "public", "refresh_token", "r"), `oauth "" https://acme.zendesk.com/oauth/tokens json`},
		{settings("email", "ada@acme.example", "api_token", "k"), "basic ada@acme.example/token"},
		{settings("token", "t"), "token"},
		{settings("token", "t", "api_token", "k"), "error"},
		{client("email", "ada@acme.example", "api_token", "k"), "error"},
		{client("grant", "client_credentials", "refresh_token", "r"), "error"},
		{settings("client_id", "public", "grant", "client_credentials"), "error"},
		{settings("email", "ada@acme.example"), "error"},
		{settings("email", "ada:x@acme.example", "api_token", "k"), "error"},
		{settings(), "error"},
		{map[string]any{"token": "t"}, "error"},
	}
	for _, bad := range []string{"acme.zendesk.com", "https://acme", "acme/x", "evil.example#", "a@evil", "-acme", "acme-", "a b", "{token}", "acme:443", strings.Repeat("a", 64)} {
		cases = append(cases, struct {
			settings map[string]any
			want     string
		}{map[string]any{"subdomain": bad, "token": "t"}, "error"})
	}
	for _, c := range cases {
		values, _ := zendesk.Connector.Spec.Parse(c.settings)
		in, err := zendesk.Connector.Spec.SignIn(values)
		got := "token"
		switch {
		case err != nil:
			got = "error"
		case in.OAuth != nil:
			got = fmt.Sprintf("oauth %q %s", in.OAuth.Grant, in.OAuth.TokenURL)
			if in.OAuth.JSON {
				got += " json"
			}
		case in.Basic != nil:
			got = "basic " + in.Basic.User
		}
		if got != c.want {
			t.Errorf("%v: got %s (%v), want %s", c.settings, got, err, c.want)
		}
	}
}

// settings are those of acme.zendesk.com with more pairs of key and value.
func settings(pairs ...any) map[string]any {
	all := map[string]any{"subdomain": "acme"}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
	}
	return all
}

// TestSettingsAreChecked: what the kinds of the settings do not find is found when the connection is opened.
func TestSettingsAreChecked(t *testing.T) {
	for _, pair := range [][2]any{{"external_id_namespace", "Contact"}, {"organization_external_id_namespace", ":Account"},
		{"exports_per_minute", "0"}, {"requests_per_minute", "-1"}, {"account_id", "-5"}} {
		values, problems := zendesk.Connector.Spec.Parse(settings("token", "t", pair[0], pair[1]))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := zendesk.Connector.Open(connectors.Env{Settings: values}); err == nil || !strings.Contains(err.Error(), pair[0].(string)) {
			t.Errorf("%v: got %v, want an error that names it", pair, err)
		}
	}
}

// TestAddressComesFromSubdomain: unless it is set, and never from anything but a subdomain.
func TestAddressComesFromSubdomain(t *testing.T) {
	for want, s := range map[string]map[string]any{
		"https://acme.zendesk.com": settings(), "https://proxy.example": settings("base_url", "https://proxy.example"), "": {"token": "t"},
	} {
		values, problems := zendesk.Connector.Spec.Parse(s)
		if got := values.String("base_url"); got != want || len(problems) > 0 {
			t.Errorf("%v: got %q and %v, want %q", s, got, problems, want)
		}
	}
}
