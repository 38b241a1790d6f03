package zendesktest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// BenchmarkExportPage is a page of 1000 users out of 20,000, each time another one.
func BenchmarkExportPage(b *testing.B) {
	a := open(b, zendesktest.Options{})
	people := sandbox.Generate(7, 20_000)
	people.Tickets, people.Deals = nil, nil
	a.Seed(people)
	path := "/api/v2/incremental/users/cursor?start_time=0"
	for b.Loop() {
		p := a.do("GET", path, nil).want(b, 200, nil)
		tail := string(p.body[len(p.body)-300:])
		_, cursor, _ := strings.Cut(tail, `"after_cursor":"`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		if path = "/api/v2/incremental/users/cursor?cursor=" + cursor; strings.HasSuffix(tail, `"end_of_stream":true}`) {
			path = "/api/v2/incremental/users/cursor?start_time=0"
		}
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	a := open(t, zendesktest.Options{Lag: -1, Limits: &zendesktest.Limits{PerMinute: 100_000}, Webhooks: []zendesktest.Webhook{{Endpoint: "http://127.0.0.1:1", Subscriptions: []string{"*"}}}})
	ids := a.make(20)
	done := make(chan bool)
	for w := range 4 {
		go func() {
			defer func() { done <- true }()
			for i := range 40 {
				for _, path := range []string{"/api/v2/incremental/users/cursor?start_time=0", "/api/v2/users?page[size]=5", "/api/v2/users/me"} {
					r := httptest.NewRequest(http.MethodGet, path, nil)
					r.Header.Set("Authorization", a.auth)
					a.Handler().ServeHTTP(httptest.NewRecorder(), r)
				}
				_ = a.Set("users", map[string]any{"notes": "x"}, ids[(w*7+i)%len(ids)]) // the answers are what is looked at
				a.clock.Advance(time.Second)
				a.Rows("users")
				a.PendingEvents()
			}
		}()
	}
	for range 4 {
		<-done
	}
	if got := len(a.get("/api/v2/users").Users); got != 21 {
		t.Errorf("got %d users, want all 21", got)
	}
}
