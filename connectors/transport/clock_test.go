package transport_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/transport"
)

// dating is a vendor whose clock differs from ours, and on the way to whom our time passes.
type dating struct {
	ahead time.Duration     // of our clock
	took  time.Duration     // of a request, by our clock
	now   time.Time         // by our clock
	head  func(http.Header) // what a proxy makes of the answer's header; nil = nothing
}

func (d *dating) RoundTrip(*http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.now = d.now.Add(d.took / 2)
	w.Header().Set("Date", d.now.Add(-d.ahead).UTC().Format(http.TimeFormat))
	d.now = d.now.Add(d.took / 2)
	if d.head != nil {
		d.head(w.Header())
	}
	w.WriteHeader(http.StatusOK)
	return w.Result(), nil
}

func ask(t *testing.T, d *dating, times int, pause time.Duration) *transport.Clock {
	t.Helper()
	c := config(t, "http://crm.example")
	c.Clock, c.Base, c.Now = &transport.Clock{}, d, func() time.Time { return d.now }
	h := client(t, c)
	for range times {
		res, err := h.Get("http://crm.example/x")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		d.now = d.now.Add(pause)
	}
	return c.Clock
}

// TestSkewIsBounded: a Date is cut to the second and is written while we wait, so the truth lies between the bounds, and many
// answers bring them together.
func TestSkewIsBounded(t *testing.T) {
	start := time.Date(2026, 12, 1, 9, 0, 0, 123_456_789, time.UTC)
	for _, ahead := range []time.Duration{0, 300 * time.Millisecond, -4 * time.Second, 6*time.Minute + 700*time.Millisecond, -time.Hour} {
		for _, took := range []time.Duration{0, 80 * time.Millisecond, 3 * time.Second} {
			for times, doubt := range map[int]time.Duration{1: (time.Second + took) / 2, 40: took/2 + 30*time.Millisecond} {
				s, ok := ask(t, &dating{ahead: ahead, took: took, now: start}, times, 137*time.Millisecond).Skew()
				if !ok || s.Least > ahead || s.Most < ahead || s.Doubt() > doubt {
					t.Errorf("%v ahead, %d answers in %v: got %v to %v, %v, want it between and within %v", ahead, times, took, s.Least, s.Most, ok, doubt)
				}
			}
		}
	}
}

// TestCachesTellNoTime: an answer out of a cache has the Date of when it was put there.
func TestCachesTellNoTime(t *testing.T) {
	d := &dating{ahead: time.Hour, now: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), head: func(h http.Header) { h.Set("Age", "3600") }}
	clock := ask(t, d, 3, time.Second)
	if s, ok := clock.Skew(); ok {
		t.Errorf("got a skew of %v out of a cache", s)
	}
	if n, cached := clock.Silent(); n != 3 || cached != 3 {
		t.Errorf("got %d answers with %d out of a cache, want 3", n, cached)
	}
	d.head = func(h http.Header) { h.Del("Date") }
	clock = ask(t, d, 1, 0)
	if n, cached := clock.Silent(); n != 1 || cached != 0 {
		t.Errorf("got %d answers with %d out of a cache, want one without a date", n, cached)
	}
	if _, ok := clock.Skew(); ok {
		t.Error("got a skew without a date")
	}
}

// TestClockThatWasSet: what contradicts the newest answer is forgotten.
func TestClockThatWasSet(t *testing.T) {
	d := &dating{ahead: time.Hour, now: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
	n := 0
	d.head = func(h http.Header) {
		if n++; n == 3 {
			d.ahead, d.now = 0, d.now.Add(-time.Hour)
		}
	}
	if s, ok := ask(t, d, 6, time.Second).Skew(); !ok || s.Mid().Abs() > time.Second {
		t.Errorf("got %v, %v after the clock was set, want none", s, ok)
	}
}
