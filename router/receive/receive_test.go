package receive_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
)

func TestVerifiedDeliveryIsStored(t *testing.T) {
	b := newBench(t, nil, crm())
	header := http.Header{"X-Token": {"s3cret"}, "Content-Type": {"application/json"}, "X-Vendor-Id": {"7"}, "Authorization": {"Basic x"},
		"Cookie": {"a=b"}, "X-Forwarded-For": {"203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"}, "X-Hook-Secret": {"secret"}}
	b.want("authentic", b.send("POST", "/hooks/crm", header, `{"id":1}`), 200, 1)
	got := b.store.stored()[0]
	if got.Connection != "crm" || string(got.Request.Body) != `{"id":1}` || got.Request.URL != public+"/hooks/crm" || !got.Request.Received.Equal(b.clock.now()) {
		t.Errorf("stored %+v, want the delivery as it came, with its public address and our time", got)
	}
	if names := slices.Sorted(maps.Keys(got.Request.Header)); !slices.Equal(names, []string{"Content-Type", "X-Vendor-Id"}) {
		t.Errorf("stored the headers %v, want the vendor's own without credentials and addresses", names)
	}
}

// Nothing is parsed, stored or told before it is verified (invariant 5).
func TestWhatIsNotVerifiedLeavesNothing(t *testing.T) {
	hook := crm()
	b := newBench(t, nil, hook, mail())
	for name, res := range map[string]*http.Response{
		"no proof":    b.send("POST", "/hooks/crm", nil, "secret payload"),
		"wrong proof": b.send("POST", "/hooks/crm", http.Header{"X-Token": {"other"}}, "secret payload"),
	} {
		b.want(name, res, 401, 0)
	}
	for _, path := range []string{"/", "/hooks", "/hooks/", "/hooks/nobody", "/hooks/nobody/in-the-path-0001", "/hooks/mail", "/hooks/mail/", "/hooks/mail/wrong",
		"/hooks/mail/in-the-path-0001/more", "/hooks//in-the-path-0001", "/hooks/%zz", "/forward", "/hooks/mail%2Fin-the-path-0001", "/metrics", "/healthz"} {
		if path == "/hooks/%zz" {
			continue // net/http refuses it before a handler sees it
		}
		res := b.send("POST", path, shown, "secret payload")
		b.want(path, res, 404, 0)
		if body := text(t, res); body != "" || len(res.Header) != 0 {
			t.Errorf("%s: got %q and headers %v, want nothing that tells one refusal from another", path, body, res.Header)
		}
	}
	if hook.Webhook.(*token).parsed != 0 {
		t.Error("a delivery was parsed")
	}
	for _, word := range []string{"payload", "in-the-path", "s3cret", "other", "203.0"} {
		if strings.Contains(b.log.String(), word) {
			t.Errorf("the log holds %q:\n%s", word, b.log)
		}
	}
	b.want("a secret in the path", b.send("POST", "/hooks/mail/in-the-path-0001", nil, "x"), 200, 1)
	if url := b.store.stored()[0].Request.URL; strings.Contains(url, "0001") {
		t.Errorf("the secret of the path was stored in %s", url)
	}
}

// A path that is not there costs what one costs that is: its body is read and a signature is computed.
func TestUnknownPathIsReadLikeAnyOther(t *testing.T) {
	b := newBench(t, nil, crm(), mail())
	for _, path := range []string{"/hooks/crm", "/hooks/mail/wrong", "/hooks/nobody", "/elsewhere"} {
		body := &counted{Reader: strings.NewReader(strings.Repeat("x", 100_000))}
		req := httptest.NewRequest("POST", path, body)
		b.ServeHTTP(httptest.NewRecorder(), req)
		if body.n != 100_000 {
			t.Errorf("%s: %d bytes were read before it was refused, want all", path, body.n)
		}
	}
}

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

func TestOnlyPostAndProbes(t *testing.T) {
	b := newBench(t, nil, crm(), mail())
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		b.want(method, b.send(method, "/hooks/crm", shown, ""), 404, 0)
	}
	b.want("Mailchimp's probe", b.send("GET", "/hooks/mail/in-the-path-0001", nil, ""), 200, 0)
	b.want("a probe without the secret", b.send("GET", "/hooks/mail/guess", nil, ""), 404, 0)
	b.want("a method that is no probe", b.send("PUT", "/hooks/mail/in-the-path-0001", nil, ""), 404, 0)
}

// What a disk refuses is not acknowledged, and may come again (invariant 5).
func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	b := newBench(t, nil, crm())
	b.store.fail(errors.New("no space left on device"))
	res := b.send("POST", "/hooks/crm", shown, "one")
	b.want("full disk", res, 503, 0)
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	b.store.fail(nil)
	b.want("the same again", b.send("POST", "/hooks/crm", shown, "one"), 200, 1)
	b.want("and once more", b.send("POST", "/hooks/crm", shown, "one"), 200, 1)
}

