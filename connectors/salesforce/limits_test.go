package salesforce_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/quota"
)

// TestToldOfTheDay: every answer says how much of the day is used.
func TestToldOfTheDay(t *testing.T) {
	for header, want := range map[string]*connectors.Told{
		"":                                    nil,
		"api-usage=895/15000":                 {Limit: "daily", Remaining: 14105, Of: 15000},
		"api-usage=15001/15000":               {Limit: "daily", Remaining: 0, Of: 15000},
		"api-usage=x/y":                       nil,
		"api-usage=1/0":                       nil,
		"per-app-api-usage=17/250(appName=x)": nil,
		"api-usage=18/5000; per-app-api-usage=17/250(appName=sample)":  {Limit: "daily", Remaining: 4982, Of: 5000},
		"per-app-api-usage=17/250(appName=sample), api-usage=18/5000 ": {Limit: "daily", Remaining: 4982, Of: 5000},
	} {
		res := &http.Response{Header: http.Header{"Sforce-Limit-Info": {header}}}
		got := salesforce.Connector.Spec.Told(res)
		if want == nil && len(got) > 0 || want != nil && (len(got) != 1 || got[0] != *want) {
			t.Errorf("%q: got %+v, want %+v", header, got, want)
		}
	}
}

// paced opens the connection as the hub does, with a governor and retries.
func paced(t *testing.T, h *harness) connectors.Source {
	t.Helper()
	values, problems := salesforce.Connector.Spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	spec := salesforce.Connector.Spec
	spec.SignIn = func(connectors.Values) (connectors.SignIn, error) {
		return connectors.SignIn{Token: connectors.NewSecret(testToken)}, nil
	}
	client, _, err := transport.Open(transport.Config{Connection: "sf", Spec: spec, Values: values, Safe: spec.Safe, Now: h.clock.Now,
		Limiter: quota.New(quota.Config{Limits: spec.Limits(values)})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	src, err := salesforce.Connector.Open(connectors.Env{Connection: "sf", Settings: values, HTTP: client, Now: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return src.(connectors.Source)
}

// TestShareOfTheDayIsKept: at four fifths of the organization's calls the connection pauses and says until when; the rest is
// for others (airbyte #8690, and the death spiral of retries in estuary f0747ecb3).
func TestShareOfTheDayIsKept(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.DailyLimit = 100 })
	h.sim.UseCalls(70) // other applications'
	src := paced(t, h)
	calls, at := 0, connectors.Cursor("")
	for ; calls < 60; calls++ {
		page, err := src.Read(context.Background(), "Contact", at)
		if err != nil {
			if connectors.KindOf(err) != connectors.Limited || connectors.After(err) < 50*time.Minute || !strings.Contains(err.Error(), " UTC") {
				t.Fatalf("got %v (after %v), want a wait of an hour and its end", err, connectors.After(err))
			}
			break
		}
		at = page.Next
	}
	used := 0
	for _, e := range h.log.Recent() {
		if e.Status == http.StatusOK || e.Status == http.StatusNotModified {
			used++
		}
	}
	if used < 9 || used > 10 {
		t.Errorf("got %d calls, want about the 10 that are left of the share", used)
	}
	before := h.log.Totals().Requests
	for range 20 {
		if _, err := src.Read(context.Background(), "Contact", at); connectors.KindOf(err) != connectors.Limited {
			t.Fatalf("got %v during the pause", err)
		}
	}
	if n := h.log.Totals().Requests - before; n > 0 {
		t.Errorf("got %d calls during the pause, want none", n)
	}
}

// TestExhaustedDay: the refusal of a used-up day is a 403, waits an hour and says until when; too many at the same time wait
// half a minute.
func TestExhaustedDay(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.DailyLimit = 5 })
	h.clock.Freeze()
	h.sim.UseCalls(5)
	_, err := connectortest.Open(t, h).(connectors.Source).Read(context.Background(), "Contact", "")
	if connectors.KindOf(err) != connectors.Limited || connectors.After(err) != time.Hour || !strings.Contains(err.Error(), "asked again at 2026-11-22 13:00 UTC") {
		t.Errorf("got %v (after %v)", err, connectors.After(err))
	}
	h = newHarness(t, "Contact", nil)
	h.behind(t, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]`))
	})
	_, err = connectortest.Open(t, h).(connectors.Source).Read(context.Background(), "Contact", "")
	if connectors.KindOf(err) != connectors.Limited || connectors.After(err) != 30*time.Second {
		t.Errorf("got %v (after %v), want half a minute", err, connectors.After(err))
	}
}

// TestSafeRequests: reading by id is repeated after a fault, making a job is not: there would be two.
func TestSafeRequests(t *testing.T) {
	for path, want := range map[string]bool{"/services/data/v67.0/composite/sobjects/Contact": true, "/services/data/v67.0/jobs/query": false} {
		req, _ := http.NewRequest(http.MethodPost, "https://acme.my.salesforce.com"+path, nil)
		if got := salesforce.Connector.Spec.Safe(req); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestTimeoutAsksForLess: a query that takes too long is no empty answer (airbyte #17503: zero records, job green). It is
// asked again with fewer rows.
func TestTimeoutAsksForLess(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.MaxQuery = 2000 })
	h.Create(t, 450)
	slow := true
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		q := r.URL.Query().Get("q")
		if slow && strings.Contains(r.URL.Path, "/queryAll") && !strings.HasSuffix(q, "LIMIT 200") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]`))
			return
		}
		next.ServeHTTP(w, r)
	})
	r := newReader(t, h, "Contact")
	r.settle(t, h)
	r.check(t, h)
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/queryAll") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]`))
			return
		}
		next.ServeHTTP(w, r)
	})
	page, err := newReader(t, h, "Contact").src.Read(context.Background(), "Contact", "")
	if connectors.KindOf(err) != connectors.Temporary || page.More || len(page.Records) > 0 {
		t.Errorf("got %d records and %v, want a failure that is tried again", len(page.Records), err)
	}
}

// TestVersionIsGone: a version that Salesforce retired needs a person, and the error says which setting to change.
func TestVersionIsGone(t *testing.T) {
	for name, body := range map[string]string{
		"retired":  `[{"errorCode":"UNSUPPORTED_API_VERSION","message":"x"}]`,
		"bare 410": ``,
	} {
		h := newHarness(t, "Contact", nil)
		h.behind(t, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusGone)
			_, _ = w.Write([]byte(body))
		})
		_, err := connectortest.Open(t, h).(connectors.Source).Read(context.Background(), "Contact", "")
		if connectors.KindOf(err) != connectors.Gone || connectors.CursorExpired(err) || !strings.Contains(err.Error(), "api_version") {
			t.Errorf("%s: got %v, want it gone, with api_version named", name, err)
		}
	}
}

// TestLostPathIsNoEmptyAnswer: an address that is not there is not an object without rows.
func TestLostPathIsNoEmptyAnswer(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	h.Create(t, 3)
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/queryAll") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`))
			return
		}
		next.ServeHTTP(w, r)
	})
	_, err := connectortest.Open(t, h).(connectors.Source).Read(context.Background(), "Contact", "")
	if connectors.KindOf(err) != connectors.Gone || !strings.Contains(err.Error(), "check api_version and base_url") {
		t.Errorf("got %v, want it gone", err)
	}
}
