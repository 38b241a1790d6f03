package hubspot_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// shared returns the path of reference material that is not part of the repository. Without it the test is skipped,
// loudly, except in CI, where it must be there.
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_SHARED")
	if root == "" {
		root = "../../../shared"
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		message := "reference material is missing: " + path + "; set MILLRACE_SHARED to the folder that holds it"
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip("NOT TESTED: " + message)
	}
	return path
}

// TestSignatureVectors: the signatures that HubSpot's documents and libraries publish.
func TestSignatureVectors(t *testing.T) {
	text, err := os.ReadFile(shared(t, "recorded/signatures/test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		HubSpot []struct{ Version, Secret, Method, URI, Body, Timestamp, Signature string }
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.HubSpot) < 8 {
		t.Fatalf("got %d vectors, want at least 8", len(all.HubSpot))
	}
	for i, v := range all.HubSpot {
		d := connectors.Delivery{Method: v.Method, URL: v.URI, Body: []byte(v.Body), Header: http.Header{}, Received: time.Now()}
		if v.Version == "v3" {
			ms, _ := strconv.ParseInt(v.Timestamp, 10, 64)
			d.Received = time.UnixMilli(ms)
			d.Header.Set("X-HubSpot-Signature-v3", v.Signature)
			d.Header.Set("X-HubSpot-Request-Timestamp", v.Timestamp)
		} else {
			d.Header.Set("X-HubSpot-Signature", v.Signature)
			d.Header.Set("X-HubSpot-Signature-Version", v.Version)
		}
		h := &harness{extra: map[string]any{"webhook_secret": v.Secret}, url: "http://127.0.0.1:1"}
		for _, versions := range [][]string{{"v1", "v2", "v3"}, {v.Version}, {"v3"}} {
			w := connectortest.Open(t, h, "webhook_versions", versions).(connectors.Webhook)
			err := w.Verify(d)
			if allowed := len(versions) > 1 || versions[0] == v.Version; allowed != (err == nil) {
				t.Errorf("vector %d (%s) with %v allowed: got %v", i, v.Version, versions, err)
			}
		}
	}
}

// TestNoDowngrade: a delivery with a wrong v3 signature must not pass by an older one that carries no time.
func TestNoDowngrade(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.extra["webhook_versions"] = []string{"v3", "v1"}
	w := connectortest.Open(t, h).(connectors.Webhook)
	d := h.Deliver(t, []byte(`[]`), h.clock.Now())
	d.Header.Set("X-HubSpot-Signature", signV1(d.Body))
	d.Header.Set("X-HubSpot-Signature-Version", "v1")
	d.Received = d.Received.Add(time.Hour)
	if err := w.Verify(d); err == nil {
		t.Error("an old v3 delivery passed by its v1 signature")
	}
	d.Header.Del("X-HubSpot-Signature-v3")
	if err := w.Verify(d); err != nil {
		t.Errorf("v1 is allowed: got %v", err)
	}
}

// TestSignedAddressEscapes: HubSpot decodes some escapes of the address before it signs, and no others.
func TestSignedAddressEscapes(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	w := connectortest.Open(t, h).(connectors.Webhook)
	d := h.Deliver(t, []byte(`[]`), h.clock.Now())
	for address, signed := range map[string]string{
		"https://h.example/a%2Fb%3Fc%3A%40%21%24%27%28%29%2A%2C%3B": "https://h.example/a/b?c:@!$'()*,;",
		"https://h.example/a?q=%20%26%3D%25":                        "https://h.example/a?q=%20%26%3D%25",
	} {
		d.URL = address
		d.Header.Set("X-HubSpot-Signature-v3", signV3(d.Method, signed, d.Body, d.Header.Get("X-HubSpot-Request-Timestamp")))
		if err := w.Verify(d); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
