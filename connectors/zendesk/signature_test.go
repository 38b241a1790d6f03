package zendesk_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

const (
	signatureHeader = "X-Zendesk-Webhook-Signature"
	stampHeader     = "X-Zendesk-Webhook-Signature-Timestamp"
)

// TestSignatureVariants: nothing passes but what Zendesk itself would have sent.
func TestSignatureVariants(t *testing.T) {
	body := []byte(`{"ticket_id": "7",  "updated_at": "2026-11-30T11:59:00Z", "note": "<&>"}`)
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	w := connectortest.Open(t, newHooked()).(connectors.Webhook)
	if err := w.Verify(signed(testSecret, body, now)); err != nil {
		t.Fatalf("the authentic delivery: %v", err)
	}
	var decoded map[string]any
	must(t, json.Unmarshal(body, &decoded))
	reencoded, _ := json.Marshal(decoded)
	raw, _ := base64.StdEncoding.DecodeString(testSecret)
	variants := map[string]func(d *connectors.Delivery){
		"changed body":    func(d *connectors.Delivery) { d.Body = bytes.Replace(body, []byte("7"), []byte("8"), 1) },
		"re-encoded JSON": func(d *connectors.Delivery) { d.Body = reencoded },
		"empty body":      func(d *connectors.Delivery) { d.Body = nil },
		"other secret":    func(d *connectors.Delivery) { *d = signed("another", body, now) },
		"decoded secret":  func(d *connectors.Delivery) { *d = signed(string(raw), body, now) },
		"no secret":       func(d *connectors.Delivery) { *d = signed("", body, now) },
		"no signature":    func(d *connectors.Delivery) { d.Header.Del(signatureHeader) },
		"no timestamp":    func(d *connectors.Delivery) { d.Header.Del(stampHeader) },
		"empty signature": func(d *connectors.Delivery) { d.Header.Set(signatureHeader, "") },
		"two signatures":  func(d *connectors.Delivery) { d.Header.Add(signatureHeader, "x") },
		"the same twice":  func(d *connectors.Delivery) { d.Header.Add(signatureHeader, d.Header.Get(signatureHeader)) },
		"two timestamps":  func(d *connectors.Delivery) { d.Header.Add(stampHeader, now.Format(time.RFC3339)) },
		"another time":    func(d *connectors.Delivery) { d.Header.Set(stampHeader, now.Add(time.Second).Format(time.RFC3339)) },
		"the same instant": func(d *connectors.Delivery) {
			d.Header.Set(stampHeader, now.In(time.FixedZone("", 3600)).Format(time.RFC3339))
		},
		"hex": func(d *connectors.Delivery) { d.Header.Set(signatureHeader, strings.Repeat("ab", 32)) },
		"body, then timestamp (the page of 2021)": func(d *connectors.Delivery) {
			mac := hmac.New(sha256.New, []byte(testSecret))
			mac.Write([]byte(string(body) + d.Header.Get(stampHeader)))
			d.Header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		},
		"old":       func(d *connectors.Delivery) { *d = signed(testSecret, body, now.Add(-6*time.Minute)); d.Received = now },
		"of future": func(d *connectors.Delivery) { *d = signed(testSecret, body, now.Add(6*time.Minute)); d.Received = now },
		"too large": func(d *connectors.Delivery) { *d = signed(testSecret, bytes.Repeat([]byte(" "), 1<<20+1), now) },
	}
	for what, change := range variants {
		d := signed(testSecret, body, now)
		change(&d)
		if w.Verify(d) == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	unset := connectortest.Open(t, newHooked(), "webhook_secret", "").(connectors.Webhook)
	if unset.Verify(signed("", body, now)) == nil || unset.Verify(signed(testSecret, body, now)) == nil {
		t.Error("no secret configured: got no error")
	}
	if err := w.Verify(signed(testSecret, nil, now)); err != nil {
		t.Errorf("an authentic delivery without a body: %v", err)
	}
}

// TestRecordedDelivery: a real delivery has the shape that Verify wants, is refused because its secret is unknown, and
// says what it says.
func TestRecordedDelivery(t *testing.T) {
	text, err := os.ReadFile(connectortest.Shared(t, "recorded/zendesk/webhooks/recorded-delivery-user.deleted.json"))
	if err != nil {
		t.Fatal(err)
	}
	rec := gjson.ParseBytes(text)
	d := connectors.Delivery{Method: http.MethodPost, URL: publicURL, Header: http.Header{}, Body: []byte(rec.Get("body_raw").String())}
	rec.Get("headers").ForEach(func(k, v gjson.Result) bool { d.Header.Set(k.String(), v.String()); return true })
	at, err := time.Parse(time.RFC3339, d.Header.Get(stampHeader))
	if err != nil {
		t.Fatal(err)
	}
	d.Received = at
	w := connectortest.Open(t, newHooked()).(connectors.Webhook)
	if err := w.Verify(d); err == nil || !strings.Contains(err.Error(), "does not match") {
		t.Errorf("got %v, want only the signature to be wrong", err)
	}
	hints, err := w.Parse(d)
	if err != nil || len(hints) != 1 || hints[0].Ref.ID != "6164069643162" || hints[0].Deleted.Kind != connectors.Soft {
		t.Errorf("got %+v and %v, want one deleted user", hints, err)
	}
}

// TestOtherAccountsAreIgnored: one app may send the events of several accounts to one address.
func TestOtherAccountsAreIgnored(t *testing.T) {
	body := []byte(`{"type":"zen:event-type:user.created","account_id":12514403,"time":"2026-11-30T12:00:00Z","subject":"zen:user:7","detail":{"id":"7"}}`)
	for account, want := range map[string]int{"0": 1, "12514403": 1, "12514404": 0} {
		hints, err := connectortest.Open(t, newHooked(), "account_id", account).(connectors.Webhook).Parse(connectors.Delivery{Body: body})
		if err != nil || len(hints) != want {
			t.Errorf("account_id %s: got %v and %v, want %d", account, hints, err, want)
		}
	}
}

// TestOnlyWhatIsReadIsHinted: a hint of a stream that is not read would fetch what nobody asked for.
func TestOnlyWhatIsReadIsHinted(t *testing.T) {
	w := connectortest.Open(t, newHooked(), "streams", []string{"organizations"}).(connectors.Webhook)
	for body, want := range map[string]int{
		`{"type":"zen:event-type:user.created","subject":"zen:user:7"}`: 0, `{"ticket_id":7}`: 0,
		`{"type":"zen:event-type:organization.merged","subject":"zen:organization:7","event":{"organization":{"id":"8"}}}`: 2,
	} {
		if hints, err := w.Parse(connectors.Delivery{Body: []byte(body)}); err != nil || len(hints) != want {
			t.Errorf("%s: got %v and %v, want %d", body, hints, err, want)
		}
	}
}
