package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// Store keeps deliveries.
type Store interface {
	// Put returns nil when all of the list is durable, and stores nothing of it otherwise. It keeps none of the bytes.
	Put(ctx context.Context, list []ledger.Arrival) error
}

// Inbox is the Store of a hub.
type Inbox struct{ Ledger *ledger.Ledger }

// Put implements Store.
func (i Inbox) Put(ctx context.Context, list []ledger.Arrival) error {
	return i.Ledger.PutInboxAll(ctx, list)
}

// Options of a receiver. Hooks, Public, Store and Log are required.
type Options struct {
	Hooks []Hook
	// Public is the address that vendors reach the receiver at, before /hooks/…; some sign it. A path in it may or may not
	// be left on requests by a proxy.
	Public  string
	Store   Store
	Stored  func()         // called after deliveries were stored; nil = nobody wants to know
	Forward http.Handler   // of deliveries that a receiver on another host took; nil = none are taken
	MaxBody int64          // 0 = 1 MiB
	Rate    float64        // deliveries a second of one connection, twice as many at once; 0 = 500
	Allow   []netip.Prefix // sources that may deliver; nil = all
	Proxies []netip.Prefix // whose X-Forwarded-For is believed, for Allow
	Log     *slog.Logger
	Now     func() time.Time
	Metrics *Metrics // nil = not measured
}

const (
	defaultBody = 1 << 20
	// MostBody is the largest body that may be allowed.
	MostBody    = 16 << 20
	defaultRate = 500
	// HookPath is where the connections' paths begin.
	HookPath = "/hooks/"
	// ForwardPath is where a hub takes what a receiver on another host forwards.
	ForwardPath = "/forward"
)

// Receiver is the handler. It is safe for concurrent use.
type Receiver struct {
	o       Options
	log     *slog.Logger
	now     func() time.Time
	prefix  string // the path of Public
	hooks   map[string]*hook
	nobody  *hook // verifies what no connection is for
	bodies  budget
	pump    *pump
	windows windows
	quiet   quiet
	closing sync.Once
}

// New returns a receiver that takes deliveries at once. It must be closed.
func New(o Options) (*Receiver, error) {
	if o.Store == nil || o.Log == nil {
		return nil, errors.New("a receiver needs a store and a log")
	}
	public, err := url.Parse(o.Public)
	if err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" || public.RawQuery != "" {
		return nil, fmt.Errorf("the public address %q is none: it is the one that vendors are given, as in https://hooks.example.com", o.Public)
	}
	o.Public = strings.TrimRight(o.Public, "/")
	if o.MaxBody <= 0 {
		o.MaxBody = defaultBody
	}
	o.MaxBody = min(o.MaxBody, MostBody)
	if o.Rate <= 0 {
		o.Rate = defaultRate
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	r := &Receiver{o: o, log: o.Log, now: o.Now, prefix: strings.TrimRight(public.EscapedPath(), "/"), hooks: map[string]*hook{},
		bodies: budget{left: mostBodies}, windows: windows{open: map[string]*window{}}, quiet: quiet{last: map[string]time.Time{}, held: map[string]int{}}}
	for _, h := range o.Hooks {
		if r.hooks[h.Connection] != nil || h.Webhook == nil {
			return nil, fmt.Errorf("connection %s is there twice, or receives nothing", h.Connection)
		}
		r.hooks[h.Connection] = r.newHook(h)
	}
	r.nobody = r.newHook(Hook{Webhook: newDecoy(), InPath: true})
	r.pump = startPump(o.Store, o.Stored, o.Metrics)
	return r, nil
}

// Close ends the receiver after what was begun: deliveries that were taken are stored. The server must have ended.
func (r *Receiver) Close() { r.closing.Do(r.pump.stop) }

// Metrics returns what the receiver counts.
func (r *Receiver) Metrics() *Metrics { return r.o.Metrics }

// Address returns the address that a connection's vendor is given. Where the path ends with a secret, that is to be added.
func (r *Receiver) Address(connection string) string {
	return r.o.Public + HookPath + url.PathEscape(connection)
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	at := r.now()
	path := req.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, r.prefix); ok && strings.HasPrefix(rest, "/") {
		path = rest
	}
	if path == ForwardPath && r.o.Forward != nil && r.allowed(req) {
		r.o.Forward.ServeHTTP(w, req)
		return
	}
	h := r.route(path)
	res := r.handle(h, req, path, at)
	res.write(w)
	h.note(res, at, r.now().Sub(at))
	r.tell(h, res)
}

// route returns whom a path is for, nobody when it is not there.
func (r *Receiver) route(path string) *hook {
	if h := r.hooks[ConnectionOf(path)]; h != nil {
		return h
	}
	return r.nobody
}

// ConnectionOf returns the connection that a path is for, "" for none.
func ConnectionOf(path string) string {
	rest, ok := strings.CutPrefix(path, HookPath)
	name, _, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if !ok || err != nil {
		return ""
	}
	return name
}
