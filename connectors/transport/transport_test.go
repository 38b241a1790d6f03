package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
	"github.com/millrace/millrace/connectors/transport"
)

// spec is a vendor with one static token.
func spec(token string) connectors.Spec {
	return connectors.Spec{Name: "acme", Settings: []connectors.Setting{connectors.BaseURL("")},
		SignIn: func(connectors.Values) (connectors.SignIn, error) {
			return connectors.SignIn{Token: connectors.NewSecret(token)}, nil
		}}
}

func values(t *testing.T, s connectors.Spec, base string) connectors.Values {
	t.Helper()
	v, problems := s.Parse(map[string]any{"base_url": base})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return v
}

// config is the smallest one for the address.
func config(t *testing.T, base string) transport.Config {
	s := spec("pat-secret")
	return transport.Config{Connection: "acme-main", Spec: s, Values: values(t, s, base)}
}

func client(t *testing.T, c transport.Config) *http.Client {
	t.Helper()
	h, err := transport.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.CloseIdleConnections)
	return h
}

// wire answers attempts in memory, so that waits run in virtual time.
type wire struct {
	mu     sync.Mutex
	bodies []string
	at     []time.Time
	answer func(n int, r *http.Request) (*http.Response, error) // n counts from 1
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	w.mu.Lock()
	w.bodies, w.at = append(w.bodies, string(body)), append(w.at, time.Now())
	n := len(w.bodies)
	w.mu.Unlock()
	resp, err := w.answer(n, r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func reply(status int, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(`{}`)), ContentLength: 2}
}

// inMemory runs f in a bubble with a client that talks to answer.
func inMemory(t *testing.T, change func(*transport.Config), answer func(n int, r *http.Request) (*http.Response, error), f func(t *testing.T, h *http.Client, w *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: answer}
		c := config(t, "https://api.vendor.example/v1")
		c.Base = w
		if change != nil {
			change(&c)
		}
		f(t, client(t, c), w)
	})
}

func call(t *testing.T, h *http.Client, method string) (int, error) {
	t.Helper()
	r, err := rest.Client{HTTP: h, Base: "https://api.vendor.example/v1"}.Do(t.Context(), "op", method, "/tasks?key=secret", nil, []byte(`{"a":1}`))
	if r == nil {
		return 0, err
	}
	return r.Status, err
}

func TestReadsAreRepeatedAtMostTwice(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		inMemory(t, nil, func(n int, _ *http.Request) (*http.Response, error) { return reply(500), nil }, func(t *testing.T, h *http.Client, w *wire) {
			status, err := call(t, h, method)
			if status != 500 || connectors.KindOf(err) != connectors.Temporary || len(w.bodies) != 3 {
				t.Errorf("%s: got %d, %v after %d attempts, want the 500 itself after 3", method, status, err, len(w.bodies))
			}
			if w.bodies[2] != `{"a":1}` {
				t.Errorf("%s: got body %q in the last attempt, want the whole one", method, w.bodies[2])
			}
		})
	}
}

func TestRecoversFromABrokenConnection(t *testing.T) {
	inMemory(t, nil, func(n int, _ *http.Request) (*http.Response, error) {
		if n < 3 {
			return nil, io.ErrUnexpectedEOF
		}
		return reply(200), nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		if status, err := call(t, h, "GET"); status != 200 || err != nil {
			t.Errorf("got %d, %v, want 200", status, err)
		}
	})
}

func TestWrittenPostIsNotRepeated(t *testing.T) {
	var seen atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		seen.Add(1)
		if r.URL.Path == "/500" {
			w.WriteHeader(500)
			return
		}
		conn, _, _ := w.(http.Hijacker).Hijack() // done, but the answer gets lost
		_ = conn.Close()
	}))
	t.Cleanup(s.Close)
	h := client(t, config(t, s.URL))
	for _, path := range []string{"/lost", "/500"} {
		seen.Store(0)
		_, err := rest.Client{HTTP: h, Base: s.URL}.Do(t.Context(), "create task", "POST", path, nil, []byte(`{}`))
		if connectors.KindOf(err) != connectors.Temporary || seen.Load() != 1 {
			t.Errorf("%s: got %v after %d attempts, want Temporary after 1: a second one would be a second task", path, err, seen.Load())
		}
	}
}

