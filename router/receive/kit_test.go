package receive_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
)

const public = "https://hooks.example.com"

// memory is a Store that can refuse, and that can be made to wait.
type memory struct {
	mu      sync.Mutex
	list    []ledger.Arrival
	batches int
	err     error
	wait    chan struct{} // closed = go on; nil = at once
	began   chan struct{} // gets one for each Put
}

func (m *memory) Put(_ context.Context, list []ledger.Arrival) error {
	if m.began != nil {
		m.began <- struct{}{}
	}
	if m.wait != nil {
		<-m.wait
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.batches++
	for _, a := range list {
		a.Request.Body = []byte(string(a.Request.Body))
		m.list = append(m.list, a)
	}
	return nil
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) stored() []ledger.Arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]ledger.Arrival(nil), m.list...)
}

// clock is our clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logged is what the receiver wrote to its log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// bench is a receiver under test.
type bench struct {
	*receive.Receiver
	t     testing.TB
	store *memory
	clock *clock
	log   *logged
}

func newBench(t testing.TB, change func(*receive.Options), hooks ...receive.Hook) *bench {
	t.Helper()
	b := &bench{t: t, store: &memory{}, clock: &clock{at: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}, log: &logged{}}
	o := receive.Options{Hooks: hooks, Public: public, Store: b.store, Now: b.clock.now,
		Log: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&o)
	}
	var err error
	if b.Receiver, err = receive.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// send has the receiver handle one request.
func (b *bench) send(method, path string, header http.Header, body string) *http.Response {
	b.t.Helper()
	req := httptest.NewRequest(method, public+path, strings.NewReader(body))
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	return w.Result()
}

func (b *bench) want(what string, res *http.Response, status, stored int) {
	b.t.Helper()
	if got := len(b.store.stored()); res.StatusCode != status || got != stored {
		b.t.Errorf("%s: got status %d with %d deliveries stored, want %d with %d", what, res.StatusCode, got, status, stored)
	}
}

// token is a vendor that shows a secret in a header, or in the path.
type token struct {
	secret string
	inPath bool
	parsed int
}

var errWrong = errors.New("verify delivery: wrong token")

func (v *token) Verify(d connectors.Delivery) error {
	got := d.Header.Get("X-Token")
	if v.inPath {
		got = d.Path[strings.LastIndexByte(d.Path, '/')+1:]
	}
	if v.secret == "" || got != v.secret {
		return errWrong
	}
	return nil
}

func (v *token) Parse(connectors.Delivery) ([]connectors.Hint, error) {
	v.parsed++
	return nil, nil
}

// Probe implements connectors.Prober, as Mailchimp does it.
func (v *token) Probe(d connectors.Delivery) error {
	if !v.inPath || d.Method != http.MethodGet {
		return errWrong
	}
	return v.Verify(d)
}

func crm() receive.Hook { return receive.Hook{Connection: "crm", Webhook: &token{secret: "s3cret"}} }
func mail() receive.Hook {
	return receive.Hook{Connection: "mail", Webhook: &token{secret: "in-the-path-0001", inPath: true}, InPath: true}
}

var shown = http.Header{"X-Token": {"s3cret"}}

// vendor opens the webhooks of one of ours with only what those need.
func vendor(t testing.TB, name string, settings map[string]any) receive.Hook {
	t.Helper()
	for _, c := range all.List {
		if c.Spec.Name != name {
			continue
		}
		values, _ := c.Spec.Parse(settings)
		opened, err := c.Hooks(connectors.Env{Connection: name, Settings: values, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		hook, err := receive.HookOf(name, c.Spec, values, opened)
		if err != nil {
			t.Fatal(err)
		}
		return hook
	}
	t.Fatalf("there is no connector %s", name)
	return receive.Hook{}
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
