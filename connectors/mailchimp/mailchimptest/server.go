package mailchimptest

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated account; the zero value is an account without limits and faults whose only credential is
// DefaultKey.
type Options struct {
	Clock *sandbox.Clock // the vendor's clock; nil is the machine's
	Plan  *sandbox.Plan
	Log   *sandbox.Log
	// Latency delays every request.
	Latency time.Duration

	// Keys are API keys, each with its data centre at the end. When Keys, Tokens and App are all empty, DefaultKey is the only
	// credential.
	Keys []string
	// Tokens are OAuth access tokens.
	Tokens []string
	// App is the OAuth client; nil is none.
	App *App
	// DataCenter is the account's; empty is us19. A key that ends with another one is refused.
	DataCenter string
	// Endpoint is what the metadata say is the account's address; empty is where the request came in.
	Endpoint string

	// Connections is how many requests may run at the same time; 0 is no limit, the vendor's is 10.
	Connections int
	// EdgeRate is how many requests the edge lets through in a second before it answers a bare 403; 0 is no limit.
	EdgeRate int
	// Shuffle changes the order of members whose last change was in one second, anew for each request: no order is
	// promised within a second.
	Shuffle bool

	// Webhooks are the subscriptions; Server.Subscribe adds more.
	Webhooks []Webhook
	// UnsignedWebhooks makes webhooks without a signing secret, as they were before 2026.
	UnsignedWebhooks bool
	// Deliver is the client for webhooks; nil is one that gives up after the vendor's ten seconds.
	Deliver *http.Client
}

// DefaultKey is the API key of a simulator that was given no credentials.
const DefaultKey = "0123456789abcdef0123456789abcdef-us19"

// Server is one simulated account. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	handler *sandbox.Handler
	auth    *authority
	gate    *gate
	hooks   *hooks

	mu        sync.RWMutex
	lists     []*list
	campaigns []*campaign
	serial    int
	turn      uint64 // of Shuffle
}

// New returns an account without audiences.
func New(opt Options) *Server {
	opt.DataCenter = cmp.Or(opt.DataCenter, "us19")
	if len(opt.Keys) == 0 && len(opt.Tokens) == 0 && opt.App == nil {
		opt.Keys = []string{DefaultKey}
	}
	if opt.Deliver == nil {
		opt.Deliver = &http.Client{Timeout: 10 * time.Second}
	}
	s := &Server{opt: opt, auth: newAuthority(opt), gate: &gate{most: opt.Connections, rate: opt.EdgeRate}, hooks: &hooks{}}
	s.handler = sandbox.Wrap(s.routes(), sandbox.Options{
		Clock: opt.Clock, Plan: opt.Plan, Log: opt.Log, Latency: opt.Latency, Refuse: refuse, Class: class, State: s.state,
	})
	for _, w := range opt.Webhooks {
		s.hooks.add(w)
	}
	return s
}

// Handler returns the account's API; sandbox.Listen serves it.
func (s *Server) Handler() *sandbox.Handler { return s.handler }

// now is the vendor's time in whole seconds, which is all the precision that Mailchimp shows.
func (s *Server) now() int64 { return s.opt.Clock.Now().Unix() }

// next returns a number that was not returned before; the caller holds mu.
func (s *Server) next() int {
	s.serial++
	return s.serial
}

// state is what GET /__sandbox/state shows: counts, no values.
func (s *Server) state() any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	members := 0
	for _, l := range s.lists {
		members += len(l.members)
	}
	return map[string]int{"lists": len(s.lists), "members": members, "campaigns": len(s.campaigns), "webhook_deliveries": s.PendingEvents()}
}

// routes mounts the API.
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	handle := func(pattern string, h func(*http.Request) (any, error)) { api.Handle(pattern, handler(h)) }
	s.accountRoutes(handle)
	s.listRoutes(handle)
	s.memberRoutes(handle)
	s.segmentRoutes(handle)
	s.campaignRoutes(handle)
	s.webhookRoutes(handle)
	api.Handle("/", handler(func(*http.Request) (any, error) { return nil, notFound() }))
	mux := http.NewServeMux()
	s.oauthRoutes(mux)
	mux.Handle("/3.0/", s.gate.limit(s.authenticate(api)))
	return mux
}

// class names a route for the log: identifiers replaced, of which Mailchimp's short ones do not look like any.
func class(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i := range parts {
		switch {
		case i == 0 || parts[i] == "":
		case parts[i-1] == "lists", parts[i-1] == "members", parts[i-1] == "campaigns", parts[i-1] == "reports", parts[i-1] == "webhooks",
			parts[i-1] == "segments", parts[i-1] == "interest-categories":
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
