package zendesk

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/millrace/millrace/connectors"
)

// hooks understands Zendesk's webhooks.
type hooks struct {
	connection string
	secret     connectors.Secret   // the configured one
	more       []connectors.Secret // those that registering brought
	account    string              // number of the account, "" or "0" = any
	streams    []string
}

const (
	signatureHeader = "X-Zendesk-Webhook-Signature"
	stampHeader     = "X-Zendesk-Webhook-Signature-Timestamp"
	// freshness is how far a delivery's time may be from our clock, either way. Zendesk names no limit.
	freshness = 5 * time.Minute
	// maxDelivery bounds a body; Zendesk sends at most 256 kB.
	maxDelivery = 1 << 20
)

// Verify implements connectors.Webhook: the signature is base64(HMAC-SHA256(secret, timestamp + body)) over the bytes as
// they came, and must be fresh. A header that comes twice is refused: which of the two another program believes is
// anybody's guess. https://developer.zendesk.com/documentation/webhooks/verifying/
func (a *account) Verify(d connectors.Delivery) error {
	h := a.hooks
	if h.secret.IsZero() && len(h.more) == 0 {
		return errors.New("verify delivery: no webhook_secret is configured and no webhook registered, so nothing can be trusted")
	}
	if len(d.Body) > maxDelivery {
		return fmt.Errorf("verify delivery: %d bytes, the most is %d", len(d.Body), maxDelivery)
	}
	signature, ok := once(d.Header, signatureHeader)
	stamp, known := once(d.Header, stampHeader)
	if !ok || !known {
		return errors.New("verify delivery: no signature or no timestamp, or more than one")
	}
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return errors.New("verify delivery: the timestamp is none")
	}
	for _, secret := range append([]connectors.Secret{h.secret}, h.more...) {
		if !secret.IsZero() && signs(secret, stamp, d.Body, signature) {
			return d.Fresh(at, freshness)
		}
	}
	return errors.New("verify delivery: signature does not match; check webhook_secret")
}

func signs(secret connectors.Secret, stamp string, body []byte, signature string) bool {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(stamp))
	mac.Write(body)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}

// Identity implements connectors.Identifier: the time of each try is signed.
func (a *account) Identity(d connectors.Delivery) string { return d.Header.Get(stampHeader) }

// once returns the only value of a header.
func once(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}
