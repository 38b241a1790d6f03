package asana_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
	"github.com/millrace/millrace/connectors/connectortest"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, asana.Connector, ".") }

// hooked is a world whose deliveries are signed.
type hooked struct{ *world }

func (hooked) SecretSetting() string    { return "webhook_secret" }
func (hooked) Freshness() time.Duration { return 0 } // Asana signs no time
func (hooked) SignsAddress() bool       { return false }
func (hooked) Unknown() []byte {
	return []byte(`{"events":[{"action":"invented","resource":{"gid":"1","resource_type":"hologram"}}]}`)
}

func (hooked) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	d := signed(hookKey, body)
	d.URL, d.Received = "https://hub.example/hooks/pm", at
	return d
}

func TestWebhookConformance(t *testing.T) {
	connectortest.Webhook(t, func(t *testing.T) connectortest.WebhookHarness {
		w := newWorld(t, true, nil)
		w.extra["webhook_secret"] = hookKey
		return hooked{w}
	})
}
