package relay_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	"github.com/millrace/millrace/router/receive/relay"
)

// vault is a Vault that can refuse.
type vault struct {
	mu     sync.Mutex
	sealed []byte
	err    error
}

func (v *vault) PutTold(_ context.Context, sealed []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		v.sealed = bytes.Clone(sealed)
	}
	return v.err
}

func (v *vault) Told(context.Context) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sealed, nil
}

func (v *vault) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

// nothing is a Store that keeps nothing.
type nothing struct{}

func (nothing) Put(context.Context, []ledger.Arrival) error { return nil }

// wire is what goes between the receivers and a hub: it counts, records, and can do something else instead.
type wire struct {
	*httptest.Server
	mu      sync.Mutex
	hub     http.Handler
	instead func(http.ResponseWriter, *http.Request, relay.Batch) bool
	asks    []recorded
}

// recorded is a question and its answer.
type recorded struct {
	header http.Header
	body   []byte
	batch  relay.Batch
	answer *httptest.ResponseRecorder
}

func newWire(t testing.TB, hub *relay.Hub) *wire {
	t.Helper()
	w := &wire{hub: hub}
	w.Server = httptest.NewServer(w)
	t.Cleanup(func() { hub.Close(); w.Close() })
	return w
}

func (w *wire) ServeHTTP(res http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	r := recorded{header: req.Header.Clone(), body: body, answer: httptest.NewRecorder()}
	_ = json.Unmarshal(body, &r.batch)
	w.mu.Lock()
	hub, instead := w.hub, w.instead
	w.mu.Unlock()
	if instead != nil && instead(res, req, r.batch) {
		return
	}
	hub.ServeHTTP(r.answer, req)
	w.mu.Lock()
	w.asks = append(w.asks, r)
	w.mu.Unlock()
	replay(res, r.answer)
}

func (w *wire) do(instead func(http.ResponseWriter, *http.Request, relay.Batch) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instead = instead
}

// offers returns the exchanges that offered a secret.
func (w *wire) offers() (list []recorded) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.asks {
		if r.batch.Ask != nil && r.batch.Ask.Offer != nil {
			list = append(list, r)
		}
	}
	return list
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asks)
}

// again sends what was recorded once more.
func (w *wire) again(r recorded) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/forward", bytes.NewReader(r.body))
	req.Header = r.header
	res := httptest.NewRecorder()
	w.hub.ServeHTTP(res, req)
	return res
}

// station is a receiver on another host.
type station struct {
	*relay.Follower
	t     testing.TB
	rec   *receive.Receiver
	vault *vault
	stop  func()
}

// newStation makes a receiver of Asana's webhooks that does not run yet.
func newStation(t testing.TB, to string, key connectors.Secret, name string) *station {
	t.Helper()
	s := &station{t: t, vault: &vault{}}
	log := slog.New(slog.DiscardHandler)
	for _, c := range all.List {
		if c.Spec.Name != "asana" {
			continue
		}
		opened, err := c.Hooks(connectors.Env{Connection: "asana", Settings: connectors.Values{}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		s.rec, err = receive.New(receive.Options{Hooks: []receive.Hook{{Connection: "asana", Webhook: opened}},
			Public: "https://hooks.example.com", Store: nothing{}, Log: log})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.rec.Close)
	s.Follower = &relay.Follower{Client: client(t, to, key), Spool: "spool-of-" + name, Receiver: name, Takes: []string{"asana"}, To: s.rec,
		Vault: s.vault, Log: log}
	return s
}

// run has it ask the hub until the test ends or it is stopped.
func (s *station) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { s.Run(ctx) })
	s.stop = func() { cancel(); all.Wait() }
	s.t.Cleanup(s.stop)
}

func (s *station) post(path, header, value, body string) *http.Response {
	req := httptest.NewRequest("POST", "https://hooks.example.com"+path, strings.NewReader(body))
	req.Header.Set(header, value)
	w := httptest.NewRecorder()
	s.rec.ServeHTTP(w, req)
	return w.Result()
}

// offer offers a secret as Asana does.
func (s *station) offer(path, secret string) *http.Response {
	return s.post(path, "X-Hook-Secret", secret, "")
}

const events = `{"events":[]}`

// deliver posts a delivery that a secret signed and returns the status.
func (s *station) deliver(path, secret string) int {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(events))
	return s.post(path, "X-Hook-Signature", hex.EncodeToString(mac.Sum(nil)), events).StatusCode
}

// want checks whether a delivery that a secret signed is taken.
func (s *station) want(what, path, secret string, status int) {
	s.t.Helper()
	if got := s.deliver(path, secret); got != status {
		s.t.Errorf("%s: status %d, want %d", what, got, status)
	}
}

// kept remembers what a hub's ledger would.
type kept struct {
	mu   sync.Mutex
	list []string
	err  error
	wait time.Duration
}

func (k *kept) keep(_ context.Context, s connectors.Secret) error {
	time.Sleep(k.wait)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.list = append(k.list, s.Reveal())
	}
	return k.err
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.list)
}

func within(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

var errDisk = errors.New("disk")
