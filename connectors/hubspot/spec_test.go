package hubspot_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, hubspot.Connector, ".") }

func (h *harness) SecretSetting() string    { return "webhook_secret" }
func (h *harness) Freshness() time.Duration { return 5 * time.Minute }
func (h *harness) SignsAddress() bool       { return true }
func (h *harness) Unknown() []byte {
	return []byte(`[{"eventId":1,"portalId":62515,"occurredAt":1764000000000,"subscriptionType":"line_item.creation","objectId":1},
		{"subscriptionType":"contact.applauded","objectId":2},{"subscriptionType":"object.creation","objectTypeId":"2-77","objectId":3},{},7,null]`)
}

func (h *harness) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	d := connectors.Delivery{Method: http.MethodPost, URL: publicURL, Body: body, Received: at, Header: http.Header{}}
	d.Header.Set("Content-Type", "application/json")
	d.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	d.Header.Set("X-HubSpot-Signature-v3", hubspottest.SignV3(testSecret, d.Method, d.URL, body, stamp))
	return d
}

func TestWebhook(t *testing.T) {
	connectortest.Webhook(t, func(t *testing.T) connectortest.WebhookHarness { return newHarness(t, "contacts", nil) })
}

// TestSignIn: the two ways to sign in exclude each other, and OAuth tokens come from an endpoint that lives on.
func TestSignIn(t *testing.T) {
	oauth := map[string]any{"client_id": "c", "client_secret": "s", "refresh_token": "r"}
	cases := []struct {
		settings map[string]any
		want     string
	}{
		{map[string]any{"token": "pat"}, "token"},
		{oauth, "/oauth/2026-09/token"},
		{map[string]any{"client_id": "c", "client_secret": "s", "api_version": "v3"}, "/oauth/2026-09/token"},
		{map[string]any{"client_id": "c", "client_secret": "s", "api_version": "2026-03"}, "/oauth/2026-03/token"},
		{map[string]any{"token": "pat", "client_id": "c"}, "error"},
		{map[string]any{"client_id": "c"}, "error"},
		{map[string]any{}, "error"},
	}
	for _, c := range cases {
		values, problems := hubspot.Connector.Spec.Parse(c.settings)
		if len(problems) > 0 {
			t.Fatalf("%v: %v", c.settings, problems)
		}
		in, err := hubspot.Connector.Spec.SignIn(values)
		got := "token"
		switch {
		case err != nil:
			got = "error"
		case in.OAuth != nil:
			got = in.OAuth.TokenURL[len("https://api.hubapi.com"):]
		}
		if got != c.want {
			t.Errorf("%v: got %s (%v), want %s", c.settings, got, err, c.want)
		}
	}
}

// TestLimitsFitTheWindow: a bucket may let its burst and its rate through one window, and both together must not
// exceed what HubSpot counts there.
func TestLimitsFitTheWindow(t *testing.T) {
	for _, per10s := range []int{10, 100, 110, 190, 250} {
		values, _ := hubspot.Connector.Spec.Parse(map[string]any{"token": "t", "requests_per_10s": per10s})
		for _, l := range hubspot.Connector.Spec.Limits(values) {
			window, most := 10.0, float64(per10s)
			if l.Name == "search" {
				window, most = 1, 6 // five and the one that opens the window
			}
			if sum := float64(l.Burst) + l.Rate*window; sum > most {
				t.Errorf("%s at %d: burst %d and rate %.2f let %.1f through, the most is %.0f", l.Name, per10s, l.Burst, l.Rate, sum, most)
			}
		}
	}
}

// TestCostAndTold: searches have a limit of their own, and the ten-second window is read from the headers.
func TestCostAndTold(t *testing.T) {
	for path, want := range map[string]string{
		"/crm/objects/2026-09/contacts/search": "search", "/crm/v3/objects/deals/search": "search",
		"/crm/v3/objects/deals/batch/read": "account", "/crm/associations/2026-09/deals/contacts/batch/read": "account",
	} {
		req, _ := http.NewRequest(http.MethodPost, "https://api.hubapi.com"+path, nil)
		if got := hubspot.Connector.Spec.Cost(req); got.Weight != 1 || fmt.Sprint(got.Limits) != "["+want+"]" {
			t.Errorf("%s: got %+v, want 1 of %s", path, got, want)
		}
		if !hubspot.Connector.Spec.Safe(req) {
			t.Errorf("%s: got unsafe, want it to be known as a read", path)
		}
	}
	res := &http.Response{Header: http.Header{}}
	if got := hubspot.Connector.Spec.Told(res); got != nil {
		t.Errorf("without headers: got %+v, want nothing", got)
	}
	res.Header.Set("X-HubSpot-RateLimit-Max", "190")
	res.Header.Set("X-HubSpot-RateLimit-Remaining", "7")
	res.Header.Set("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
	want := connectors.Told{Limit: "account", Rate: 18.5, Remaining: 7, Reset: 10 * time.Second}
	if got := hubspot.Connector.Spec.Told(res); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
