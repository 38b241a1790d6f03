package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// WebhookHarness makes deliveries as the vendor would. Its Settings hold the secret.
type WebhookHarness interface {
	Harness
	// SecretSetting names the setting that holds the secret of the signatures.
	SecretSetting() string
	// Deliver returns an authentic delivery of the body, signed and received at the given time.
	Deliver(t *testing.T, body []byte, at time.Time) connectors.Delivery
	// Freshness is how old a delivery may be; 0 when the vendor's signature carries no time.
	Freshness() time.Duration
	// SignsAddress says that the signature covers method and address.
	SignsAddress() bool
	// Unknown is a delivery's body with an event that nobody knows.
	Unknown() []byte
}

// SecretInPath is a WebhookHarness whose vendor signs nothing (Salesforce's outbound messages): the end of the path that
// deliveries are sent to is a secret, and all that they are known by.
type SecretInPath interface {
	SecretInPath() bool
}

func secretInPath(h WebhookHarness) bool {
	p, ok := h.(SecretInPath)
	return ok && p.SecretInPath()
}

type webhookCheck struct {
	name string
	run  func(t *testing.T, h WebhookHarness, w connectors.Webhook)
}

// Webhook runs the checks of connectors.Webhook. testdata/webhooks holds deliveries, <name>.json, <name>.xml or <name>.form,
// with the hints they must give, <name>.golden.json.
func Webhook(t *testing.T, newHarness func(t *testing.T) WebhookHarness) {
	for _, c := range webhookChecks {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			c.run(t, h, openWebhook(t, h))
		})
	}
}

func openWebhook(t *testing.T, h WebhookHarness, change ...any) connectors.Webhook {
	t.Helper()
	w, ok := Open(t, h, change...).(connectors.Webhook)
	if !ok {
		t.Fatalf("%s opens no connectors.Webhook", h.Connector().Spec.Name)
	}
	return w
}

var webhookChecks = []webhookCheck{
	{"AuthenticPasses", authenticPasses},
	{"ChangedBodyFails", changedBodyFails},
	{"MissingSignatureFails", missingSignatureFails},
	{"DoubleHeaderFails", doubleHeaderFails},
	{"OtherSecretFails", otherSecretFails},
	{"HooksAloneVerify", hooksAloneVerify},
	{"SignedPathMatters", signedPathMatters},
	{"NoSecretConfiguredFails", noSecretConfiguredFails},
	{"OldDeliveryFails", oldDeliveryFails},
	{"VerifyErrorsAreShy", verifyErrorsAreShy},
	{"UnknownEventIsIgnored", unknownEventIsIgnored},
	{"NonsenseIsRefused", nonsenseIsRefused},
	{"GoldenDeliveries", goldenDeliveries},
}

// deliveryBodies are the golden deliveries.
func deliveryBodies(t *testing.T) map[string][]byte {
	t.Helper()
	var files []string
	for _, kind := range []string{"json", "xml", "form"} {
		found, err := filepath.Glob("testdata/webhooks/*." + kind)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	bodies := map[string][]byte{}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[file] = body
	}
	if len(bodies) == 0 {
		t.Fatal("testdata/webhooks holds no delivery")
	}
	return bodies
}

// anyBody is one of them.
func anyBody(t *testing.T) []byte {
	t.Helper()
	for _, body := range deliveryBodies(t) {
		return body
	}
	return nil
}

// authenticPasses: a receiver that refuses the real thing is turned off, and then everything passes.
func authenticPasses(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	now := h.Clock().Now()
	for file, body := range deliveryBodies(t) {
		d := h.Deliver(t, body, now)
		if err := w.Verify(d); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if h.Freshness() > 0 {
			d.Received = now.Add(h.Freshness() - time.Second)
			if err := w.Verify(d); err != nil {
				t.Errorf("%s, just fresh enough: %v", file, err)
			}
		}
	}
}

// changedBodyFails: anybody may post to a public address. White space counts: a receiver that decodes and encodes the
// body before it verifies does not verify what was sent.
func changedBodyFails(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	if secretInPath(h) {
		t.Skip("the vendor signs nothing; the secret is in the path")
	}
	d := h.Deliver(t, anyBody(t), h.Clock().Now())
	body := d.Body
	for i := 0; i < len(body); i += 1 + len(body)/40 {
		d.Body = bytes.Clone(body)
		d.Body[i] ^= 1
		if w.Verify(d) == nil {
			t.Errorf("byte %d changed: got no error", i)
		}
	}
	for _, changed := range [][]byte{nil, body[:len(body)-1], append(bytes.Clone(body), '\n'), append([]byte(" "), body...)} {
		d.Body = changed
		if w.Verify(d) == nil {
			t.Errorf("body of %d instead of %d bytes: got no error", len(changed), len(body))
		}
	}
}

