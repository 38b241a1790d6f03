package zendesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk"
)

// told asks the Spec what the headers of an answer to a request say.
func told(path string, pairs ...string) []connectors.Told {
	r := &http.Response{Header: http.Header{}, Request: &http.Request{URL: &url.URL{Path: path}}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	return zendesk.Connector.Spec.Told(r)
}

// TestToldByEveryHeader: the names of the headers changed over the years, and all of them are in recorded answers.
func TestToldByEveryHeader(t *testing.T) {
	account := connectors.Told{Limit: "account", Rate: 679.0 / 60, Remaining: 698, Reset: 24 * time.Second}
	minute := account
	minute.Reset = time.Minute
	export := connectors.Told{Limit: "export", Rate: 9.0 / 60, Remaining: 8, Reset: 36 * time.Second}
	const users, exports = "/api/v2/users", "/api/v2/incremental/users/cursor"
	cases := []struct {
		what, path string
		headers    []string
		want       []connectors.Told
	}{
		{"none", users, nil, nil},
		{"oldest", users, []string{"X-Rate-Limit", "700", "X-Rate-Limit-Remaining", "698"}, []connectors.Told{minute}},
		{"2023", users, []string{"X-Rate-Limit", "700", "X-Rate-Limit-Remaining", "698", "rate-limit", "700", "rate-limit-remaining", "698", "rate-limit-reset", "24"}, []connectors.Told{account}},
		{"2026", users, []string{"ratelimit-limit", "700", "ratelimit-remaining", "698", "ratelimit-reset", "24"}, []connectors.Told{account}},
		{"endpoint, before 2026", exports, []string{"zendesk-rate-limit-incremental-exports", "total=10; remaining=8; resets=36"}, []connectors.Told{export}},
		{"endpoint, 2026", exports, []string{"zendesk-ratelimit-incremental-exports-cursor", "total=10; remaining=8; resets=36"}, []connectors.Told{export}},
		{"another endpoint's", users, []string{"zendesk-ratelimit-tickets-index", "total=50; remaining=8; resets=36"}, nil},
		{"the export's in the account's", exports, []string{"X-Rate-Limit", "10", "X-Rate-Limit-Remaining", "8"}, nil},
		{"nonsense", exports, []string{"ratelimit-limit", "many", "zendesk-ratelimit-x", "total=-1; remaining=x"}, nil},
		{"both", exports, []string{"ratelimit-limit", "700", "ratelimit-remaining", "698", "ratelimit-reset", "24",
			"zendesk-ratelimit-incremental-exports-cursor", "total=10; remaining=8; resets=36"}, []connectors.Told{account, export}},
	}
	for _, c := range cases {
		if got := told(c.path, c.headers...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
	if got := zendesk.Connector.Spec.Told(&http.Response{Header: http.Header{"Ratelimit-Limit": {"700"}}}); len(got) != 1 {
		t.Errorf("an answer without its request: got %v", got)
	}
}

// TestPlainTextRefusal: the recorded 429 is plain text. It waits as long as it says, and one of an export concerns the
// exports alone.
func TestPlainTextRefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.Header().Set("Retry-After", "27")
		if r.URL.Query().Get("page[size]") != "" {
			w.Header().Set("ratelimit-limit", "700")
			w.Header().Set("ratelimit-remaining", "0")
		}
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, "You have exceeded the rate limit for updating a single unique user. user email: zoe@initech.example id: 7 external_id: ")
	}))
	t.Cleanup(server.Close)
	h := newHarness(t, "users", nil)
	h.url = server.URL
	for stream, limit := range map[string]string{"users": "export", "organizations": "export_by_time", "agents": ""} {
		_, err := connectortest.Open(t, h).(connectors.Source).Read(context.Background(), stream, "")
		var refused *connectors.Error
		if connectors.KindOf(err) != connectors.Limited || connectors.After(err) != 27*time.Second || !asError(err, &refused) || refused.Limit != limit {
			t.Errorf("%s: got %v (%+v), want 27s of %q", stream, err, refused, limit)
		}
		if refused != nil && refused.Reason != "RateLimited" {
			t.Errorf("%s: got the reason %q", stream, refused.Reason)
		}
	}
}

// TestLimitsFitTheMinute: a bucket may let its burst and its rate through one window, and both together must not exceed
// what Zendesk counts there.
func TestLimitsFitTheMinute(t *testing.T) {
	for plan, most := range map[string]float64{"team": 200, "growth": 400, "professional": 400, "enterprise": 700, "enterprise_plus": 2500, "high_volume": 2500} {
		values, _ := zendesk.Connector.Spec.Parse(settings("token", "t", "plan", plan))
		for _, l := range zendesk.Connector.Spec.Limits(values) {
			allowed := most
			if l.Name != "account" {
				allowed = 10
			}
			if sum := float64(l.Burst) + l.Rate*60; sum > allowed || sum < allowed*0.95 {
				t.Errorf("%s, %s: burst %d and rate %.3f let %.1f through a minute, the most is %.0f", plan, l.Name, l.Burst, l.Rate, sum, allowed)
			}
		}
	}
	values, _ := zendesk.Connector.Spec.Parse(settings("token", "t", "requests_per_minute", "1000", "exports_per_minute", "30"))
	l := zendesk.Connector.Spec.Limits(values)
	if sum := l[0].Rate*60 + float64(l[0].Burst); sum < 999 || sum > 1000.01 {
		t.Errorf("requests_per_minute 1000: got %v", sum)
	}
}

// TestExportsCostTwice: an export counts against the account and against the exports.
func TestExportsCostTwice(t *testing.T) {
	for path, want := range map[string]string{"/api/v2/incremental/tickets/cursor": "[account export]", "/api/v2/incremental/organizations": "[account export_by_time]",
		"/api/v2/users/show_many": "[account]"} {
		req, _ := http.NewRequest(http.MethodGet, "https://acme.zendesk.com"+path, nil)
		if got := zendesk.Connector.Spec.Cost(req); got.Weight != 1 || fmt.Sprint(got.Limits) != want {
			t.Errorf("%s: got %+v, want 1 of %s", path, got, want)
		}
	}
}
