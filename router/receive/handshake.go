package receive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

// handshakeWindow is how long after Expect a secret is taken: Asana offers it while our own request to create the webhook
// is under way. It is a minute because that request may wait for the account's quota.
const handshakeWindow = time.Minute

// windows are the paths at which a secret is expected.
type windows struct {
	mu   sync.Mutex
	open map[string]*window
}

type window struct {
	until time.Time
	keep  func(context.Context, connectors.Secret) error
}

// Expect opens a window at a path, /hooks/asana or one below it: within the next minute the first secret that is offered
// there is taken, once keep has made it durable. At any other time, and at any other path, an offer is refused. The
// returned function closes the window.
func (r *Receiver) Expect(path string, keep func(context.Context, connectors.Secret) error) (end func(), err error) {
	h := r.route(path)
	if _, ok := h.Webhook.(connectors.Handshaker); !ok {
		return nil, fmt.Errorf("connection %s receives nothing whose secret its vendor makes", ConnectionOf(path)) // a path may be a secret
	}
	r.windows.mu.Lock()
	defer r.windows.mu.Unlock()
	if w := r.windows.open[path]; w != nil && r.now().Before(w.until) {
		return nil, fmt.Errorf("a webhook is being created at %s already", path)
	}
	w := &window{until: r.now().Add(handshakeWindow), keep: keep}
	r.windows.open[path] = w
	return func() { r.windows.take(path, w) }, nil
}

// take closes a window and reports whether it was open. Any window at the path is meant when w is nil.
func (ws *windows) take(path string, w *window) *window {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	there := ws.open[path]
	if there == nil || w != nil && there != w {
		return nil
	}
	delete(ws.open, path)
	return there
}

// Trust has deliveries at a path verified with these secrets, too: those that the vendor made for it before. They replace what
// was trusted there; none ends it.
func (r *Receiver) Trust(path string, secrets ...connectors.Secret) error {
	h := r.route(path)
	truster, ok := h.Webhook.(connectors.Truster)
	if !ok {
		return fmt.Errorf("connection %s receives nothing whose secret its vendor makes", ConnectionOf(path)) // a path may be a secret
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trust(path, truster, secrets)
	return nil
}

// Answers returns nil when deliveries for a connection are taken.
func (r *Receiver) Answers(connection string) error {
	if r.hooks[connection] == nil {
		return fmt.Errorf("the daemon receives nothing for it: add %s to webhooks.receive and restart the daemon", connection)
	}
	return nil
}

// mostLearned is how many secrets are trusted at one path, besides configured ones, when the vendor offers one more.
const mostLearned = 3

// learned is what is trusted at a path besides what is configured.
type learned struct {
	connectors.Webhook
	secrets []connectors.Secret // the newest last
}

// trust replaces what is trusted at a path. The lock is held.
func (h *hook) trust(path string, t connectors.Truster, secrets []connectors.Secret) {
	if len(secrets) == 0 {
		delete(h.learned, path)
		return
	}
	h.learned[path] = learned{t.Trusting(secrets...), secrets}
}

// add trusts one more secret at a path. Those before it go on to hold until Trust says otherwise: the webhook that is being
// created may come to nothing.
func (h *hook) add(path string, t connectors.Truster, secret connectors.Secret) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.Clone(h.learned[path].secrets)
	if !slices.Contains(list, secret) {
		list = append(list, secret)
	}
	h.trust(path, t, list[max(0, len(list)-mostLearned):])
}

var errUnexpected = errors.New("a secret is offered, and nobody is creating a webhook at this path")

// shake takes an offered secret if it is expected. It is durable before it is accepted: afterwards the vendor signs with it.
func (r *Receiver) shake(h *hook, shaker connectors.Handshaker, d connectors.Delivery, secret connectors.Secret, answer connectors.Answer) result {
	w := r.windows.take(d.Path, nil)
	if w == nil || !r.now().Before(w.until) {
		return status(http.StatusUnauthorized, refused, errUnexpected)
	}
	if err := w.keep(context.Background(), secret); err != nil {
		return putOff(http.StatusServiceUnavailable, full, err)
	}
	h.add(d.Path, shaker, secret)
	return result{Answer: answer, outcome: shaken}
}
