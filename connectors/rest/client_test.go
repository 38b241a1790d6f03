package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

func serve(t *testing.T, h http.HandlerFunc) rest.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return rest.Client{HTTP: s.Client(), Base: s.URL + "/api/1.0/"}
}

func asError(t *testing.T, err error) *connectors.Error {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *connectors.Error", err, err)
	}
	return e
}

func TestRequestIsBuiltAsAsked(t *testing.T) {
	var got struct{ method, uri, body, accept, kind, extra string }
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.method, got.uri, got.body = r.Method, r.RequestURI, string(body)
		got.accept, got.kind, got.extra = r.Header.Get("Accept"), r.Header.Get("Content-Type"), r.Header.Get("X-Extra")
		fmt.Fprint(w, `{"ok":true}`)
	})
	c.Header = http.Header{"x-extra": {"1"}}
	r, err := c.Do(t.Context(), "find tasks", "POST", "/tasks?a=1", url.Values{"b": {"2 3"}}, map[string]string{"name": "A&B"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"A&B"}`; got.body != want {
		t.Errorf("got body %s, want %s", got.body, want)
	}
	if want := "/api/1.0/tasks?a=1&b=2+3"; got.method != "POST" || got.uri != want {
		t.Errorf("got %s %s, want POST %s", got.method, got.uri, want)
	}
	if got.accept != "application/json" || got.kind != "application/json" || got.extra != "1" {
		t.Errorf("got headers %+v, want JSON both ways and the extra one", got)
	}
	if r.Status != 200 || string(r.Body) != `{"ok":true}` || r.Date.IsZero() {
		t.Errorf("got %d %s %v, want 200, the body and a date", r.Status, r.Body, r.Date)
	}
}

func TestCompleteAddressStaysOnBase(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `%q`, r.URL.Path) })
	base, _ := url.Parse(c.Base)
	r, err := c.Do(t.Context(), "next page", "GET", base.Scheme+"://"+base.Host+"/other/page", nil, nil)
	if err != nil || string(r.Body) != `"/other/page"` {
		t.Errorf("got %v %v, want the page on the same host", r, err)
	}
	for _, elsewhere := range []string{"https://evil.example/x", "http://user:secret@" + base.Host + ".evil.example/?token=secret"} {
		_, err = c.Do(t.Context(), "next page", "GET", elsewhere, nil, nil)
		if e := asError(t, err); e.Kind != connectors.Rejected || strings.Contains(e.Error(), "secret") {
			t.Errorf("got %v, want Rejected without the address", err)
		}
	}
}

func TestStatusDecidesTheKind(t *testing.T) {
	cases := map[int]connectors.Kind{
		301: connectors.Denied, 302: connectors.Temporary, 400: connectors.Rejected, 401: connectors.Denied, 402: connectors.Rejected,
		403: connectors.Denied, 404: connectors.NotFound, 408: connectors.Temporary, 409: connectors.Rejected, 410: connectors.Gone,
		412: connectors.Rejected, 422: connectors.Rejected, 423: connectors.Limited, 425: connectors.Temporary, 429: connectors.Limited,
		477: connectors.Limited, 500: connectors.Temporary, 503: connectors.Temporary, 520: connectors.Temporary, 524: connectors.Temporary,
	}
	for status, want := range cases {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"sync":"token"}`)
		})
		r, err := c.Do(t.Context(), "op", "GET", "/x", nil, nil)
		if e := asError(t, err); e.Kind != want || e.Status != status || e.Op != "op" {
			t.Errorf("%d: got %v, want kind %v", status, e, want)
		}
		if r == nil || r.Status != status || string(r.Body) != `{"sync":"token"}` {
			t.Errorf("%d: got answer %+v, want the refused one", status, r)
		}
	}
}

func TestLockedWaitsTwoSeconds(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(423) })
	if _, err := c.Do(t.Context(), "op", "GET", "/", nil, nil); connectors.After(err) != 2*time.Second {
		t.Errorf("got %v, want 2s", connectors.After(err))
	}
}

