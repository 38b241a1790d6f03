package zendesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
)

// TestHealthOfDeliveries reads rows as Zendesk writes them (recorded: terminated, throttled and circuit broken; documented: the
// other words). Each row is a minute older than the one before it.
func TestHealthOfDeliveries(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	ago := func(n int) time.Time { return start.Add(-time.Duration(n) * time.Minute) }
	const on, failing = connectors.SubscriptionOn, connectors.SubscriptionFailing
	for name, x := range map[string]struct {
		rows  string
		older string // the only one of its status, behind all rows
		want  connectors.Subscription
	}{
		"nothing yet":            {"", "", connectors.Subscription{State: on}},
		"taken":                  {"success 200, success 200", "", connectors.Subscription{State: on}},
		"not decided":            {"accepted, unknown, success 200", "", connectors.Subscription{State: on}},
		"refused":                {"terminated 403", "", connectors.Subscription{State: failing, Since: ago(0), Lost: ago(0), Why: "1 of the last 1 deliveries, the newest terminated after status 403"}},
		"refused since":          {"accepted, circuit broken, throttled, terminated 403, success 200, timeout", "", connectors.Subscription{State: failing, Since: ago(3), Lost: ago(1), Why: "4 of the last 5 deliveries, the newest circuit broken"}},
		"refused before":         {"success 200, server error 500, success 200", "", connectors.Subscription{State: on, Lost: ago(1), Why: "1 of the last 3 deliveries, the newest server error after status 500"}},
		"dropped behind the row": {"success 200", "circuit broken", connectors.Subscription{State: on, Lost: ago(900)}},
		"a word with a value":    {"x@initech.example 500", "", connectors.Subscription{State: failing, Since: ago(0), Lost: ago(0), Why: "1 of the last 1 deliveries, the newest after status 500"}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch filter := r.URL.Query().Get("filter[status]"); {
			case r.URL.Path != "/api/v2/webhooks/01HAN/invocations" || r.URL.Query().Get("sort") != "-latest_completed_at":
				t.Errorf("%s: asked for %s", name, r.URL)
			case filter == "":
				var rows []string
				for i, text := range strings.Split(x.rows, ", ") {
					if text != "" {
						rows = append(rows, row(text, ago(i)))
					}
				}
				fmt.Fprintf(w, `{"meta":{"has_more":false},"invocations":[%s]}`, strings.Join(rows, ","))
			case filter == x.older:
				fmt.Fprintf(w, `{"meta":{"has_more":true},"invocations":[%s]}`, row(x.older, ago(900)))
			default:
				fmt.Fprint(w, `{"meta":{"has_more":false},"invocations":[]}`)
			}
		}))
		h := newHarness(t, "users", nil)
		h.url = server.URL
		got, err := connectortest.Open(t, h).(connectors.HealthReader).Health(context.Background(), connectors.Subscription{ID: "01HAN", State: on})
		server.Close()
		x.want.ID = "01HAN"
		if err != nil || fmt.Sprint(got) != fmt.Sprint(x.want) {
			t.Errorf("%s: got\n%+v and %v, want\n%+v", name, got, err, x.want)
		}
	}
}

// row writes a row of a status that a status code may follow.
func row(text string, at time.Time) string {
	status, code := text, ""
	if i := strings.LastIndexByte(text, ' '); i >= 0 && text[i+1] >= '0' && text[i+1] <= '9' {
		status, code = text[:i], fmt.Sprintf(`"status_code":%s,`, text[i+1:])
	}
	return fmt.Sprintf(`{"id":"x",%s"status":%q,"latest_completed_at":%q}`, code, status, at.Format(time.RFC3339))
}

// TestHealthThatIsNotShown: who may not see deliveries is not told that they fail; what may pass is an error.
func TestHealthThatIsNotShown(t *testing.T) {
	for status, fails := range map[int]bool{403: false, 404: false, 400: false, 500: true, 503: true} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		h := newHarness(t, "users", nil)
		h.url = server.URL
		got, err := connectortest.Open(t, h).(connectors.HealthReader).Health(context.Background(), connectors.Subscription{ID: "01HAN", State: connectors.SubscriptionOn})
		server.Close()
		if (err != nil) != fails || got.State != connectors.SubscriptionOn {
			t.Errorf("status %d: got %+v and %v", status, got, err)
		}
	}
}
