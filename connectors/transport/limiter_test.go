package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
)

// turnstile is a Limiter that counts.
type turnstile struct {
	costs []connectors.Cost
	ends  []transport.Outcome
	err   error
}

func (s *turnstile) Acquire(_ context.Context, cost connectors.Cost) (transport.Permit, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.costs = append(s.costs, cost)
	return s, nil
}

func (s *turnstile) Done(o transport.Outcome) { s.ends = append(s.ends, o) }

func TestLimiterSeesEveryAttempt(t *testing.T) {
	s := &turnstile{}
	change := func(c *transport.Config) {
		c.Limiter = s
		c.Spec.Limits = func(connectors.Values) []connectors.Limit { return []connectors.Limit{{Name: "calls"}} }
		c.Spec.Told = func(r *http.Response) []connectors.Told {
			return []connectors.Told{{Limit: r.Header.Get("X-Limit"), Remaining: 0}}
		}
	}
	inMemory(t, change, func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return reply(429, "Retry-After", "3", "X-Limit", "calls"), nil
		case 2:
			return nil, io.EOF
		}
		return reply(200, "X-Limit", "calls"), nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		if status, err := call(t, h, "GET"); status != 200 {
			t.Fatalf("got %d, %v, want 200", status, err)
		}
		if len(s.costs) != 3 || len(s.ends) != 3 || s.costs[0].Weight != 1 || s.costs[0].Limits[0] != "calls" {
			t.Fatalf("got %d permits (%v) and %d ends, want 3 of the declared limit", len(s.costs), s.costs, len(s.ends))
		}
		first := s.ends[0]
		if first.Status != 429 || first.RetryAfter != 3*time.Second || first.Limit != "calls" || s.ends[1].Err == nil || s.ends[2].Limit != "" {
			t.Errorf("got ends %+v, want the refusal with its limit, the failure and the success", s.ends)
		}
	})
}

func TestPermitIsHeldUntilTheBodyEnds(t *testing.T) {
	s := &turnstile{}
	change := func(c *transport.Config) { c.Limiter = s }
	inMemory(t, change, func(n int, _ *http.Request) (*http.Response, error) {
		r := reply(200)
		r.Body = io.NopCloser(strings.NewReader("long"))
		return r, nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		for _, end := range []func(io.ReadCloser){
			func(b io.ReadCloser) { _, _ = io.Copy(io.Discard, b); _ = b.Close() },
			func(b io.ReadCloser) { _ = b.Close() },
		} {
			s.ends = nil
			resp, err := h.Get("https://api.vendor.example/v1")
			if err != nil || len(s.ends) != 0 {
				t.Fatalf("got %v with %d ends, want none before the body is read", err, len(s.ends))
			}
			end(resp.Body)
			if len(s.ends) != 1 {
				t.Errorf("got %d ends, want 1", len(s.ends))
			}
		}
	})
}

func TestLimitersRefusalIsNotRepeated(t *testing.T) {
	long := &connectors.Error{Kind: connectors.Limited, After: time.Hour, Limit: "day"}
	for _, refusal := range []error{long, context.Canceled} {
		change := func(c *transport.Config) { c.Limiter = &turnstile{err: refusal} }
		inMemory(t, change, nil, func(t *testing.T, h *http.Client, w *wire) {
			_, err := call(t, h, "GET")
			if refusal == error(long) && connectors.After(err) != time.Hour || len(w.bodies) != 0 {
				t.Errorf("got %v after %d attempts, want the limiter's own error and none", err, len(w.bodies))
			}
			if errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
