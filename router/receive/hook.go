package receive

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/connectors"
)

// Hook is a connection whose vendor delivers.
type Hook struct {
	Connection string
	Webhook    connectors.Webhook
	// InPath says that a secret in the path is the proof. What fails it must look like a path that is not there.
	InPath bool
}

// HookOf makes a Hook of what a connector opened. Without a secret it is an error (invariant 5): only where the vendor
// makes the secret itself it may still come, and until then every delivery is refused.
func HookOf(connection string, spec connectors.Spec, values connectors.Values, opened any) (Hook, error) {
	w, ok := opened.(connectors.Webhook)
	proofs := spec.WebhookProofs()
	if !ok || len(proofs) == 0 {
		return Hook{}, fmt.Errorf("connection %s: %s sends no webhooks that could be received", connection, spec.Title)
	}
	hook := Hook{Connection: connection, Webhook: w}
	var names []string
	given := false
	for _, set := range proofs {
		names = append(names, set.Name)
		if !values.Secret(set.Name).IsZero() {
			given = true
			hook.InPath = hook.InPath || set.Webhook == connectors.WebhookPath
		}
	}
	if _, comes := opened.(connectors.Handshaker); !comes && !given {
		return Hook{}, fmt.Errorf("connection %s: %s is not set; without it nothing that arrives could be trusted", connection, strings.Join(names, " or "))
	}
	return hook, nil
}

// hook is a Hook at work.
type hook struct {
	Hook
	rate    bucket
	replays replays

	mu      sync.RWMutex
	learned map[string]learned // by path

	counts map[outcome]prometheus.Counter
	took   prometheus.Observer
	tally  map[outcome]*atomic.Int64
	last   atomic.Int64 // when a delivery was last stored, in Unix nanoseconds
	age    atomic.Int64 // a time.Duration, see Tally.Age
}

func (r *Receiver) newHook(h Hook) *hook {
	label := h.Connection
	if label == "" {
		label = "unknown"
	}
	k := &hook{Hook: h, rate: bucket{rate: r.o.Rate, most: 2 * r.o.Rate, left: 2 * r.o.Rate},
		replays: newReplays(mostReplays), learned: map[string]learned{}, counts: map[outcome]prometheus.Counter{},
		tally: map[outcome]*atomic.Int64{}, took: r.o.Metrics.took.WithLabelValues(label)}
	for _, o := range outcomes {
		k.counts[o], k.tally[o] = r.o.Metrics.deliveries.WithLabelValues(label, string(o)), new(atomic.Int64)
	}
	return k
}

// webhook returns what verifies the deliveries at a path.
func (h *hook) webhook(path string) connectors.Webhook {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if l, ok := h.learned[path]; ok {
		return l.Webhook
	}
	return h.Webhook
}

func (h *hook) note(res result, at time.Time, took time.Duration) {
	h.counts[res.outcome].Inc()
	h.tally[res.outcome].Add(1)
	h.took.Observe(took.Seconds())
	if res.outcome == stored {
		h.last.Store(at.UnixNano())
	}
}

// Tally is what a connection's vendor delivered since the receiver was made.
type Tally struct {
	Connection string    `json:"connection"`
	Stored     int64     `json:"stored"`
	Repeated   int64     `json:"repeated"` // known already, and answered as the first time
	Refused    int64     `json:"refused"`  // not authentic
	Stale      int64     `json:"stale"`    // authentic, and refused for its time alone: our clock may be wrong
	Put        int64     `json:"put_off"`  // told to come again: too many, or the disk refused
	Last       time.Time `json:"last,omitzero"`
	// Age is how long before our time the last stale one was signed, negative for after it.
	Age time.Duration `json:"stale_age_ns,omitzero"`
}

// Tallies returns those of all connections, in the order of Options.Hooks.
func (r *Receiver) Tallies() []Tally {
	var list []Tally
	for _, o := range r.o.Hooks {
		h := r.hooks[o.Connection]
		t := Tally{Connection: o.Connection, Stored: h.tally[stored].Load(), Repeated: h.tally[repeated].Load(),
			Refused: h.tally[refused].Load(), Stale: h.tally[stale].Load(), Age: time.Duration(h.age.Load()), Put: h.tally[limited].Load() + h.tally[full].Load()}
		if ns := h.last.Load(); ns != 0 {
			t.Last = time.Unix(0, ns).UTC()
		}
		list = append(list, t)
	}
	return list
}

// decoy verifies as much as a real connection would, and never anything: nobody shall measure which paths are there.
type decoy struct{ key []byte }

func newDecoy() decoy {
	d := decoy{make([]byte, 32)}
	_, _ = rand.Read(d.key) // never fails since Go 1.24
	return d
}

var errDecoy = errors.New("no connection has that path")

func (k decoy) Verify(d connectors.Delivery) error {
	mac := hmac.New(sha256.New, k.key)
	mac.Write(d.Body)
	if subtle.ConstantTimeCompare(mac.Sum(nil), []byte(d.Header.Get("X-Signature"))) == 1 {
		return errDecoy // the key never left this process
	}
	return errDecoy
}

func (decoy) Parse(connectors.Delivery) ([]connectors.Hint, error) { return nil, errDecoy }