// A repetition that comes while the first is being stored must not be told that it is durable.
func TestRepetitionWaitsForTheFirst(t *testing.T) {
	for _, fails := range []bool{false, true} {
		b := newBench(t, nil, crm())
		b.store.wait, b.store.began = make(chan struct{}), make(chan struct{}, 2)
		answers := make(chan int, 2)
		deliver := func() { answers <- b.send("POST", "/hooks/crm", shown, "same").StatusCode }
		go deliver()
		<-b.store.began
		go deliver()
		select {
		case code := <-answers:
			t.Fatalf("answered %d before anything was stored", code)
		case <-time.After(50 * time.Millisecond):
		}
		want := 200
		if fails {
			want = 503
			b.store.fail(errors.New("disk"))
		}
		close(b.store.wait)
		for range 2 {
			if code := <-answers; code != want {
				t.Errorf("the store fails: %v; answered %d, want %d", fails, code, want)
			}
		}
	}
}

func TestDeliveriesShareCommits(t *testing.T) {
	b := newBench(t, nil, crm())
	b.store.wait, b.store.began = make(chan struct{}), make(chan struct{}, 100)
	var all sync.WaitGroup
	deliver := func(i int) {
		if code := b.send("POST", "/hooks/crm", shown, fmt.Sprint(i)).StatusCode; code != 200 {
			t.Errorf("delivery %d: answered %d", i, code)
		}
	}
	all.Go(func() { deliver(0) })
	<-b.store.began
	for i := range 63 {
		all.Go(func() { deliver(i + 1) })
	}
	time.Sleep(50 * time.Millisecond) // they all wait now; were one late, there would be one commit more
	close(b.store.wait)
	all.Wait()
	if n := len(b.store.stored()); n != 64 || b.store.batches > 8 {
		t.Errorf("%d deliveries in %d commits, want 64 in a few", n, b.store.batches)
	}
}

// When the disk stands still, callers are told to come again instead of being kept.
func TestStuckDiskTurnsAway(t *testing.T) {
	b := newBench(t, func(o *receive.Options) { o.Rate = 1e6 }, crm())
	b.store.wait = make(chan struct{})
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for i := range 1000 {
		all.Go(func() {
			code := b.send("POST", "/hooks/crm", shown, fmt.Sprint(i)).StatusCode
			mu.Lock()
			defer mu.Unlock()
			if codes[code]++; code == 503 && codes[503] == 100 {
				close(b.store.wait)
			}
		})
	}
	all.Wait()
	if codes[200]+codes[503] != 1000 || codes[503] < 100 || len(b.store.stored()) != codes[200] {
		t.Errorf("answers %v with %d stored, want 503 beyond what may wait and 200 only for what is stored", codes, len(b.store.stored()))
	}
}

func TestRateOfOneConnection(t *testing.T) {
	b := newBench(t, func(o *receive.Options) { o.Rate = 5 }, crm(), mail())
	for i := range 10 {
		b.want("within the burst", b.send("POST", "/hooks/crm", shown, fmt.Sprint(i)), 200, i+1)
	}
	res := b.send("POST", "/hooks/crm", shown, "more")
	b.want("beyond it", res, 429, 10)
	if res.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q, want 1", res.Header.Get("Retry-After"))
	}
	b.want("another connection", b.send("POST", "/hooks/mail/in-the-path-0001", nil, "x"), 200, 11)
	b.clock.add(200 * time.Millisecond)
	for range 100 {
		b.send("POST", "/hooks/crm", nil, "stranger") // must not use up what the vendor may
	}
	b.want("later, after a hundred strangers", b.send("POST", "/hooks/crm", shown, "more"), 200, 12)
}

