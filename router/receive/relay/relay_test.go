package relay_test

import (
	"bytes"
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
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive/relay"
)

var key = connectors.NewSecret(strings.Repeat("k", 32))

// keeper remembers what was forwarded.
type keeper struct {
	mu   sync.Mutex
	list []ledger.Forwarded
	err  error
}

func (k *keeper) PutForwarded(_ context.Context, spool string, list []ledger.Forwarded) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if spool == "" {
		return 0, errors.New("no spool")
	}
	if k.err != nil {
		return 0, k.err
	}
	k.list = append(k.list, list...)
	return len(list), nil
}

func (k *keeper) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.list)
}

func newHub(t testing.TB, k *keeper) *relay.Hub {
	t.Helper()
	hub, err := relay.NewHub(key, k, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

func client(t testing.TB, to string, key connectors.Secret) *relay.Client {
	t.Helper()
	c, err := relay.NewClient(to, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func batch(numbers ...uint64) (list []relay.Numbered) {
	for _, n := range numbers {
		list = append(list, relay.Numbered{Number: n, Connection: "crm", Request: connectors.Delivery{Method: "POST", URL: "https://hooks.example.com/hooks/crm",
			Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte{0, 1, 0xff}, Received: time.Unix(1e9, 0).UTC()}})
	}
	return list
}

func TestBatchArrivesAsItWas(t *testing.T) {
	k := &keeper{}
	server := httptest.NewServer(newHub(t, k))
	defer server.Close()
	list := batch(4, 9)
	if err := client(t, server.URL, key).Send(t.Context(), "s", list); err != nil {
		t.Fatal(err)
	}
	got := k.list[1]
	if k.count() != 2 || got.Number != 9 || got.Connection != "crm" || !bytes.Equal(got.Request.Body, []byte{0, 1, 0xff}) ||
		got.Request.Header.Get("Content-Type") != "application/json" || !got.Request.Received.Equal(time.Unix(1e9, 0)) {
		t.Errorf("arrived: %+v", k.list)
	}
}

// The hub takes nothing from whoever has not the key, or changed what was signed.
func TestHubKnowsItsReceivers(t *testing.T) {
	k := &keeper{}
	hub := newHub(t, k)
	var good *http.Request
	var body []byte
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		good, body = r.Clone(context.Background()), must(io.ReadAll(r.Body))
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer front.Close()
	list := batch(1)
	if err := client(t, front.URL, key).Send(t.Context(), "s", list); err == nil {
		t.Fatal("an answer of 502 is taken for stored")
	}
	try := func(method string, header http.Header, body string) int {
		req := httptest.NewRequest(method, "/forward", strings.NewReader(body))
		req.Header = header
		w := httptest.NewRecorder()
		hub.ServeHTTP(w, req)
		if w.Body.Len() > 0 && w.Code != 200 {
			t.Errorf("a refusal says %q", w.Body)
		}
		return w.Code
	}
	signature := good.Header.Get("Millrace-Signature")
	with := func(values ...string) http.Header {
		return http.Header{"Millrace-Door": {relay.Door(key)}, "Millrace-Signature": values}
	}
	noDoor := http.Header{"Millrace-Signature": {signature}}
	if got := try("POST", noDoor, string(body)); got != 404 || k.count() > 0 {
		t.Errorf("without the door's key: status %d and %d deliveries taken", got, k.count())
	}
	for name, got := range map[string]int{
		"unsigned": try("POST", with(), string(body)), "GET": try("GET", good.Header, string(body)),
		"changed": try("POST", good.Header, strings.Replace(string(body), "crm", "cRm", 1)), "longer": try("POST", good.Header, string(body)+" "),
		"upper case": try("POST", with(strings.ToUpper(signature)), string(body)), "two": try("POST", with(signature, signature), string(body)),
		"empty": try("POST", with(""), string(body)), "a receipt's": try("POST", with(strings.Repeat("0", 64)), string(body)),
	} {
		if got == 200 || k.count() > 0 {
			t.Errorf("%s: status %d and %d deliveries taken", name, got, k.count())
		}
	}
	if got := try("POST", good.Header, string(body)); got != 200 || k.count() != 1 {
		t.Errorf("authentic: status %d and %d deliveries taken", got, k.count())
	}
	other := httptest.NewServer(hub)
	defer other.Close()
	if err := client(t, other.URL, connectors.NewSecret(strings.Repeat("x", 32))).Send(t.Context(), "s", list); err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("another key: got %v, want an error that says what to do", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The receiver forgets nothing unless the hub itself says that it has it: not a proxy's page, not a stranger's 200.
func TestReceiverKnowsItsHub(t *testing.T) {
	k := &keeper{}
	hub := newHub(t, k)
	var recorded *httptest.ResponseRecorder
	answers := map[string]http.HandlerFunc{
		"an empty 200": func(w http.ResponseWriter, _ *http.Request) {},
		"a stranger's": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"up_to":1,"stored":1}`) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		},
		"one cut off":     func(w http.ResponseWriter, r *http.Request) { hub.ServeHTTP(&half{ResponseWriter: w}, r) },
		"that of another": func(w http.ResponseWriter, r *http.Request) { replay(w, recorded) },
	}
	recorded = httptest.NewRecorder()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.ServeHTTP(recorded, r)
		replay(w, recorded)
	}))
	defer first.Close()
	list := batch(1)
	if err := client(t, first.URL, key).Send(t.Context(), "s", list); err != nil {
		t.Fatal(err)
	}
	for name, answer := range answers {
		server := httptest.NewServer(answer)
		if err := client(t, server.URL, key).Send(t.Context(), "s", list); err == nil {
			t.Errorf("%s: got no error", name)
		}
		server.Close()
	}
	k.err = errors.New("disk")
	server := httptest.NewServer(hub)
	defer server.Close()
	if err := client(t, server.URL, key).Send(t.Context(), "s", list); err == nil {
		t.Error("a hub that could not store: got no error")
	}
}

// TestProxyOfTheHubIsNamed: nginx takes a megabyte unless it is told otherwise, and then one large delivery holds up all behind it.
func TestProxyOfTheHubIsNamed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }))
	defer server.Close()
	if err := client(t, server.URL, key).Send(t.Context(), "s", batch(1)); err == nil || !strings.Contains(err.Error(), "proxy before the hub") || !strings.Contains(err.Error(), "24 MiB") {
		t.Errorf("got %v, want the proxy named and what it must take", err)
	}
}

func replay(w http.ResponseWriter, r *httptest.ResponseRecorder) {
	for name, values := range r.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(r.Code)
	_, _ = w.Write(r.Body.Bytes())
}

// half writes half of an answer.
type half struct{ http.ResponseWriter }

func (h *half) Write(b []byte) (int, error) {
	_, err := h.ResponseWriter.Write(b[:len(b)/2])
	return len(b), err
}

// A stranger's body is not read at all.
func TestStrangersAreTurnedAwayAtTheDoor(t *testing.T) {
	body := &counted{}
	w := httptest.NewRecorder()
	newHub(t, &keeper{}).ServeHTTP(w, httptest.NewRequest("POST", "/forward", body))
	if w.Code != 404 || body.n > 0 {
		t.Errorf("status %d after %d reads, want 404 at once", w.Code, body.n)
	}
}

type counted struct{ n int }

func (c *counted) Read([]byte) (int, error) {
	c.n++
	return 0, io.EOF
}

func TestShortKeysAreRefused(t *testing.T) {
	short := connectors.NewSecret(strings.Repeat("k", 31))
	if _, err := relay.NewHub(short, &keeper{}, nil, slog.New(slog.DiscardHandler), time.Now); err == nil {
		t.Error("a hub took a short key")
	}
	if _, err := relay.NewClient("https://hub.example/forward", short, time.Now); err == nil {
		t.Error("a client took a short key")
	}
}

// What was recorded on its way is known to the hub for longer than it is taken.
func TestOldBatchIsRefused(t *testing.T) {
	k := &keeper{}
	late := time.Now
	hub, err := relay.NewHub(key, k, nil, slog.New(slog.DiscardHandler), func() time.Time { return late() })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(hub)
	defer server.Close()
	list := batch(1)
	for off, ok := range map[time.Duration]bool{29 * 24 * time.Hour: true, 31 * 24 * time.Hour: false, -31 * 24 * time.Hour: false} {
		late = func() time.Time { return time.Now().Add(off) }
		if err := client(t, server.URL, key).Send(t.Context(), "s", list); (err == nil) != ok {
			t.Errorf("%v later: got %v, want taken %v", off, err, ok)
		}
	}
}
