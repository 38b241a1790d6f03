package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
)

func listed(name string) (connectors.Connector, bool) {
	for _, c := range all.List {
		if c.Spec.Name == name {
			return c, true
		}
	}
	return connectors.Connector{}, false
}

// receiver loads a file as a receiver that stands alone does.
func receiver(t *testing.T, src string) (*config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.LoadReceiver(path, listed)
}

// A receiver has the secrets of webhooks and nothing else. One that is not set is never replaced by a stand-in, as other
// settings are in commands that make no request: everybody could sign with that.
func TestReceiverNeedsItsSecretsOnly(t *testing.T) {
	t.Setenv("HOOK_SECRET", "of-hubspot")
	t.Setenv("NOT_SET", "")
	const rest = `
webhooks: {public_url: "https://hooks.example.com/", listen: "0.0.0.0:443"}
ledger: {key: "${NOT_SET}"}
targets: [asana]
rules: [not-there.yaml]
`
	c, err := receiver(t, `
connections:
  hubspot: {connector: hubspot, token: "${NOT_SET}", streams: [contacts], mappings: [not-there.yaml], webhook_secret: "${HOOK_SECRET}"}
  zendesk: {connector: zendesk}
  salesforce: {connector: salesforce, webhook_secret: abc, organization_id: 00D000000000001}
`+rest)
	if err != nil {
		t.Fatal(err)
	}
	hs, _ := c.Connection("hubspot")
	zd, _ := c.Connection("zendesk")
	sf, _ := c.Connection("salesforce")
	if hs.Values.Secret("webhook_secret").Reveal() != "of-hubspot" || !zd.Values.Secret("webhook_secret").IsZero() || sf.Values.String("organization_id") != "00D000000000001" {
		t.Errorf("secrets: %q and %q", hs.Values.Secret("webhook_secret").Reveal(), zd.Values.Secret("webhook_secret").Reveal())
	}
	if !hs.Values.Secret("token").IsZero() {
		t.Error("the receiver has something that it does not need")
	}
	if c.Webhooks.Public != "https://hooks.example.com" || c.Webhooks.Listen != "0.0.0.0:443" {
		t.Errorf("webhooks: %+v", c.Webhooks)
	}
	for name, line := range map[string]string{
		"a secret that is not set":       `zendesk: {connector: zendesk, webhook_secret: "${NOT_SET}"}`,
		"an organization that is not":    `salesforce: {connector: salesforce, webhook_secret: abc, organization_id: "${NOT_SET}"}`,
		"a setting that is spelt wrong":  `hubspot: {connector: hubspot, webhook_secrt: abc}`,
		"a version that HubSpot has not": `hubspot: {connector: hubspot, webhook_versions: [v4]}`,
	} {
		if _, err := receiver(t, "connections:\n  "+line+rest); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestWebhooksAreChecked(t *testing.T) {
	const good = `public_url: "https://hooks.example.com"`
	key := strings.Repeat("k", 32)
	for line, want := range map[string]string{
		good:                                     "",
		good + `, forward: {key: "` + key + `"}`: "",
		good + `, forward: {key: "` + key + `", to: "http://10.1.2.3/forward"}`: "",
		good + `, allow: [203.0.113.0/24, "2001:db8::1"]`:                       "",
		`listen: ":8088"`:                                       "must be the address that vendors are given",
		`public_url: "hooks.example.com"`:                       "must be the address that vendors are given",
		good + `, listen: "8088"`:                               "must be an address with a port",
		good + `, max_body: 100`:                                "must be between 1024",
		good + `, rate: -1`:                                     "must be 0.1 a second or more",
		good + `, tls: {cert: a.pem}`:                           "needs cert and key",
		good + `, allow: [nobody]`:                              "must be a network",
		good + `, receive: [nobody]`:                            `there is no connection "nobody"`,
		good + `, receive: [toy]`:                               "sends no webhooks",
		good + `, forward: {key: short}`:                        "must have 32 characters or more",
		good + `, forward: {to: "https://hub.example/forward"}`: "needs the key",
		good + `, forward: {key: "` + key + `", to: "http://hub.example/forward"}`:                  "must begin with https",
		good + `, forward: {key: "` + key + `", to: "http://8.8.8.8/forward"}`:                      "must begin with https",
		good + `, forward: {key: "` + key + `", to: "https://hub.example/forward", spool_bytes: 1}`: "must be 16777216 or more",
	} {
		_, err := parse(t, "connections:\n  toy: {connector: toy, token: x}\nwebhooks: {"+line+"}\n", nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}
}