func TestBodiesAreBounded(t *testing.T) {
	b := newBench(t, func(o *receive.Options) { o.MaxBody = 50_000 }, crm())
	b.want("as large as allowed", b.send("POST", "/hooks/crm", shown, strings.Repeat("x", 50_000)), 200, 1)
	b.want("one byte more", b.send("POST", "/hooks/crm", shown, strings.Repeat("x", 50_001)), 413, 1)
	req := httptest.NewRequest("POST", "/hooks/crm", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 1<<20))})
	req.ContentLength = -1 // chunked: it does not say how long it is
	req.Header = shown.Clone()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	b.want("chunked and too large", w.Result(), 413, 1)
	req = httptest.NewRequest("POST", "/hooks/crm", io.MultiReader(strings.NewReader("half"), failing{}))
	req.Header = shown.Clone()
	w = httptest.NewRecorder()
	b.ServeHTTP(w, req)
	b.want("broken off", w.Result(), 400, 1)
	for i := range 3000 { // were anything of a body's room kept, the last ones would find none
		size := 20_000 + i
		b.clock.add(time.Second)
		b.want("large", b.send("POST", "/hooks/crm", shown, strings.Repeat("y", size)), 200, 2+i)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAllowedSources(t *testing.T) {
	nets := func(list ...string) (out []netip.Prefix) {
		for _, s := range list {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	b := newBench(t, func(o *receive.Options) {
		o.Allow, o.Proxies = nets("203.0.113.0/24", "2001:db8::/32"), nets("10.0.0.0/8")
	}, crm())
	for _, c := range []struct {
		peer, forwarded string
		status          int
	}{
		{"203.0.113.7:999", "", 200}, {"[2001:db8::1]:999", "", 200}, {"[::ffff:203.0.113.7]:999", "", 200}, {"198.51.100.1:999", "", 404},
		{"198.51.100.1:999", "203.0.113.7", 404}, {"10.1.2.3:999", "203.0.113.7", 200}, {"10.1.2.3:999", "198.51.100.1", 404},
		{"10.1.2.3:999", "203.0.113.7, 198.51.100.1", 404}, {"10.1.2.3:999", "198.51.100.1, 203.0.113.7, 10.9.9.9", 200},
		{"10.1.2.3:999", "", 404}, {"10.1.2.3:999", "nonsense", 404}, {"10.1.2.3:999", "10.4.4.4", 404}, {"pipe", "203.0.113.7", 404},
	} {
		req := httptest.NewRequest("POST", "/hooks/crm", strings.NewReader(c.peer+c.forwarded))
		req.Header, req.RemoteAddr = shown.Clone(), c.peer
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		w := httptest.NewRecorder()
		b.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("peer %s, forwarded for %q: got %d, want %d", c.peer, c.forwarded, w.Code, c.status)
		}
	}
}

func TestPublicAddressWithAPath(t *testing.T) {
	b := newBench(t, func(o *receive.Options) { o.Public = "https://example.com/millrace/" }, crm())
	b.want("left on by the proxy", b.send("POST", "/millrace/hooks/crm", shown, "1"), 200, 1)
	b.want("taken off by it", b.send("POST", "/hooks/crm", shown, "2"), 200, 2)
	b.want("something like it", b.send("POST", "/millracer/hooks/crm", shown, "3"), 404, 2)
	if got := b.Address("crm"); got != "https://example.com/millrace/hooks/crm" || b.store.stored()[1].Request.URL != got {
		t.Errorf("address %s, stored %s", got, b.store.stored()[1].Request.URL)
	}
}

// A receiver without a secret refuses to start and says of which connection (invariant 5).
func TestNoSecretIsNoReceiver(t *testing.T) {
	for _, c := range all.List {
		proofs := c.Spec.WebhookProofs()
		if len(proofs) == 0 || c.Hooks == nil {
			continue
		}
		values, _ := c.Spec.Parse(nil)
		opened, err := c.Hooks(connectors.Env{Connection: "main", Settings: values, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		_, err = receive.HookOf("main", c.Spec, values, opened)
		if _, comes := opened.(connectors.Handshaker); comes {
			if err != nil || opened.Verify(connectors.Delivery{}) == nil {
				t.Errorf("%s: got %v; its secret may still come, and until then nothing is authentic", c.Spec.Name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "main") || !strings.Contains(err.Error(), proofs[0].Name) {
			t.Errorf("%s: got %v, want an error that names the connection and the setting", c.Spec.Name, err)
		}
	}
}

func TestCloseStoresWhatWasTaken(t *testing.T) {
	b := newBench(t, nil, crm())
	b.store.wait, b.store.began = make(chan struct{}), make(chan struct{}, 100)
	answers := make(chan int, 20)
	for i := range 20 {
		go func() { answers <- b.send("POST", "/hooks/crm", shown, fmt.Sprint(i)).StatusCode }()
	}
	<-b.store.began
	go func() { time.Sleep(20 * time.Millisecond); close(b.store.wait) }()
	b.Close()
	stored := 0
	for range 20 {
		if <-answers == 200 {
			stored++
		}
	}
	if got := len(b.store.stored()); stored == 0 || got != stored {
		t.Errorf("%d answered 200 and %d stored", stored, got)
	}
	if code := b.send("POST", "/hooks/crm", shown, "late").StatusCode; code != 503 {
		t.Errorf("after the end: answered %d, want 503", code)
	}
}

var _ receive.Store = receive.Inbox{Ledger: (*ledger.Ledger)(nil)}
