package asana

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The headers of Asana's webhooks (https://developers.asana.com/docs/webhooks-guide).
const (
	hookSecret    = "X-Hook-Secret"
	hookSignature = "X-Hook-Signature"
)

// handshakeWindow is how long after our own request to create a webhook an offered secret is taken. At any other time
// anybody could replace the secret by offering one.
const handshakeWindow = time.Minute

const (
	maxDelivery = 1 << 20
	maxSecret   = 1024
)

// Verify implements connectors.Webhook: hex(HMAC-SHA256(secret, body)) under any of the configured secrets; without one
// every delivery is refused (invariant 5). Asana signs no time, so a replay cannot be told; a hint that is repeated only
// costs a read.
func (t *target) Verify(d connectors.Delivery) error {
	if len(t.config.hookSecrets) == 0 {
		return errors.New("verify delivery: no webhook_secret is configured")
	}
	given, err := hex.DecodeString(d.Header.Get(hookSignature))
	if err != nil || len(given) != sha256.Size {
		return errors.New("verify delivery: the signature is missing or malformed")
	}
	for _, secret := range t.config.hookSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(d.Body)
		if subtle.ConstantTimeCompare(mac.Sum(nil), given) == 1 {
			return nil
		}
	}
	return errors.New("verify delivery: the signature does not match")
}

// Handshake returns the secret that Asana offers while a webhook is created, to be echoed in the same header and stored.
// opened is when we asked Asana to create the webhook; an offer outside of the minute that follows is refused, and so is
// every offer when opened is zero.
func Handshake(d connectors.Delivery, opened time.Time) (connectors.Secret, error) {
	offered := d.Header.Get(hookSecret)
	switch wait := d.Received.Sub(opened); {
	case offered == "" || len(offered) > maxSecret:
		return connectors.Secret{}, errors.New("handshake: no usable secret is offered")
	case opened.IsZero() || wait < 0 || wait > handshakeWindow:
		return connectors.Secret{}, errors.New("handshake: nobody is creating a webhook")
	}
	return connectors.NewSecret(offered), nil
}

// Parse implements connectors.Webhook. Events are compact: they say which task changed, not how. A heartbeat has none.
func (t *target) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	if len(d.Body) > maxDelivery {
		return nil, fmt.Errorf("parse delivery: %d bytes, the most is %d", len(d.Body), maxDelivery)
	}
	var body struct {
		Events []struct {
			Action   string    `json:"action"`
			Created  time.Time `json:"created_at"`
			Resource resource  `json:"resource"`
			Parent   *resource `json:"parent"`
		} `json:"events"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil || body.Events == nil {
		return nil, errors.New("parse delivery: the body is not what Asana documents")
	}
	var hints []connectors.Hint
	for _, e := range body.Events {
		changed := e.Resource
		if changed.Type != "task" && e.Parent != nil {
			changed = *e.Parent // a comment or a subtask's story: its task changed
		}
		if changed.Type != "task" || changed.GID == "" {
			continue
		}
		hint := connectors.Hint{Ref: connectors.Ref{Connection: t.env.Connection, Object: "tasks", ID: changed.GID}, At: e.Created}
		if e.Action == "deleted" && e.Resource.Type == "task" {
			hint.Deleted.Kind = connectors.Soft // in the trash for 30 days
		}
		hints = append(hints, hint)
	}
	return hints, nil
}

type resource struct {
	GID  string `json:"gid"`
	Type string `json:"resource_type"`
}
