package mailchimp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/form"
)

const (
	signatureHeader = "X-Mailchimp-Signature"
	// freshness is how far a signature's time may be from our clock, either way, as Mailchimp documents it.
	freshness = 5 * time.Minute
)

// signingSecrets reads a list separated by commas: each audience has webhooks, and secrets, of its own.
func signingSecrets(text connectors.Secret) (list []connectors.Secret) {
	for one := range strings.SplitSeq(text.Reveal(), ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, connectors.NewSecret(one))
		}
	}
	return list
}

// Verify implements connectors.Webhook: what is configured must hold, the secret at the end of the path, the signature, or
// both, and one of them must be configured. Webhooks that were made before 2026 are not signed.
func (a *account) Verify(d connectors.Delivery) error {
	h := a.hooks
	switch {
	case h.path.IsZero() && len(h.signing) == 0:
		return errors.New("verify delivery: neither webhook_secret nor signing_secret is configured, so nothing can be trusted")
	case d.Method != http.MethodPost:
		return errors.New("verify delivery: webhooks are posted")
	case len(d.Body) > form.MaxBody:
		return fmt.Errorf("verify delivery: %d bytes, the most is %d", len(d.Body), form.MaxBody)
	case !h.path.IsZero() && len(h.path.Reveal()) < connectors.LeastPathSecret:
		return fmt.Errorf("verify delivery: webhook_secret is shorter than %d characters, too short for a secret in a path", connectors.LeastPathSecret)
	case !h.path.IsZero() && !d.ShowsSecret(h.path):
		return errors.New("verify delivery: the path does not end with the secret; check webhook_secret and the webhook's address")
	case len(h.signing) > 0:
		return h.signed(d)
	}
	return nil
}

// Probe implements connectors.Prober: it returns nil for the GET by which Mailchimp asks, before it makes a webhook, whether the
// address is there. It must show the secret in its path where there is one; a signing secret is not known before the webhook is made.
// https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
func (a *account) Probe(d connectors.Delivery) error {
	h := a.hooks
	switch {
	case d.Method != http.MethodGet && d.Method != http.MethodHead:
		return errors.New("probe: it is no GET")
	case h.path.IsZero() && len(h.signing) == 0:
		return errors.New("probe: neither webhook_secret nor signing_secret is configured")
	case !h.path.IsZero() && !d.ShowsSecret(h.path):
		return errors.New("probe: the path does not end with the secret")
	}
	return nil
}

// Identity implements connectors.Identifier: where deliveries are signed, the time that the signature covers.
func (a *account) Identity(d connectors.Delivery) string {
	if len(a.hooks.signing) == 0 {
		return ""
	}
	stamp, _, _ := parts(d.Header.Get(signatureHeader))
	return stamp
}

// signed checks `t=1718000000,v1=<hex>`: the HMAC-SHA256 of the time, a dot and the body as it came. Of several v1, as in a
// change of secrets, one must fit; a header or a time that comes twice is refused: which of the two another program believes
// is anybody's guess.
func (h hooks) signed(d connectors.Delivery) error {
	values := d.Header.Values(signatureHeader)
	if len(values) != 1 {
		return errors.New("verify delivery: no signature, or more than one")
	}
	stamp, signatures, ok := parts(values[0])
	if !ok {
		return errors.New("verify delivery: the signature is not of the form t=…,v1=…")
	}
	unixTime, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("verify delivery: the signature's time is none")
	}
	for _, secret := range h.signing {
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		mac.Write([]byte(stamp + "."))
		mac.Write(d.Body)
		want := mac.Sum(nil)
		for _, got := range signatures {
			if hmac.Equal(got, want) {
				return d.Fresh(time.Unix(unixTime, 0), freshness)
			}
		}
	}
	return errors.New("verify delivery: the signature does not match")
}

// mostSignatures bounds the signatures of one header.
const mostSignatures = 8

// parts takes the header apart; what it does not know is left aside.
func parts(header string) (stamp string, signatures [][]byte, ok bool) {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil, false
			}
			stamp = value
		case "v1":
			sum, err := hex.DecodeString(value)
			if err != nil || len(sum) != sha256.Size || len(signatures) == mostSignatures || strings.ToLower(value) != value {
				return "", nil, false
			}
			signatures = append(signatures, sum)
		}
	}
	return stamp, signatures, stamp != "" && len(signatures) > 0
}
