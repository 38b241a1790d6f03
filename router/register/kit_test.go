package register_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/quota"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/register"
)

// memory keeps deliveries, and what is known of webhooks.
type memory struct {
	mu    sync.Mutex
	list  []ledger.Arrival
	hooks map[string][]byte
}

func (m *memory) Put(_ context.Context, list []ledger.Arrival) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, list...)
	return nil
}

func (m *memory) PutHooks(_ context.Context, connection string, text []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks[connection] = append([]byte(nil), text...)
	return nil
}

func (m *memory) Hooks(_ context.Context, connection string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hooks[connection], nil
}

func (m *memory) stored() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.list)
}

// bench is a hub's receiver behind a real server, and one connection to a vendor.
type bench struct {
	t       testing.TB
	store   *memory
	public  string
	office  *register.Office
	account register.Account
	hook    receive.Hook

	mu   sync.Mutex
	rec  *receive.Receiver
	down int // status to answer instead; 0 = none
}

// newBench opens a connection whose vendor is at an address.
func newBench(t testing.TB, vendor, address string, settings map[string]any, now func() time.Time) *bench {
	t.Helper()
	b := &bench{t: t, store: &memory{hooks: map[string][]byte{}}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		rec, down := b.rec, b.down
		b.mu.Unlock()
		if down != 0 {
			w.WriteHeader(down)
			return
		}
		rec.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.public = server.URL + "/at/home"
	settings["base_url"] = address
	for _, c := range all.List {
		if c.Spec.Name == vendor {
			b.open(c, settings, now)
		}
	}
	if b.account.Registrar == nil {
		t.Fatalf("there is no connector %s, or it registers nothing", vendor)
	}
	b.start()
	t.Cleanup(func() { b.rec.Close() })
	return b
}

func (b *bench) open(c connectors.Connector, settings map[string]any, now func() time.Time) {
	b.t.Helper()
	values, problems := c.Spec.Parse(settings)
	if problems != nil {
		b.t.Fatal(problems)
	}
	client, _, err := transport.Open(transport.Config{Connection: "desk", Spec: c.Spec, Values: values, Safe: c.Spec.Safe,
		Limiter: quota.New(quota.Config{Limits: c.Spec.Limits(values)})})
	b.must(err)
	opened, err := c.Open(connectors.Env{Connection: "desk", Settings: values, HTTP: client, Now: now})
	b.must(err)
	b.hook = receive.Hook{Connection: "desk", Webhook: opened.(connectors.Webhook)}
	configured := false
	for _, set := range c.Spec.WebhookProofs() {
		configured = configured || !values.Secret(set.Name).IsZero()
	}
	b.account = register.Account{Registrar: opened.(connectors.Registrar), Configured: configured,
		Place: connectors.Place{Connection: "desk", Address: b.public + "/hooks/desk"}}
	b.office = &register.Office{Store: b.store, Now: now}
}

// start starts the receiver, as after a restart: what it knows it has from the store.
func (b *bench) start() {
	b.t.Helper()
	rec, err := receive.New(receive.Options{Hooks: []receive.Hook{b.hook}, Public: b.public, Store: b.store, Now: b.office.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	b.must(err)
	b.mu.Lock()
	old := b.rec
	b.rec = rec
	b.mu.Unlock()
	if old != nil {
		old.Close()
	}
	b.office.Receiver = rec
	b.must(b.office.Trust(context.Background(), b.account))
}

func (b *bench) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = status
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// register registers and returns what was done, without what was kept.
func (b *bench) register() (done []register.Action) {
	b.t.Helper()
	list, _, err := b.office.Register(context.Background(), b.account)
	b.must(err)
	for _, o := range list {
		b.must(o.Err)
		if o.Do != register.Keep {
			done = append(done, o.Do)
		}
	}
	return done
}

// check looks once and returns what was done and how often something was told to be missed.
func (b *bench) check(repair bool) (done []register.Action, missed int) {
	b.t.Helper()
	list, err := b.office.Check(context.Background(), b.account, repair, func(_ context.Context, since time.Time, why string) error {
		if since.IsZero() || why == "" {
			b.t.Errorf("missed since %v because of %q", since, why)
		}
		missed++
		return nil
	})
	b.must(err)
	for _, o := range list {
		b.must(o.Err)
		done = append(done, o.Do)
	}
	return done, missed
}

// quiet has a second run find nothing to do, also after a restart.
func (b *bench) quiet() {
	b.t.Helper()
	if done := b.register(); done != nil {
		b.t.Errorf("a second run did %v", done)
	}
	if done, missed := b.check(true); done != nil || missed != 0 {
		b.t.Errorf("a look did %v and told %d times that something was missed", done, missed)
	}
	b.start()
	if done := b.register(); done != nil {
		b.t.Errorf("a run after a restart did %v", done)
	}
}

// one is a webhook as the store keeps it.
type one struct{ URL, secret string }

// only returns the only webhook that is kept, with its newest secret.
func (b *bench) only() one {
	b.t.Helper()
	var k struct {
		Subscriptions []struct {
			URL     string
			Secrets []string
		}
	}
	text, _ := b.store.Hooks(context.Background(), "desk")
	b.must(json.Unmarshal(text, &k))
	if len(k.Subscriptions) != 1 || len(k.Subscriptions[0].Secrets) != 1 {
		b.t.Fatalf("%d webhooks are kept, want one with one secret", len(k.Subscriptions))
	}
	return one{k.Subscriptions[0].URL, k.Subscriptions[0].Secrets[0]}
}

// post delivers and returns the status.
func (b *bench) post(url, header, value, body string) int {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	b.must(err)
	req.Header.Set(header, value)
	res, err := http.DefaultClient.Do(req)
	b.must(err)
	_ = res.Body.Close()
	return res.StatusCode
}

func hexMAC(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func same(got []register.Action, want ...register.Action) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}
