package receive_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// vector is one that a vendor published, or of ours where none did.
type vector struct {
	Version, Vendor, Secret, Method, URI, Body, Timestamp, Signature, Header, Order string
}

// elsewhere is a connection whose vendor was given another address than ours: the published vectors' own.
type elsewhere struct {
	connectors.Webhook
	url string
}

func (e elsewhere) Verify(d connectors.Delivery) error {
	d.URL = e.url
	return e.Webhook.Verify(d)
}

// request returns the connector, its settings, the time and the headers of a vector's request.
func (v vector) request(t *testing.T) (connector string, settings map[string]any, at time.Time, header http.Header) {
	t.Helper()
	settings = map[string]any{"webhook_secret": v.Secret}
	switch {
	case v.Vendor == "asana":
		return "asana", settings, at, http.Header{"X-Hook-Signature": {v.Signature}}
	case v.Vendor == "zendesk":
		at, err := time.Parse(time.RFC3339, v.Timestamp)
		if err != nil {
			t.Fatal(err)
		}
		return "zendesk", settings, at, http.Header{"X-Zendesk-Webhook-Signature": {v.Signature}, "X-Zendesk-Webhook-Signature-Timestamp": {v.Timestamp}}
	case v.Vendor == "mailchimp":
		unix, err := strconv.ParseInt(v.Timestamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return "mailchimp", map[string]any{"signing_secret": v.Secret}, time.Unix(unix, 0), http.Header{"X-Mailchimp-Signature": {v.Header}}
	case v.Version == "v3":
		ms, err := strconv.ParseInt(v.Timestamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return "hubspot", settings, time.UnixMilli(ms), http.Header{"X-Hubspot-Signature-V3": {v.Signature}, "X-Hubspot-Request-Timestamp": {v.Timestamp}}
	case v.Version != "":
		settings["webhook_versions"] = []any{v.Version}
		return "hubspot", settings, at, http.Header{"X-Hubspot-Signature": {v.Signature}, "X-Hubspot-Signature-Version": {v.Version}}
	}
	return "", nil, at, nil
}

// TestVendorVectors sends every published vector through the whole handler.
func TestVendorVectors(t *testing.T) {
	data, err := os.ReadFile(shared(t, "recorded/signatures/test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		HubSpot, Zendesk []vector
		Ours             []vector `json:"self_computed"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Zendesk { // the order that Zendesk's page named in 2021 and no longer does
		file.Zendesk[i].Vendor = "zendesk"
	}
	passed := 0
	for _, v := range append(append(file.HubSpot, file.Zendesk...), file.Ours...) {
		name, settings, at, header := v.request(t)
		if name == "" || !(scheme{connector: name}).there() {
			continue
		}
		hook := vendor(t, name, settings)
		hook.Webhook = elsewhere{hook.Webhook, v.URI}
		b := newBench(t, nil, hook)
		b.clock.at = at
		want, stored := 200, 1
		if v.Method == "GET" { // it is authentic, and no delivery
			want, stored = 404, 0
		}
		if v.Order != "" {
			want, stored = 401, 0
		}
		method := v.Method
		if method == "" {
			method = "POST"
		}
		b.want(name+" "+v.Version+" "+v.Body, b.send(method, "/hooks/"+name, header, v.Body), want, stored)
		if want == 200 {
			passed++
		}
	}
	if passed < 9 {
		t.Errorf("%d vectors passed, want 7 of HubSpot, one of Zendesk and one of Asana", passed)
	}
}