func TestExplainOverrides(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(403)
		fmt.Fprint(w, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]`)
	})
	c.Explain = func(status int, _ http.Header, body []byte) rest.Problem {
		if status != 403 || !strings.Contains(string(body), "LIMIT") {
			t.Errorf("got %d %s, want the refusal", status, body)
		}
		return rest.Problem{Reason: "REQUEST_LIMIT_EXCEEDED", Trace: "t1", Kind: connectors.Limited, After: 5 * time.Minute, Limit: "day"}
	}
	_, err := c.Do(t.Context(), "op", "GET", "/", nil, nil)
	e := asError(t, err)
	if e.Kind != connectors.Limited || e.After != 5*time.Minute || e.Limit != "day" || e.Trace != "t1" {
		t.Errorf("got %+v, want what Explain said", e)
	}
}

func TestBrokenAnswersAreTemporary(t *testing.T) {
	cut := func(w http.ResponseWriter, head string) {
		conn, buf, _ := w.(http.Hijacker).Hijack()
		fmt.Fprint(buf, head)
		_ = buf.Flush()
		_ = conn.Close()
	}
	cases := map[string]http.HandlerFunc{
		"length": func(w http.ResponseWriter, _ *http.Request) {
			cut(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1]")
		},
		"chunk": func(w http.ResponseWriter, _ *http.Request) {
			cut(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n")
		},
		"no length": func(w http.ResponseWriter, _ *http.Request) { cut(w, "HTTP/1.0 200 OK\r\n\r\n[1,2") },
		"no head":   func(w http.ResponseWriter, _ *http.Request) { cut(w, "") },
		"malformed": func(w http.ResponseWriter, _ *http.Request) { cut(w, "anna@example.org secret\r\n\r\n") },
		"empty":     func(w http.ResponseWriter, _ *http.Request) {},
		"login page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>")
		},
	}
	for name, h := range cases {
		c := serve(t, h)
		r, err := c.Do(t.Context(), "op", "GET", "/x?key=secret", nil, nil)
		if e := asError(t, err); e.Kind != connectors.Temporary || r != nil {
			t.Errorf("%s: got %v %v, want Temporary and no answer", name, r, e)
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: error %q shows the query or the body", name, err)
		}
	}
}

func TestEmptyIsFineWhereNothingIsExpected(t *testing.T) {
	for method, status := range map[string]int{"GET": 204, "POST": 202, "DELETE": 200, "PUT": 200} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if _, err := c.Do(t.Context(), "op", method, "/", nil, nil); err != nil {
			t.Errorf("%s %d: got %v, want no error", method, status, err)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	for _, announced := range []bool{true, false} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if !announced {
				w.(http.Flusher).Flush()
			}
			fmt.Fprint(w, `"`+strings.Repeat("x", 100)+`"`)
		})
		c.MaxBody = 50
		_, err := c.Do(t.Context(), "op", "GET", "/", nil, nil)
		if e := asError(t, err); e.Kind != connectors.Rejected || !strings.Contains(e.Reason, "50 bytes") && !strings.Contains(e.Reason, "most is 50") {
			t.Errorf("got %v, want Rejected that names the bound", e)
		}
	}
}

func TestOtherMediaTypeIsNotChecked(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Id,Name\n") })
	c.Accept = "text/csv"
	if r, err := c.Do(t.Context(), "op", "GET", "/", nil, nil); err != nil || string(r.Body) != "Id,Name\n" {
		t.Errorf("got %v %v, want the CSV", r, err)
	}
}

func TestContextErrorsPassThrough(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := c.Do(ctx, "op", "GET", "/?key=secret", nil, nil); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want context.Canceled without the query", err)
	}
}

func TestOwnTimeoutIsNotTheCallersDeadline(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.HTTP.Timeout = 20 * time.Millisecond
	_, err := c.Do(t.Context(), "op", "GET", "/?key=secret", nil, nil)
	if e := asError(t, err); e.Kind != connectors.Temporary || errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want Temporary that is not the caller's deadline", err)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestErrorsOfInnerLayersKeepTheirKind(t *testing.T) {
	inner := &connectors.Error{Kind: connectors.Denied, Op: "refresh token", Reason: "invalid_grant"}
	c := rest.Client{HTTP: &http.Client{Transport: failing{inner}}, Base: "http://vendor.example"}
	_, err := c.Do(t.Context(), "read contacts", "GET", "/", nil, nil)
	if e := asError(t, err); e.Kind != connectors.Denied || e.Op != "read contacts" || inner.Op != "refresh token" {
		t.Errorf("got %+v, want Denied under the new operation and the inner error untouched", e)
	}
}

func TestUnknownFailuresShowNothing(t *testing.T) {
	c := rest.Client{HTTP: &http.Client{Transport: failing{errors.New("token pat-secret")}}, Base: "http://vendor.example"}
	if _, err := c.Do(t.Context(), "op", "GET", "/", nil, nil); strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error that hides an unknown text", err)
	}
}

func TestBodyThatCannotBeEncodedIsRejected(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") })
	if _, err := c.Do(t.Context(), "op", "POST", "/", nil, func() {}); connectors.KindOf(err) != connectors.Rejected {
		t.Errorf("got %v, want Rejected", err)
	}
	if _, err := c.Do(t.Context(), "op", "POST", "/", nil, json.Number("x")); connectors.KindOf(err) != connectors.Rejected {
		t.Errorf("got %v, want Rejected", err)
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	seen := map[string]bool{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen[r.RemoteAddr] = true
		w.WriteHeader(400)
		fmt.Fprint(w, strings.Repeat("x", 100<<10))
	})
	for range 5 {
		_, _ = c.Do(t.Context(), "op", "GET", "/", nil, nil)
	}
	if len(seen) != 1 {
		t.Errorf("got %d connections, want 1: bodies are not drained", len(seen))
	}
}
