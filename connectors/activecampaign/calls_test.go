package activecampaign_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// TestCallsOfABackfill: a hundred contacts a request with lists, tags and fields, and one request at the end; a poll that
// finds nothing costs one.
func TestCallsOfABackfill(t *testing.T) {
	const n = 10_000
	h := newHarness(t, "contacts", nil)
	for i := range n {
		id := contact(t, h, fmt.Sprintf("zoe%d@initech.example", i))
		if i%10 == 0 {
			must(t, h.sim.Subscribe(id, "1", activecampaigntest.Subscribed), h.sim.Tag(id, "vip"))
		}
	}
	h.clock.Advance(72 * time.Hour)
	r := newReader(t, h, "contacts")
	begun := time.Now()
	seen := 0
	for more := true; more; {
		page, err := r.src.Read(context.Background(), "contacts", r.at)
		must(t, err)
		seen, more, r.at = seen+len(page.Records), page.More, page.Next
	}
	calls, least := h.log.Totals().Requests, n/100
	t.Logf("%d contacts: %d requests, the least is %d; %v without pace, %v at five a second", n, calls, least, time.Since(begun).Round(time.Millisecond), time.Duration(calls)*time.Second/5)
	if float64(calls) > 1.1*float64(least) || seen != n+n/10 {
		t.Errorf("got %d records in %d requests, want %d in at most %d", seen, calls, n+n/10, least*11/10)
	}
	h.log.Reset()
	if page := r.read(t); page.More || len(page.Records) != 0 || h.log.Totals().Requests != 1 {
		t.Errorf("a poll of nothing: got %d records in %d requests", len(page.Records), h.log.Totals().Requests)
	}
	h.log.Reset()
	r.at, r.sweep = "", true
	pages := 0
	for more := true; more; pages++ {
		page, err := r.src.(connectors.Sweeper).Sweep(context.Background(), "contacts", r.at)
		must(t, err)
		more, r.at = page.More, page.Next
	}
	if pages != least+1 {
		t.Errorf("a listing of all costs %d requests, want %d", pages, least+1)
	}
}

// TestPace: with the pace that the Spec declares, an account that counts five requests in any second and says nothing of it, as
// recorded ones do not, refuses none, or next to none.
func TestPace(t *testing.T) {
	h := newHarness(t, "contacts", func(o *activecampaigntest.Options) { o.PerSecond = 5 })
	spec := activecampaign.Connector.Spec
	values, problems := spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	governor := quota.New(quota.Config{Limits: spec.Limits(values)})
	client, err := transport.New(transport.Config{Connection: "c", Spec: spec, Values: values, Limiter: governor, Retries: -1})
	must(t, err)
	t.Cleanup(client.CloseIdleConnections)
	opened, err := activecampaign.Connector.Open(connectors.Env{Connection: "c", Settings: values, HTTP: client, Now: h.clock.Now})
	must(t, err)
	begun := time.Now()
	const calls = 20
	for range calls {
		if _, err := opened.(connectors.Source).Read(context.Background(), "lists", ""); err != nil && connectors.KindOf(err) != connectors.Limited {
			t.Fatal(err)
		}
	}
	// One that a busy machine sends late has the next one on its heels; what paces wrongly has half of them refused.
	if n := h.log.Totals().Limited; n > 2 {
		t.Errorf("%d of %d requests were refused", n, calls)
	}
	if took := time.Since(begun); took < 3*time.Second || took > 20*time.Second {
		t.Errorf("%d requests took %v", calls, took)
	}
	h.url = "" // and without it the account does refuse
	refused := 0
	for range calls {
		req, err := http.NewRequest(http.MethodGet, values.String("base_url")+"/api/3/lists", nil)
		must(t, err)
		req.Header.Set("Api-Token", testToken)
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") != "" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("the account refuses nobody, so that this test shows nothing")
	}
}

// TestToldWhatIsLeft: where the header is sent it counts, and nonsense in it does not.
func TestToldWhatIsLeft(t *testing.T) {
	for header, want := range map[string][]connectors.Told{
		"":   nil,
		"3":  {{Limit: "account", Remaining: 3, Reset: time.Second}},
		"0":  {{Limit: "account", Remaining: 0, Reset: time.Second}},
		"-1": nil, "x": nil, "99999999999999999999": nil,
	} {
		got := activecampaign.Connector.Spec.Told(&http.Response{Header: http.Header{"Ratelimit-Remaining": {header}, "Ratelimit-Limit": {"5"}}})
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: got %+v, want %+v", header, got, want)
		}
	}
}
