package hubspot_test

import (
	"context"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// findings runs a check and returns what is not right, by name.
func findings(t *testing.T, h *harness, change ...any) map[string]string {
	t.Helper()
	list, err := connectortest.Open(t, h, change...).(connectors.Checker).Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{}
	for _, f := range list {
		if !f.OK {
			bad[f.What] = f.Detail
		}
		if strings.Contains(f.Detail, testToken) || strings.Contains(f.Detail, testSecret) {
			t.Errorf("finding %s shows a secret: %s", f.What, f.Detail)
		}
	}
	return bad
}

// TestCheck: each thing that can be wrong with a connection is found and says what to do.
func TestCheck(t *testing.T) {
	cases := map[string]struct {
		options func(*hubspottest.Options)
		change  []any
		fault   *sandbox.Fault
		want    string // finding
		detail  string
	}{
		"all right":     {},
		"other account": {change: []any{"portal_id", 7}, want: "account", detail: "62515"},
		"time zone":     {change: []any{"time_zone", "Asia/Tokyo"}, want: "time zone", detail: "Asia/Tokyo"},
		"scopes": {options: func(o *hubspottest.Options) {
			o.Scopes = []string{"crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.tickets.read", "tickets", "crm.objects.owners.read"}
		}, want: "scopes", detail: "deals"},
		"token":       {fault: &sandbox.Fault{Kind: "401"}, want: "sign-in", detail: "token"},
		"quota":       {options: func(o *hubspottest.Options) { o.Limits = &hubspottest.Limits{Daily: 1_000_000} }},
		"quota spent": {options: func(o *hubspottest.Options) { o.Limits = &hubspottest.Limits{Daily: 1} }, want: "quota", detail: "0 of 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, "deals", c.options)
			if c.fault != nil {
				if err := h.plan.Add(*c.fault); err != nil {
					t.Fatal(err)
				}
			}
			if name == "quota spent" {
				h.extra["streams"] = []string{} // the account's own request is the last of the day
			}
			bad := findings(t, h, c.change...)
			if c.want == "" && len(bad) > 0 {
				t.Errorf("got %v, want nothing to complain about", bad)
			}
			if c.want != "" && !strings.Contains(bad[c.want], c.detail) {
				t.Errorf("got %v, want %s with %q", bad, c.want, c.detail)
			}
		})
	}
}
