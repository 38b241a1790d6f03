package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// clocks is how far each vendor's clock is ahead of ours.
type clocks map[string]time.Duration

// checkedClocks is what `check` finds about the clocks of some simulated vendors.
func checkedClocks(t *testing.T, ahead clocks, between func(http.Handler) http.Handler) (code int, found map[string]finding) {
	t.Helper()
	yaml := &strings.Builder{}
	fmt.Fprintf(yaml, "data: %s\nconnections:\n", t.TempDir())
	for name, by := range ahead {
		clock := sandbox.NewClock(time.Now().Add(by))
		simulator, settings := map[string]http.Handler{
			"hubspot":        hubspottest.New(hubspottest.Options{Clock: clock}).Handler(),
			"zendesk":        zendesktest.New(zendesktest.Options{Clock: clock}).Handler(),
			"mailchimp":      mailchimptest.New(mailchimptest.Options{Clock: clock}).Handler(),
			"activecampaign": activecampaigntest.New(activecampaigntest.Options{Clock: clock}).Handler(),
		}[name], map[string]string{
			"hubspot": "token: " + hubspottest.DefaultToken, "zendesk": "token: " + zendesktest.DefaultToken,
			"mailchimp": "api_key: " + mailchimptest.DefaultKey, "activecampaign": "api_token: " + activecampaigntest.DefaultToken,
		}[name]
		if between != nil {
			simulator = between(simulator)
		}
		server, err := sandbox.Listen(simulator, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		fmt.Fprintf(yaml, "  %s: {connector: %s, base_url: %q, %s}\n", name, name, server.URL, settings)
	}
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, []byte(yaml.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app{connectors: all.List, out: &out, errOut: &screen{w: &bytes.Buffer{}}, args: []string{"check", "--json", "--config", file}}
	code = a.main(t.Context())
	var results []checkResult
	if err := json.Unmarshal(out.Bytes(), &results); err != nil || len(results) != len(ahead) {
		t.Fatalf("got %v and %s", err, out.String())
	}
	found = map[string]finding{}
	for _, res := range results {
		for _, f := range res.Findings {
			if f.What == "clock" {
				found[res.Connection] = f
			}
		}
	}
	return code, found
}

// TestCheckTellsWhoseClockIsWrong: a clock that all vendors contradict is ours, one that the others contradict is that vendor's;
// seconds are a warning, and what makes signatures worthless is an error.
func TestCheckTellsWhoseClockIsWrong(t *testing.T) {
	const ours, theirs = "so this machine's clock is wrong; set it: `timedatectl set-ntp true`, or chrony", "'s clock is wrong, or that of a proxy on the way"
	for name, c := range map[string]struct {
		ahead clocks
		code  int
		want  map[string]string // mark and words of the findings, with a bar between them
	}{
		"all agree": {clocks{"hubspot": 0, "zendesk": 2 * time.Second, "mailchimp": 0}, exitDone,
			map[string]string{"hubspot": "ok|HubSpot's, give or take", "zendesk": "ok|2s behind Zendesk's|1s behind Zendesk's", "mailchimp": "ok|Mailchimp's"}},
		"ours is seconds off": {clocks{"hubspot": time.Minute, "zendesk": time.Minute}, exitDone,
			map[string]string{"hubspot": "warning|so it is with zendesk, " + ours, "zendesk": "warning|so it is with hubspot, " + ours}},
		"ours is minutes off": {clocks{"hubspot": 6 * time.Minute, "mailchimp": 6 * time.Minute, "activecampaign": 6 * time.Minute}, exitUnreachable,
			map[string]string{"hubspot": "FAILED|beyond 5m0s signed webhooks are refused; so it is with activecampaign and mailchimp, " + ours,
				"activecampaign": "warning|so it is with hubspot and mailchimp, " + ours}},
		"theirs is off": {clocks{"hubspot": 0, "zendesk": -8 * time.Minute, "activecampaign": 0}, exitUnreachable,
			map[string]string{"hubspot": "ok|", "zendesk": "FAILED|this machine's agrees with activecampaign and hubspot, so Zendesk" + theirs, "activecampaign": "ok|"}},
		"nobody else": {clocks{"zendesk": 8 * time.Minute}, exitUnreachable, map[string]string{"zendesk": "FAILED|look with `timedatectl` whether"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for vendors' quotas
			code, found := checkedClocks(t, c.ahead, nil)
			if code != c.code {
				t.Errorf("got exit code %d, want %d", code, c.code)
			}
			for connection, want := range c.want {
				mark, words, _ := strings.Cut(want, "|")
				f := found[connection]
				said := false
				for word := range strings.SplitSeq(words, "|") {
					said = said || strings.Contains(f.Detail, word)
				}
				if f.mark() != mark || !said {
					t.Errorf("%s: got %s %q, want %s", connection, f.mark(), f.Detail, want)
				}
			}
		})
	}
}

// header is an answer whose header a proxy changes.
type header struct {
	http.ResponseWriter
	change func(http.Header)
}

func (h header) WriteHeader(status int) {
	h.change(h.Header())
	h.ResponseWriter.WriteHeader(status)
}

func (h header) Write(b []byte) (int, error) {
	h.change(h.Header())
	return h.ResponseWriter.Write(b)
}

// TestCheckOfAClockBehindAProxy: an answer out of a cache says nothing about the clock, and one without Date cannot be worked with.
func TestCheckOfAClockBehindAProxy(t *testing.T) {
	for want, change := range map[string]func(http.Header){
		"answers come out of a cache":         func(h http.Header) { h.Set("Age", "480") },
		"answers have no Date header; a prox": func(h http.Header) { h["Date"] = nil },
	} {
		between := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(header{w, change}, r) })
		}
		code, found := checkedClocks(t, clocks{"zendesk": 8 * time.Minute}, between)
		if f := found["zendesk"]; code != exitUnreachable || f.OK || !strings.Contains(f.Detail, want) || strings.Contains(f.Detail, "8m") {
			t.Errorf("got exit code %d and %+v, want %q", code, f, want)
		}
	}
}
