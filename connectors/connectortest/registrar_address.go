package connectortest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// address is where a vendor delivers to: it takes the secrets that are offered, answers what asks whether it is there, and
// counts what it can verify.
type address struct {
	url   string
	clock *sandbox.Clock
	hook  connectors.Webhook

	mu             sync.Mutex
	trusted        map[string][]connectors.Secret // by path
	closed         bool                           // answers nothing but 404
	taken, refused int                            // deliveries
}

func newAddress(t *testing.T, w connectors.Webhook, clock *sandbox.Clock) *address {
	t.Helper()
	a := &address{clock: clock, hook: w, trusted: map[string][]connectors.Secret{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL + "/hooks/" + Connection
	return a
}

// ServeHTTP implements http.Handler.
func (a *address) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if a.closed || err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	d := connectors.Delivery{Method: r.Method, URL: a.url, Path: r.URL.EscapedPath(), Header: r.Header, Body: body, Received: a.clock.Now()}
	if shaker, ok := a.hook.(connectors.Handshaker); ok {
		if secret, answer, offered := shaker.Offer(d); offered {
			a.trusted[d.Path] = append(a.trusted[d.Path], secret)
			for name, value := range answer.Header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(answer.Status)
			return
		}
	}
	if r.Method != http.MethodPost {
		if p, ok := a.hook.(connectors.Prober); !ok || p.Probe(d) != nil {
			w.WriteHeader(http.StatusNotFound)
		}
		return
	}
	if a.verify(d) != nil {
		a.refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a.taken++
}

// verify goes by what is trusted at the path; the caller holds mu.
func (a *address) verify(d connectors.Delivery) error {
	w := a.hook
	if secrets := a.trusted[d.Path]; len(secrets) > 0 {
		w = w.(connectors.Truster).Trusting(secrets...)
	}
	return w.Verify(d)
}

// trust has deliveries to a URL of the address verified with a secret, too.
func (a *address) trust(url string, secret connectors.Secret) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path := strings.TrimPrefix(url, strings.TrimSuffix(a.url, "/hooks/"+Connection))
	a.trusted[path] = append(a.trusted[path], secret)
}

// secrets returns what was trusted, which no error may show.
func (a *address) secrets() (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, secrets := range a.trusted {
		for _, s := range secrets {
			list = append(list, s.Reveal())
		}
	}
	return list
}

// shut has the address answer nothing but 404, or answer again.
func (a *address) shut(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = yes
}

// counts returns how many deliveries were verified and how many were not.
func (a *address) counts() (taken, refused int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken, a.refused
}