func TestPostThatWasNotWrittenIsRepeated(t *testing.T) {
	var seen, dials atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { seen.Add(1); fmt.Fprint(w, `{}`) }))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Base = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	_, err := rest.Client{HTTP: client(t, c), Base: s.URL}.Do(t.Context(), "create task", "POST", "/", nil, []byte(`{}`))
	if err != nil || seen.Load() != 1 || dials.Load() != 2 {
		t.Errorf("got %v, %d requests, %d dials, want success with the second dial", err, seen.Load(), dials.Load())
	}
}

func TestPostOverAnUnwatchedTransportIsNotRepeated(t *testing.T) {
	inMemory(t, nil, func(int, *http.Request) (*http.Response, error) { return nil, io.EOF }, func(t *testing.T, h *http.Client, w *wire) {
		if _, err := call(t, h, "POST"); err == nil || len(w.bodies) != 1 {
			t.Errorf("got %v after %d attempts, want an error after 1: nothing proves it was not written", err, len(w.bodies))
		}
	})
}

func TestRefusedPostIsRepeatedAfterAShortWait(t *testing.T) {
	inMemory(t, nil, func(n int, _ *http.Request) (*http.Response, error) {
		if n == 1 {
			return reply(429, "Retry-After", "3"), nil
		}
		return reply(201), nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		if status, err := call(t, h, "POST"); status != 201 || err != nil {
			t.Errorf("got %d, %v, want 201", status, err)
		}
		if got := w.at[1].Sub(w.at[0]); got < 3*time.Second || got > 4*time.Second {
			t.Errorf("got a wait of %v, want the 3s asked for", got)
		}
	})
}

func TestLongWaitIsTheRoutersToPlan(t *testing.T) {
	for _, status := range []int{429, 503} {
		inMemory(t, nil, func(int, *http.Request) (*http.Response, error) { return reply(status, "Retry-After", "60"), nil }, func(t *testing.T, h *http.Client, w *wire) {
			start := time.Now()
			_, err := call(t, h, "GET")
			if connectors.After(err) != time.Minute || len(w.bodies) != 1 || time.Since(start) != 0 {
				t.Errorf("got %v after %d attempts and %v, want the minute reported at once", err, len(w.bodies), time.Since(start))
			}
		})
	}
}

func TestSafePostIsRepeated(t *testing.T) {
	safe := func(c *transport.Config) {
		c.Safe = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/tasks") }
	}
	inMemory(t, safe, func(n int, _ *http.Request) (*http.Response, error) {
		if n == 1 {
			return reply(502), nil
		}
		return reply(200), nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		if status, err := call(t, h, "POST"); status != 200 || err != nil {
			t.Errorf("got %d, %v, want 200 after a retry", status, err)
		}
	})
}

func TestRetriesEndWhileTheVendorIsDown(t *testing.T) {
	change := func(c *transport.Config) { c.BreakAfter = 1000 }
	inMemory(t, change, func(int, *http.Request) (*http.Response, error) { return reply(500), nil }, func(t *testing.T, h *http.Client, w *wire) {
		for range 100 {
			_, _ = call(t, h, "GET")
		}
		if got := len(w.bodies); got > 115 {
			t.Errorf("got %d attempts for 100 calls of a failing vendor, want at most 115", got)
		}
	})
}

func TestCancelEndsTheWait(t *testing.T) {
	inMemory(t, nil, func(int, *http.Request) (*http.Response, error) { return reply(429, "Retry-After", "4"), nil }, func(t *testing.T, h *http.Client, w *wire) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := rest.Client{HTTP: h, Base: "https://api.vendor.example"}.Do(ctx, "op", "GET", "/", nil, nil)
		if !errors.Is(err, context.DeadlineExceeded) || len(w.bodies) != 1 {
			t.Errorf("got %v after %d attempts, want the caller's deadline after 1", err, len(w.bodies))
		}
	})
}