// missingSignatureFails: go-github and go-scm accept an unsigned delivery in some set-ups.
func missingSignatureFails(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	signed := h.Deliver(t, anyBody(t), h.Clock().Now())
	if secretInPath(h) {
		wrongPathFails(t, w, signed)
		return
	}
	bare := signed
	bare.Header = http.Header{"Content-Type": {"application/json"}}
	if w.Verify(bare) == nil {
		t.Error("no header at all: got no error")
	}
	for name, values := range signed.Header {
		if strings.EqualFold(name, "Content-Type") {
			continue
		}
		for _, value := range []string{"", "x", values[0] + "0", strings.ToUpper(values[0]) + strings.ToLower(values[0])} {
			d := signed
			d.Header = signed.Header.Clone()
			d.Header.Set(name, value)
			if w.Verify(d) == nil {
				t.Errorf("header %s is %q: got no error", name, value)
			}
		}
		d := signed
		d.Header = signed.Header.Clone()
		d.Header.Del(name)
		if w.Verify(d) == nil {
			t.Errorf("without header %s: got no error", name)
		}
	}
}

// doubleHeaderFails: a proxy and a program behind it may each believe another one of two.
func doubleHeaderFails(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	if secretInPath(h) {
		t.Skip("the vendor signs nothing; the secret is in the path")
	}
	signed := h.Deliver(t, anyBody(t), h.Clock().Now())
	for name, values := range signed.Header {
		if strings.EqualFold(name, "Content-Type") {
			continue
		}
		for _, pair := range [][]string{{values[0], values[0]}, {values[0], "x"}, {"x", values[0]}} {
			d := signed
			d.Header = signed.Header.Clone()
			d.Header[name] = pair
			if w.Verify(d) == nil {
				t.Errorf("header %s comes twice: got no error", name)
			}
		}
	}
}

// hooksAloneVerify: a receiver on another host has the secrets of webhooks and nothing to sign in with.
func hooksAloneVerify(t *testing.T, h WebhookHarness, _ connectors.Webhook) {
	c := h.Connector()
	if c.Hooks == nil {
		t.Skip("the connector is opened with all its settings, or not at all")
	}
	settings := map[string]any{}
	for _, set := range c.Spec.Settings {
		if value, ok := h.Settings()[set.Name]; ok && set.Webhook != connectors.NoWebhook {
			settings[set.Name] = value
		}
	}
	values, _ := c.Spec.Parse(settings) // what is required beside them is a problem, and not needed
	w, err := c.Hooks(connectors.Env{Connection: "alone", Settings: values, Now: h.Clock().Now})
	if err != nil {
		t.Fatal(err)
	}
	d := h.Deliver(t, anyBody(t), h.Clock().Now())
	if err := w.Verify(d); err != nil {
		t.Errorf("got %v for an authentic delivery", err)
	}
	d.Header, d.Path = http.Header{}, "/hooks/alone"
	if w.Verify(d) == nil {
		t.Error("got no error for one without proof")
	}
}

// wrongPathFails is missingSignatureFails for a secret in the path. What the vendor was told is no proof: only the path
// that was really asked for is.
func wrongPathFails(t *testing.T, w connectors.Webhook, good connectors.Delivery) {
	t.Helper()
	secret := good.Path[strings.LastIndexByte(good.Path, '/')+1:]
	before := strings.TrimSuffix(good.Path, secret)
	for _, path := range []string{"", "/", before, before + secret[1:], before + secret[:len(secret)-1], before + secret + "x",
		before + strings.ToUpper(secret), before + secret + "/more", before + "?secret=" + secret, "x" + secret} {
		d := good
		d.Path = path
		if w.Verify(d) == nil {
			t.Errorf("path %q: got no error", path)
		}
	}
}

// otherSecretFails: the secret is what the signature proves.
func otherSecretFails(t *testing.T, h WebhookHarness, _ connectors.Webhook) {
	d := h.Deliver(t, anyBody(t), h.Clock().Now())
	if openWebhook(t, h, h.SecretSetting(), "another-secret").Verify(d) == nil {
		t.Error("got no error for a delivery signed with another secret")
	}
}

