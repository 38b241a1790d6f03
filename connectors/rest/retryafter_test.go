package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	cases := []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {" 0 ", "", 0}, {"-3", "", 0}, {"1.2", "", 1200 * time.Millisecond},
		{"99999999999999999999999", "", rest.MaxAfter}, {"1e999", "", rest.MaxAfter}, {"-1e999", "", 0}, {"NaN", "", 0}, {"soon", "", 0},
		{"Sun, 22 Nov 2026 12:00:30 GMT", "", 30 * time.Second},
		{"Sun, 22 Nov 2026 12:00:30 GMT", "Sun, 22 Nov 2026 12:00:10 GMT", 20 * time.Second},
		{"Sun, 22 Nov 2026 12:00:30 GMT", "not a date", 30 * time.Second},
		{"Sun, 22 Nov 2026 11:00:00 GMT", "", 0}, {"Sun, 22 Nov 2099 11:00:00 GMT", "", rest.MaxAfter},
	}
	for _, c := range cases {
		h := http.Header{}
		h.Set("Retry-After", c.after)
		h.Set("Date", c.date)
		if got := rest.RetryAfter(h, now); got != c.want {
			t.Errorf("Retry-After %q, Date %q: got %v, want %v", c.after, c.date, got, c.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "Sun, 22 Nov 2026 12:00:30 GMT")
	f.Add("Sun, 22 Nov 2026 12:00:30 GMT", "")
	f.Add("1e999", "0x1p9")
	f.Fuzz(func(t *testing.T, after, date string) {
		h := http.Header{"Retry-After": {after}, "Date": {date}}
		if got := rest.RetryAfter(h, now); got < 0 || got > rest.MaxAfter {
			t.Errorf("Retry-After %q: got %v, want 0 to %v", after, got, rest.MaxAfter)
		}
	})
}

// canned answers every request with one status and an empty body.
type canned struct {
	status int
	kind   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}, ContentLength: -1,
		Body: http.NoBody, Request: r}, nil
}

func FuzzErrorsWithoutExplain(f *testing.F) {
	f.Add(500, "text/html; charset=utf-8")
	f.Add(200, "anna@example.org")
	f.Add(477, "")
	f.Fuzz(func(t *testing.T, status int, kind string) {
		c := rest.Client{HTTP: &http.Client{Transport: canned{status: status, kind: kind}}, Base: "http://vendor.example"}
		_, err := c.Do(t.Context(), "op", "GET", "/x?key=secret", nil, nil)
		switch {
		case err == nil && (status < 200 || status > 299):
			t.Errorf("%d: got no error", status)
		case err != nil && (connectors.KindOf(err) == 0 || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "@")):
			t.Errorf("%d %q: got %v, want a kind and nothing of the request or answer", status, kind, err)
		}
	})
}