func TestAttemptIsBoundedInTime(t *testing.T) {
	change := func(c *transport.Config) { c.Timeout = 7 * time.Second }
	inMemory(t, change, func(_ int, r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}, func(t *testing.T, h *http.Client, w *wire) {
		start := time.Now()
		_, err := call(t, h, "GET")
		if connectors.KindOf(err) != connectors.Temporary || errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second || len(w.bodies) != 1 {
			t.Errorf("got %v after %v and %d attempts, want Temporary after 7s and 1", err, time.Since(start), len(w.bodies))
		}
	})
}

func TestBreaker(t *testing.T) {
	down := true
	var log bytes.Buffer
	change := func(c *transport.Config) {
		c.Retries, c.BreakAfter, c.BreakFor = -1, 3, 10*time.Second
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	}
	inMemory(t, change, func(int, *http.Request) (*http.Response, error) {
		if down {
			return reply(503), nil
		}
		return reply(200), nil
	}, func(t *testing.T, h *http.Client, w *wire) {
		for range 3 {
			_, _ = call(t, h, "GET")
		}
		time.Sleep(4 * time.Second)
		_, err := call(t, h, "GET")
		if connectors.KindOf(err) != connectors.Temporary || connectors.After(err) != 6*time.Second || len(w.bodies) != 3 {
			t.Errorf("got %v (after %v) with %d attempts, want Temporary after 6s without a fourth", err, connectors.After(err), len(w.bodies))
		}
		if !strings.HasSuffix(err.Error(), ": HTTP 503") || !strings.Contains(log.String(), `error="HTTP 503"`) {
			t.Errorf("got %q and log %q, want both to say why", err, log.String())
		}
		down = false
		time.Sleep(7 * time.Second)
		for range 2 {
			if status, err := call(t, h, "GET"); status != 200 {
				t.Errorf("got %d, %v, want 200 after the rest", status, err)
			}
		}
		if got := log.String(); strings.Count(got, "\n") != 2 || strings.Contains(got, "secret") {
			t.Errorf("got log %q, want one line for the stop and one for the return", got)
		}
	})
}

func TestConnectionsStayOpen(t *testing.T) {
	var opened, n atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%10 == 0 {
			w.WriteHeader(500) // also answers that stay refused must not cost the pool
		}
		fmt.Fprint(w, `{"data":"`+strings.Repeat("x", 5000)+`"}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Workers, c.BreakAfter, c.Retries = 15, 1000, -1
	h := client(t, c)
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() {
			for range 100 {
				_, _ = rest.Client{HTTP: h, Base: s.URL}.Do(t.Context(), "op", "PUT", "/", nil, []byte(`{}`))
			}
		})
	}
	wg.Wait()
	if got := opened.Load(); got > 2*15+10 {
		t.Errorf("got %d connections for 1500 requests of 15 workers, want at most 40", got)
	}
}

func TestNothingSecretIsShown(t *testing.T) { // invariant 9
	var log bytes.Buffer
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := rest.Client{HTTP: client(t, c), Base: s.URL}.Do(t.Context(), "op", "PUT", "/?key=secret", nil, []byte(`{"mail":"secret"}`))
	if err == nil || strings.Contains(err.Error()+log.String(), "secret") || log.Len() == 0 {
		t.Errorf("got error %v and log %q, want both, without a secret", err, log.String())
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	c := config(t, "https://api.vendor.example")
	c.Values = connectors.Values{}
	if _, err := transport.New(c); err == nil {
		t.Error("got no error without base_url")
	}
	c = config(t, "https://api.vendor.example")
	c.Spec.SignIn = func(connectors.Values) (connectors.SignIn, error) {
		return connectors.SignIn{OAuth: &connectors.OAuth{}}, nil
	}
	if _, err := transport.New(c); err == nil {
		t.Error("got no error for OAuth without an address and a store")
	}
}
