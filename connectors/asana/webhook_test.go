package asana_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana"
)

const hookKey = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81" // printed in Asana's own documentation

func hook(t testing.TB, secret string) connectors.Webhook {
	t.Helper()
	values, problems := asana.Connector.Spec.Parse(map[string]any{"token": "x", "webhook_secret": secret})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	opened, err := asana.Connector.Open(connectors.Env{Connection: "pm", Settings: values, HTTP: http.DefaultClient, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(connectors.Webhook)
}

func signed(secret string, body []byte) connectors.Delivery {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return connectors.Delivery{Method: "POST", Body: body, Header: http.Header{"X-Hook-Signature": {hex.EncodeToString(mac.Sum(nil))}}}
}

func TestVerify(t *testing.T) {
	body := []byte(`{"events":[]}`)
	good := signed(hookKey, body)
	if got := good.Header.Get("X-Hook-Signature"); got != "10468027b67df18c739cc4794c6fc2d2806dcaaf2259fc3e1ed9d26433659853" {
		t.Errorf("signature: got %s", got)
	}
	changed := good
	changed.Body = []byte(`{"events":[ ]}`)
	cases := []struct {
		name, secret string
		d            connectors.Delivery
		ok           bool
	}{
		{"authentic", hookKey, good, true},
		{"second of two secrets", "other, " + hookKey, good, true},
		{"no secret configured", "", good, false},
		{"no secret configured and signed with none", "", signed("", body), false},
		{"only commas configured", " , ,", signed("", body), false},
		{"other secret", "other", good, false},
		{"changed body", hookKey, changed, false},
		{"unsigned", hookKey, connectors.Delivery{Body: body, Header: http.Header{}}, false},
		{"upper-case signature", hookKey, connectors.Delivery{Body: body, Header: http.Header{"X-Hook-Signature": {strings.ToUpper(good.Header.Get("X-Hook-Signature"))}}}, false},
		{"two signatures", hookKey, connectors.Delivery{Body: body, Header: http.Header{"X-Hook-Signature": {good.Header.Get("X-Hook-Signature"), "00"}}}, false},
		{"malformed", hookKey, connectors.Delivery{Body: body, Header: http.Header{"X-Hook-Signature": {"zz"}}}, false},
	}
	for _, c := range cases {
		if err := hook(t, c.secret).Verify(c.d); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted %v", c.name, err, c.ok)
		}
	}
}

// When an offer counts, the receiver decides; here it is what an offer is, and what it changes.
func TestOfferIsEchoedAndTrusted(t *testing.T) {
	shaker := hook(t, "").(connectors.Handshaker)
	offer := connectors.Delivery{Header: http.Header{"X-Hook-Secret": {hookKey}}}
	secret, answer, ok := shaker.Offer(offer)
	if !ok || secret.Reveal() != hookKey || answer.Status != http.StatusOK || answer.Header["X-Hook-Secret"] != hookKey {
		t.Errorf("offer: got %v with status %d and %d headers, want the secret echoed", ok, answer.Status, len(answer.Header))
	}
	body := []byte(`{"events":[]}`)
	if err := shaker.Trusting(secret).Verify(signed(hookKey, body)); err != nil {
		t.Errorf("a delivery under the secret that was taken: %v", err)
	}
	if shaker.(connectors.Webhook).Verify(signed(hookKey, body)) == nil {
		t.Error("trusting a secret changed the webhook that did not trust it")
	}
	delivery := signed("other", body)
	delivery.Header.Set("X-Hook-Secret", hookKey)
	for name, d := range map[string]connectors.Delivery{"no secret": {Header: http.Header{}}, "a delivery": delivery,
		"two secrets": {Header: http.Header{"X-Hook-Secret": {hookKey, hookKey}}}, "a short one": {Header: http.Header{"X-Hook-Secret": {"x"}}}} {
		if _, _, ok := shaker.Offer(d); ok {
			t.Errorf("%s was taken for an offer", name)
		}
	}
}

func TestParse(t *testing.T) {
	body := `{"events":[
		{"action":"changed","created_at":"2019-12-21T03:33:19.007Z","resource":{"gid":"1154849068499809","resource_type":"task"},"parent":null},
		{"action":"added","resource":{"gid":"2","resource_type":"story"},"parent":{"gid":"3","resource_type":"task"}},
		{"action":"deleted","resource":{"gid":"4","resource_type":"task"},"parent":{"gid":"9","resource_type":"project"}},
		{"action":"changed","resource":{"gid":"5","resource_type":"project"}},
		{"action":"invented","resource":null}]}`
	hints, err := hook(t, hookKey).Parse(connectors.Delivery{Body: []byte(body)})
	if err != nil || len(hints) != 3 {
		t.Fatalf("got %d hints and %v, want 3", len(hints), err)
	}
	want := []connectors.Ref{{Connection: "pm", Object: "tasks", ID: "1154849068499809"}, {Connection: "pm", Object: "tasks", ID: "3"},
		{Connection: "pm", Object: "tasks", ID: "4"}}
	for i, h := range hints {
		if h.Ref != want[i] {
			t.Errorf("hint %d: got %v, want %v", i, h.Ref, want[i])
		}
	}
	if hints[2].Deleted.Kind != connectors.Soft || hints[0].Deleted.Kind != connectors.NotDeleted {
		t.Errorf("deletions: got %q and %q, want soft for the last only", hints[2].Deleted.Kind, hints[0].Deleted.Kind)
	}
	if _, err := hook(t, hookKey).Parse(connectors.Delivery{Body: bytes.Repeat([]byte(" "), 2<<20)}); err == nil {
		t.Error("a delivery of 2 MiB was parsed")
	}
}

// TestRecordedDeliveries: what Asana has sent verifies (signed with our own key, since the vendor's is not published) and
// parses.
func TestRecordedDeliveries(t *testing.T) {
	for name, hints := range map[string]int{"doc-heartbeat.json": 0, "recorded-task-changed-2019.json": 1} {
		body, err := os.ReadFile(asana.Shared(t, "recorded/asana/webhooks/"+name))
		if err != nil {
			t.Fatal(err)
		}
		d := signed(hookKey, body)
		if err := hook(t, hookKey).Verify(d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := hook(t, hookKey).Parse(d)
		if err != nil || len(got) != hints {
			t.Errorf("%s: got %d hints and %v, want %d", name, len(got), err, hints)
		}
	}
}

func TestSignatureVector(t *testing.T) {
	text, err := os.ReadFile(asana.Shared(t, "recorded/signatures/test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			if x["vendor"] == "asana" {
				n++
				d := connectors.Delivery{Body: []byte(x["body"].(string)), Header: http.Header{"X-Hook-Signature": {x["signature"].(string)}}}
				if err := hook(t, x["secret"].(string)).Verify(d); err != nil {
					t.Errorf("vector %d: %v", n, err)
				}
			}
			for _, inner := range x {
				walk(inner)
			}
		case []any:
			for _, inner := range x {
				walk(inner)
			}
		}
	}
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if walk(all); n == 0 {
		t.Error("no vector of Asana was found")
	}
}

// FuzzWebhook: nothing that arrives may crash, and only what we signed verifies.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(`{"events":[{"resource":{"gid":"1","resource_type":"task"}}]}`), "00")
	f.Add([]byte(`{"events":[null]}`), "")
	f.Add([]byte(`[]`), hookKey)
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		h := hook(t, hookKey)
		d := connectors.Delivery{Body: body, Header: http.Header{"X-Hook-Signature": {signature}}}
		if err := h.Verify(d); err == nil && signed(hookKey, body).Header.Get("X-Hook-Signature") != signature {
			t.Fatalf("the signature %q passed", signature)
		}
		hints, err := h.Parse(d)
		for _, hint := range hints {
			if hint.Ref.ID == "" || err != nil {
				t.Fatalf("got the hint %+v with %v", hint, err)
			}
		}
	})
}
