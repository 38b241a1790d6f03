package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// hooks understands HubSpot's webhooks.
type hooks struct {
	connection string
	secret     connectors.Secret
	versions   []string
	portal     int64 // 0 = any
	objects    []object
}

const (
	v3Header    = "X-HubSpot-Signature-v3"
	stampHeader = "X-HubSpot-Request-Timestamp"
	// freshness is how far a v3 timestamp may be from our clock, either way.
	freshness = 5 * time.Minute
	// maxDelivery bounds a body. HubSpot sends at most 100 events, which are below 100 kB.
	maxDelivery = 4 << 20
)

// Verify implements connectors.Webhook: the signature must be of one of the allowed versions, over the raw body and
// the configured public address, and a v3 one must be fresh. A delivery that carries a v3 signature is never judged by
// an older one. https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
func (a *account) Verify(d connectors.Delivery) error {
	h := a.hooks
	if h.secret.IsZero() {
		return errors.New("verify delivery: no webhook_secret is configured, so nothing can be trusted")
	}
	if len(d.Body) > maxDelivery {
		return fmt.Errorf("verify delivery: %d bytes, the most is %d", len(d.Body), maxDelivery)
	}
	if d.Header.Values(v3Header) != nil {
		return h.verifyV3(d)
	}
	signature, err := only(d.Header, "X-HubSpot-Signature")
	if err != nil {
		return err
	}
	name, err := only(d.Header, "X-HubSpot-Signature-Version")
	if err != nil {
		return err
	}
	if name == "" {
		name = "v1"
	}
	if signature == "" || (name != "v1" && name != "v2") {
		return errors.New("verify delivery: no signature")
	}
	if !slices.Contains(h.versions, name) {
		return fmt.Errorf("verify delivery: signature %s is not among webhook_versions", name)
	}
	signed := string(d.Body)
	if name == "v2" {
		signed = d.Method + d.URL + signed
	}
	sum := sha256.Sum256([]byte(h.secret.Reveal() + signed))
	return same(hex.EncodeToString(sum[:]), signature)
}

func (h hooks) verifyV3(d connectors.Delivery) error {
	if !slices.Contains(h.versions, "v3") {
		return errors.New("verify delivery: signature v3 is not among webhook_versions")
	}
	signature, err := only(d.Header, v3Header)
	if err != nil {
		return err
	}
	stamp, err := only(d.Header, stampHeader)
	if err != nil {
		return err
	}
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("verify delivery: no timestamp")
	}
	mac := hmac.New(sha256.New, []byte(h.secret.Reveal()))
	mac.Write([]byte(d.Method + decoded.Replace(d.URL)))
	mac.Write(d.Body)
	mac.Write([]byte(stamp))
	if err := same(base64.StdEncoding.EncodeToString(mac.Sum(nil)), signature); err != nil {
		return err
	}
	return d.Fresh(time.UnixMilli(ms), freshness)
}

// Identity implements connectors.Identifier: v3 signs the time of each try.
func (a *account) Identity(d connectors.Delivery) string {
	if d.Header.Values(v3Header) == nil {
		return ""
	}
	return d.Header.Get(stampHeader)
}

// only returns the value of a header, "" when there is none. A header that comes twice is refused: which of the two another
// program on the way believed is anybody's guess.
func only(h http.Header, name string) (string, error) {
	switch values := h.Values(name); len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", errors.New("verify delivery: a header of the signature comes more than once")
}

// same compares in constant time.
func same(want, got string) error {
	if subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return errors.New("verify delivery: signature does not match; check webhook_secret and the public address")
	}
	return nil
}

// decoded replaces the escapes that HubSpot decodes before it signs with v3, and no others.
var decoded = func() *strings.Replacer {
	var pairs []string
	for _, c := range ":/?@!$'()*,;" {
		upper := fmt.Sprintf("%%%02X", c)
		pairs = append(pairs, upper, string(c), strings.ToLower(upper), string(c))
	}
	return strings.NewReplacer(pairs...)
}()