// signedPathMatters: a delivery for one connection must not pass for another of the same app.
func signedPathMatters(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	if !h.SignsAddress() {
		t.Skip("the vendor does not sign the address")
	}
	d := h.Deliver(t, anyBody(t), h.Clock().Now())
	good := d
	d.URL += "/other"
	if w.Verify(d) == nil {
		t.Error("another address: got no error")
	}
	good.Method = http.MethodPut
	if w.Verify(good) == nil {
		t.Error("another method: got no error")
	}
}

// noSecretConfiguredFails: no secret means refusal, not "nothing to check" (invariant 5).
func noSecretConfiguredFails(t *testing.T, h WebhookHarness, _ connectors.Webhook) {
	if openWebhook(t, h, h.SecretSetting(), "").Verify(h.Deliver(t, anyBody(t), h.Clock().Now())) == nil {
		t.Error("got no error although no secret is configured")
	}
}

// oldDeliveryFails: a recorded delivery could be played again for ever (hubspot-api-python #247 accepted 50 minutes). What only
// its time refuses is told apart from what is forged: our clock may be wrong, and that must not look like an attack.
func oldDeliveryFails(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	if h.Freshness() == 0 {
		t.Skip("the vendor's signature carries no time")
	}
	now := h.Clock().Now()
	for _, off := range []time.Duration{h.Freshness() + time.Second, 10 * h.Freshness(), -h.Freshness() - time.Second} {
		d := h.Deliver(t, anyBody(t), now)
		d.Received = now.Add(off)
		var stale *connectors.Stale
		if err := w.Verify(d); !errors.As(err, &stale) || (stale.Age-off).Abs() > time.Second || stale.Most != h.Freshness() {
			t.Errorf("received %v after it was signed: got %v, want a Stale that says so", off, err)
		}
		d.Body = append(bytes.Clone(d.Body), ' ')
		if err := w.Verify(d); err == nil || errors.As(err, &stale) {
			t.Errorf("received %v after it was signed, and its body changed: got %v, want it forged", off, err)
		}
	}
}

// verifyErrorsAreShy: the error goes into a log that others read.
func verifyErrorsAreShy(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	d := h.Deliver(t, []byte(`[{"email":"someone@private.example"}]`), h.Clock().Now())
	signature := ""
	for _, values := range d.Header {
		signature = max(signature, values[0])
	}
	d.Body = append(d.Body, ' ')
	checkShy(t, h, w.Verify(d), "someone@private.example", signature)
	_, err := w.Parse(connectors.Delivery{Body: []byte(`{"email":"someone@private.example"`)})
	checkShy(t, h, err, "someone@private.example")
}

// unknownEventIsIgnored: vendors add events; a receiver that answers them with an error is cut off.
func unknownEventIsIgnored(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	hints, err := w.Parse(h.Deliver(t, h.Unknown(), h.Clock().Now()))
	if err != nil || len(hints) != 0 {
		t.Errorf("got %d hints and %v, want none and no error", len(hints), err)
	}
}

// nonsenseIsRefused: a delivery that cannot be understood must be an error, so that it is kept and looked at.
func nonsenseIsRefused(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	for _, body := range []string{"", "null", "7", "<html>", `{"a":`, "\xff\xfe"} {
		if hints, err := w.Parse(h.Deliver(t, []byte(body), h.Clock().Now())); err == nil {
			t.Errorf("body %q: got %d hints and no error", body, len(hints))
		}
	}
}

// goldenHint is a hint as golden files show it.
type goldenHint struct {
	Ref     string                  `json:"ref"`
	Deleted connectors.DeletionKind `json:"deleted,omitempty"`
	Into    string                  `json:"into,omitempty"`
	At      time.Time               `json:"at,omitzero"`
}

// goldenDeliveries: what a real delivery means is written down once.
func goldenDeliveries(t *testing.T, h WebhookHarness, w connectors.Webhook) {
	for file, body := range deliveryBodies(t) {
		hints, err := w.Parse(h.Deliver(t, body, h.Clock().Now()))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		shown := []goldenHint{}
		for _, hint := range hints {
			g := goldenHint{Ref: hint.Ref.String(), Deleted: hint.Deleted.Kind, At: hint.At}
			if !hint.Deleted.Into.IsZero() {
				g.Into = hint.Deleted.Into.String()
			}
			shown = append(shown, g)
		}
		got, err := json.MarshalIndent(shown, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, strings.TrimSuffix(file, filepath.Ext(file))+".golden.json", append(got, '\n'))
	}
}
