package world_test

import (
	"math/rand/v2"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

func TestWorldServesItsVendorsAndEndsThem(t *testing.T) {
	defer goleak.VerifyNone(t)
	w, err := world.Start(world.Options{Customers: 10, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := w.HubSpot.Count("contacts"); got != 10 {
		t.Errorf("%d contacts, want 10", got)
	}
	if len(w.Salesforce.Rows("Contact")) == 0 || len(w.Zendesk.Rows("users")) == 0 || len(w.Mailchimp.Members()) == 0 || len(w.ActiveCampaign.Rows("contacts")) == 0 {
		t.Error("Salesforce, Zendesk, Mailchimp or ActiveCampaign know nobody")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		if what, err := w.Change(rng); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, access := range w.Access() {
		keys := []string{"base_url", "token", "client_id", "client_secret", "refresh_token", "control_url"}
		switch name {
		case world.Mailchimp:
			keys = []string{"base_url", "api_key", "control_url"}
		case world.ActiveCampaign:
			keys = []string{"base_url", "api_token", "control_url"}
		case world.IMAP:
			keys = []string{"host", "port", "user", "password"}
		}
		for _, key := range keys {
			if access[key] == "" {
				t.Errorf("%s says no %s", name, key)
			}
		}
		if name == world.IMAP {
			continue
		}
		resp, err := http.Get(access["control_url"] + "log")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: control: %v %v", name, resp, err)
		}
		resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestOnlyUnknownVendorIsAnError(t *testing.T) {
	if _, err := world.Start(world.Options{Only: []string{"hubspt"}}); err == nil {
		t.Error("a misspelt vendor was accepted")
	}
}
