package asana

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The headers of Asana's webhooks (https://developers.asana.com/docs/webhooks-guide).
const (
	hookSecret    = "X-Hook-Secret"
	hookSignature = "X-Hook-Signature"
)

const (
	maxDelivery = 1 << 20
	leastSecret = 16
	maxSecret   = 1024
)

// hookSecrets returns the configured secrets, one for each webhook.
func hookSecrets(v connectors.Values) (list []string) {
	for secret := range strings.SplitSeq(v.Secret("webhook_secret").Reveal(), ",") {
		if secret = strings.TrimSpace(secret); secret != "" {
			list = append(list, secret)
		}
	}
	return list
}

// Verify implements connectors.Webhook: hex(HMAC-SHA256(secret, body)) under any of the configured secrets; without one
// every delivery is refused (invariant 5). Asana signs no time, so a replay cannot be told; a hint that is repeated only
// costs a read.
func (t *target) Verify(d connectors.Delivery) error {
	if len(t.config.hookSecrets) == 0 {
		return errors.New("verify delivery: no webhook_secret is configured")
	}
	given := d.Header.Values(hookSignature)
	if len(given) != 1 || len(given[0]) != hex.EncodedLen(sha256.Size) {
		return errors.New("verify delivery: the signature is missing or malformed, or there are several")
	}
	for _, secret := range t.config.hookSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(d.Body)
		want := hex.EncodeToString(mac.Sum(nil)) // compared as text: one signature has one spelling
		if subtle.ConstantTimeCompare([]byte(want), []byte(given[0])) == 1 {
			return nil
		}
	}
	return errors.New("verify delivery: the signature does not match")
}

// Offer implements connectors.Handshaker: while a webhook is created Asana sends its secret, which is echoed in the same
// header. A signed request is a delivery, whatever else it carries.
func (t *target) Offer(d connectors.Delivery) (connectors.Secret, connectors.Answer, bool) {
	offered := d.Header.Values(hookSecret)
	if len(offered) != 1 || len(offered[0]) < leastSecret || len(offered[0]) > maxSecret || d.Header.Values(hookSignature) != nil {
		return connectors.Secret{}, connectors.Answer{}, false
	}
	return connectors.NewSecret(offered[0]), connectors.Answer{Status: http.StatusOK, Header: map[string]string{hookSecret: offered[0]}}, true
}

// Trusting implements connectors.Handshaker.
func (t *target) Trusting(secrets ...connectors.Secret) connectors.Webhook {
	more := &target{env: t.env, config: config{hookSecrets: slices.Clone(t.config.hookSecrets)}}
	for _, s := range secrets {
		more.config.hookSecrets = append(more.config.hookSecrets, s.Reveal())
	}
	return more
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
