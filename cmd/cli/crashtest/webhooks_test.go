package crashtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

const (
	hookKey    = "the-signing-secret-of-a-webhook"
	forwardKey = "the-key-that-hub-and-receiver-have-in-common"
)

// front is an address that stays while the program behind it comes and goes.
type front struct {
	*httptest.Server
	behind atomic.Pointer[url.URL]
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	f.behind.Store(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(f.behind.Load()); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	f.Server = httptest.NewServer(proxy)
	t.Cleanup(f.Close)
	return f
}

// site is a program that is started behind a front.
type site struct {
	t      *testing.T
	config string
	args   []string
	front  *front
	now    *program
}

var (
	hooksAt = regexp.MustCompile(`webhooks=(127\.0\.0\.1:\d+)`)
	adminAt = regexp.MustCompile(`admin=(127\.0\.0\.1:\d+)`)
)

func (s *site) start() {
	s.t.Helper()
	s.now = start(s.t, s.config, s.args)
	var m []string
	if !until(30*time.Second, func() bool { m = hooksAt.FindStringSubmatch(s.now.stderr.String()); return m != nil }) {
		s.t.Fatalf("%v does not start:\n%s", s.args, s.now.stderr.String())
	}
	s.front.behind.Store(&url.URL{Scheme: "http", Host: m[1]})
}

// stop ends it as a service manager would.
func (s *site) stop() {
	s.t.Helper()
	if code, err := s.now.stop(30 * time.Second); code != 0 || err != nil {
		s.t.Fatalf("stop of %v: exit code %d, %v:\n%s", s.args, code, err, s.now.stderr.String())
	}
}

// newSite writes a configuration. The vendor cannot be reached, so that what is hinted at stays a wish to fetch.
func newSite(t *testing.T, command, admin, zendesk, forward string) *site {
	t.Helper()
	yaml := fmt.Sprintf(`
data: ./data
connections:
  zendesk: {connector: zendesk, webhook_secret: %q%s}
webhooks: {listen: "127.0.0.1:0", public_url: "https://hooks.example.com", rate: 100000, forward: {key: %q%s}}
admin: {listen: %q}
log: {level: info, format: text}
`, hookKey, zendesk, forwardKey, forward, admin)
	path := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return &site{t: t, config: path, args: []string{command}, front: newFront(t)}
}

func newHubSite(t *testing.T) *site {
	return newSite(t, "daemon", "", `, email: "a@b.example", api_token: x, base_url: "http://127.0.0.1:1", every: 1h`, "")
}

// vendor posts deliveries and remembers which of them were answered 2xx.
type vendor struct {
	url   string
	next  atomic.Int64
	mu    sync.Mutex
	acked map[string]bool
	codes map[int]int
}

func (v *vendor) work(ctx context.Context) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		id := strconv.FormatInt(v.next.Add(1), 10)
		code := v.post(client, id)
		v.mu.Lock()
		if v.codes[code]++; code/100 == 2 {
			v.acked[id] = true
		}
		v.mu.Unlock()
		if code != http.StatusOK {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// post delivers what a trigger of Zendesk's sends, and returns the status, 0 when there was no answer.
func (v *vendor) post(client *http.Client, id string) int {
	body := `{"ticket_id": "` + id + `", "note": "` + strings.Repeat("x", 900) + `"}`
	stamp := time.Now().UTC().Format(time.RFC3339)
	mac := hmac.New(sha256.New, []byte(hookKey))
	mac.Write([]byte(stamp + body))
	req, err := http.NewRequest(http.MethodPost, v.url+"/hooks/zendesk", strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	req.Header.Set("X-Zendesk-Webhook-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// underLoad posts to a site while the sites are killed and started again.
func underLoad(t *testing.T, to *site, sites ...*site) *vendor {
	t.Helper()
	seed := fromEnv(t, "MILLRACE_SEED", 1)
	rng := rand.New(rand.NewPCG(seed, uint64(len(sites))))
	v := &vendor{url: to.front.URL, acked: map[string]bool{}, codes: map[int]int{}}
	for _, s := range sites {
		s.start()
	}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { v.work(ctx) })
	}
	for range max(8, int(fromEnv(t, "MILLRACE_KILLS", 12))/8) { // each meets hundreds of deliveries, and starts a program or two
		time.Sleep(time.Duration(50+rng.IntN(400)) * time.Millisecond)
		victims := sites
		if rng.IntN(4) > 0 { // else all of them at once, as when the power fails
			i := rng.IntN(len(sites))
			victims = sites[i : i+1]
		}
		for _, s := range victims {
			s.now.kill()
		}
		time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
		for _, s := range victims {
			s.start()
		}
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	all.Wait()
	return v
}

// TestKillsLoseNoDelivery: whatever was answered 2xx is in the ledger, however often the daemon dies (invariant 5).
func TestKillsLoseNoDelivery(t *testing.T) {
	hub := newHubSite(t)
	v := underLoad(t, hub, hub)
	hub.stop()
	v.compare(t, hub)
}

// TestKillsLoseNoForwardedDelivery is the same with a receiver on a host of its own: it dies, the hub dies, or both.
func TestKillsLoseNoForwardedDelivery(t *testing.T) {
	hub := newHubSite(t)
	receiver := newSite(t, "webhook", "127.0.0.1:0", "", `, to: "`+hub.front.URL+`/forward"`)
	v := underLoad(t, receiver, hub, receiver)
	admin := adminAt.FindStringSubmatch(receiver.now.stderr.String())
	if admin == nil {
		t.Fatalf("the receiver does not say where its metrics are:\n%s", receiver.now.stderr.String())
	}
	if !until(90*time.Second, func() bool { return strings.Contains(get(admin[1], "/metrics"), "\nmillrace_spool_deliveries 0\n") }) {
		t.Fatalf("deliveries stay in the spool:\n%s\nhub:\n%s", receiver.now.stderr.String(), hub.now.stderr.String())
	}
	receiver.stop()
	hub.stop()
	v.compare(t, hub)
}

func get(host, path string) string {
	res, err := http.Get("http://" + host + path)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}

type noMapper struct{}

func (noMapper) Version() string { return "1" }
func (noMapper) Map(connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	return canonical.Profile{}, mapping.Outcome{}, nil
}

// inInbox empties the inbox and returns the tickets of what was in it.
func inInbox(t *testing.T, l *ledger.Ledger) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	for {
		list, err := l.TakeInbox(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return there
		}
		var parsed []ledger.Parsed
		for _, d := range list {
			_, rest, _ := strings.Cut(string(d.Request.Body), `"ticket_id": "`)
			id, _, _ := strings.Cut(rest, `"`)
			there[id] = true
			parsed = append(parsed, ledger.Parsed{ID: d.ID})
		}
		if err := l.SettleInbox(t.Context(), parsed); err != nil {
			t.Fatal(err)
		}
	}
}

// compare looks for everything that was answered 2xx: as a wish to fetch, or still in the inbox.
func (v *vendor) compare(t *testing.T, hub *site) {
	t.Helper()
	engine, err := boltkv.Open(filepath.Join(filepath.Dir(hub.config), "data", "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	l, err := ledger.Open(engine, ledger.Options{Mapper: noMapper{}, Now: func() time.Time { return time.Now().Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	there := inInbox(t, l)
	todo, err := l.TakeRefs(t.Context(), "zendesk", "", 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range todo.Due {
		there[f.Ref.ID] = true
	}
	lost := 0
	for id := range v.acked {
		if !there[id] {
			lost++
		}
	}
	t.Logf("%d answered 2xx of %v, %d in the ledger", len(v.acked), v.codes, len(there))
	if lost > 0 || len(v.acked) < 500 {
		t.Errorf("%d of %d deliveries that were answered 2xx are lost", lost, len(v.acked))
	}
	if totals, err := l.Totals(t.Context()); err != nil || totals.Dead[ledger.DeadDelivery] > 0 {
		t.Errorf("%d dead letters, %v", totals.Dead[ledger.DeadDelivery], err)
	}
}
