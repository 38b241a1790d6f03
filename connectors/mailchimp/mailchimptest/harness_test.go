package mailchimptest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// account is a simulator and a way to call it without a network.
type account struct {
	*mailchimptest.Server
	t     testing.TB
	clock *sandbox.Clock
	list  string
}

func open(t testing.TB, opt mailchimptest.Options) *account {
	clock := sandbox.NewClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	clock.Freeze()
	opt.Clock = clock
	a := &account{Server: mailchimptest.New(opt), t: t, clock: clock}
	a.list = a.CreateList("News")
	return a
}

type reply struct {
	code   int
	header http.Header
	body   []byte
}

// do sends a request; body may be nil or a string of JSON.
func (a *account) do(method, path, body string) reply {
	a.t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader([]byte(body)))
	r.SetBasicAuth("any", mailchimptest.DefaultKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	out, err := io.ReadAll(w.Result().Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return reply{w.Code, w.Header(), out}
}

// want fails the test when the status is another, and returns what the answer says.
func (r reply) want(t testing.TB, code int) map[string]any {
	t.Helper()
	if r.code != code {
		t.Fatalf("got status %d %.500s, want %d", r.code, r.body, code)
	}
	out := map[string]any{}
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &out); err != nil {
			t.Fatalf("answer is no JSON: %v\n%.500s", err, r.body)
		}
	}
	return out
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// serve returns the status of a request.
func serve(a *account, r *http.Request) int {
	r.RequestURI = r.URL.RequestURI()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w.Code
}

// sandboxServer is an address that webhooks can be sent to.
func sandboxServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
