package mailchimp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// found returns the findings of a check as text, defects marked.
func found(t *testing.T, src any) string {
	t.Helper()
	list, err := src.(connectors.Checker).Check(t.Context())
	must(t, err)
	var lines []string
	for _, f := range list {
		mark := "ok"
		if !f.OK {
			mark = "BAD"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", mark, f.What, f.Detail))
	}
	return strings.Join(lines, "\n")
}

// TestCheck: a defect is named for what it is, and what to do about it.
func TestCheck(t *testing.T) {
	cases := []struct {
		what   string
		change func(*mailchimptest.Options)
		prime  func(*harness)
		with   []any
		want   []string
		never  string
	}{
		{what: "all well", want: []string{"ok sign-in: accepted, as owner", "ok quota: Mailchimp allows 10", "ok webhook: deliveries are known by the secret",
			"ok audiences: 1; each poll of members costs 3 requests", "ok streams: all 6 can be read"}, never: "BAD"},
		{what: "revoked key", prime: func(h *harness) { h.sim.Revoke(testKey) }, want: []string{"BAD sign-in: Mailchimp refuses it: API Key Invalid; the API key may have been revoked"}},
		{what: "wrong data centre", change: func(o *mailchimptest.Options) { o.DataCenter = "us3" }, want: []string{"BAD sign-in: Mailchimp refuses it: wrong data centre"}},
		{what: "too many connections", change: func(o *mailchimptest.Options) { o.Connections = -1 }, prime: func(h *harness) {
			must(t, h.plan.Add(sandbox.Fault{Kind: "429"}))
		}, want: []string{"BAD quota: exhausted: other applications use the 10 connections"}},
		{what: "no API", prime: func(h *harness) { must(t, h.plan.Add(sandbox.Fault{Kind: "404"})) }, want: []string{"BAD address: there is no Mailchimp API"}},
		{what: "no reports", prime: func(h *harness) {
			must(t, h.plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "/reports"}, Kind: "403"}))
		},
			want: []string{"BAD streams: email_activity: Forbidden; sign in as a user"}},
		{what: "no webhook", with: []any{"webhook_secret", ""}, want: []string{"ok webhook: neither webhook_secret nor signing_secret"}},
		{what: "signed", with: []any{"signing_secret", "a,b"}, want: []string{"ok webhook: signed deliveries"}},
		{what: "short secret", with: []any{"webhook_secret", "short"}, want: []string{"BAD webhook: webhook_secret has 5 characters"}},
	}
	for _, c := range cases {
		h := newHarness(t, c.change)
		if c.prime != nil {
			c.prime(h)
		}
		got := found(t, connectortest.Open(t, h, c.with...))
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got\n%s\nwant %q", c.what, got, want)
			}
		}
		if c.never != "" && strings.Contains(got, c.never) {
			t.Errorf("%s: got\n%s", c.what, got)
		}
	}
}
