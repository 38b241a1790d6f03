package zendesk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

func asError(err error, target **connectors.Error) bool { return errors.As(err, target) }

// found returns the findings of a check as text, defects marked.
func found(t *testing.T, h *harness, change ...any) string {
	t.Helper()
	list, err := connectortest.Open(t, h, change...).(connectors.Checker).Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
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
	quota := &zendesktest.Limits{PerMinute: 700, Exports: 10}
	cases := []struct {
		what   string
		change func(*zendesktest.Options)
		prime  func(*harness)
		with   []any
		want   []string
		never  string
	}{
		{what: "all well", change: func(o *zendesktest.Options) { o.Limits = quota },
			want: []string{"ok sign-in: accepted", "ok role: admin", "ok quota: 69", "ok streams: all 8 can be read", "ok webhook"}, never: "BAD"},
		{what: "wrong key", change: func(o *zendesktest.Options) { o.Tokens = []string{"another"} },
			want: []string{"BAD sign-in: Zendesk refuses it: "}},
		{what: "agent", change: func(o *zendesktest.Options) { o.Role = "agent" }, want: []string{"BAD role: agent; the incremental exports need an administrator"}},
		{what: "missing scope", prime: func(h *harness) {
			must(t, h.plan.Add(sandbox.Fault{Match: sandbox.Match{Path: "satisfaction_ratings"}, Kind: "403"}))
		}, want: []string{"BAD streams: satisfaction_ratings: Forbidden; give the OAuth client the scope"}},
		{what: "exhausted quota", prime: func(h *harness) {
			must(t, h.plan.Add(sandbox.Fault{Kind: "429", RetryAfter: "37"}))
		}, want: []string{"BAD quota: exhausted; Zendesk asks to wait 37s"}},
		{what: "no account", prime: func(h *harness) {
			must(t, h.plan.Add(sandbox.Fault{Kind: "404"}))
		}, want: []string{"BAD address: there is no Zendesk account at this address; check subdomain and base_url"}},
		{what: "API token", with: []any{"token", "", "email", "ada@acme.example", "api_token", "k"},
			want: []string{"ok end of sign-in: Zendesk ends API tokens on 30 April 2027, in 150 days; sign in by OAuth before that"}},
		{what: "API token, late", prime: func(h *harness) { h.clock.Advance(130 * 24 * time.Hour) }, with: []any{"token", "", "email", "ada@acme.example", "api_token", "k"},
			want: []string{"BAD end of sign-in: Zendesk ends API tokens on 30 April 2027, in 20 days"}},
		{what: "lasting token", want: []string{"ok end of sign-in: Zendesk ends access tokens that do not expire on 1 April 2027"}},
		{what: "no webhook", with: []any{"webhook_secret", ""}, want: []string{"ok webhook: no webhook_secret: deliveries are refused"}},
	}
	for _, c := range cases {
		h := newHarness(t, "users", c.change)
		if c.prime != nil {
			c.prime(h)
		}
		got := found(t, h, c.with...)
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

// TestCheckSaysWhatCommentsCost: a request for each ticket is said before it is spent (airbyte#22611), and not when
// comments are not read.
func TestCheckSaysWhatCommentsCost(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	h.Create(t, 600)
	want := "ok comments: a request for each of about 600 tickets: the first pass takes at least 3m0s"
	if got := found(t, h, "plan", "team"); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant %q", got, want)
	}
	if got := found(t, h, "streams", []string{"tickets"}); strings.Contains(got, "comments") {
		t.Errorf("comments are not read: got\n%s", got)
	}
}
