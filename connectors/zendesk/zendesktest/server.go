package zendesktest

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated account; the zero value is an account without limits and faults whose only credential
// is DefaultToken.
type Options struct {
	Clock *sandbox.Clock // the vendor's clock; nil is the machine's
	Plan  *sandbox.Plan
	Log   *sandbox.Log
	// Latency delays every request.
	Latency time.Duration

	// Tokens are OAuth access tokens that never expire. When Tokens, APIUser and App are all empty, DefaultToken is the
	// only credential.
	Tokens []string
	// APIUser and APIToken are the agent's address and the token of Basic authentication: APIUser/token:APIToken.
	APIUser, APIToken string
	// TokensEnded says that API tokens are no longer accepted, as from 30 April 2027.
	TokensEnded bool
	// App is the OAuth client; nil is none.
	App *App
	// AccessLife and RefreshLife are how long OAuth tokens live; 0 is the vendor's 30 minutes and 30 days.
	AccessLife, RefreshLife time.Duration
	// Scopes are what Tokens are granted; nil is read and write. OAuth grants ask for their own.
	Scopes []string
	// Role is the role of whoever signs in: admin, agent or end-user; empty is admin. Exports are for admins.
	Role string

	// Limits are the account's quotas; nil is none, and then no rate headers are sent either.
	Limits *Limits
	// Lag is how long a change is withheld from the incremental exports and how old start_time must be: 0 is the
	// vendor's minute, a negative one is no lag.
	Lag time.Duration
	// MetricDelay is how long a ticket's metric event is missing from its export although it bears the time of the change
	// that made it: the vendor records them late, behind rows that were read already.
	MetricDelay time.Duration
	// ArchiveAfter is how long after its last change a closed ticket leaves the lists; 0 is the vendor's 120 days. It stays
	// in the exports, and is shown to whoever asks for its id.
	ArchiveAfter time.Duration
	// NumberedLast is the highest row that offset paging reaches; 0 is the vendor's 10,000.
	NumberedLast int

	// Subdomain is the account's name; empty is d3v-millrace.
	Subdomain string
	// AccountID identifies the account in webhooks; 0 is 18525119.
	AccountID int64
	// Webhooks are the subscriptions; Server.Subscribe adds more.
	Webhooks []Webhook
	// WebhookDelay holds every delivery back for so long, on the vendor's clock.
	WebhookDelay time.Duration
	// Deliver is the client for webhooks; nil is one that gives up after the vendor's ten seconds.
	Deliver *http.Client
}

// DefaultToken is the access token of a simulator that was given no credentials.
const DefaultToken = "zendesk-sandbox-token"

// Server is one simulated account. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	handler *sandbox.Handler
	auth    *authority
	limits  *limiter
	hooks   *hooks

	mu     sync.RWMutex
	tables map[string]*table
	emails map[string]uint64 // normalised address to user, over all identities
	audits auditLog
	jobs   jobs
	moved  metricLog
	merges []organizationMerge
	lastID uint64
	owner  uint64 // the user whose account it is: everybody who signs in acts as this one
}

// New returns an account with Zendesk's standard fields, statuses, one form, one brand, one group and its owner.
func New(opt Options) *Server {
	opt.Subdomain = cmp.Or(opt.Subdomain, "d3v-millrace")
	opt.AccountID = cmp.Or(opt.AccountID, 18525119)
	opt.NumberedLast = cmp.Or(opt.NumberedLast, 10_000)
	opt.Lag = max(0, cmp.Or(opt.Lag, time.Minute))
	opt.ArchiveAfter = cmp.Or(opt.ArchiveAfter, 120*24*time.Hour)
	opt.Role = cmp.Or(opt.Role, "admin")
	if opt.Deliver == nil {
		opt.Deliver = &http.Client{Timeout: 10 * time.Second}
	}
	s := &Server{opt: opt, tables: newTables(), emails: map[string]uint64{}, jobs: jobs{}, lastID: firstID}
	tickets := s.table("tickets")
	tickets.unlisted = func(o *row) bool {
		return tickets.text(o.cur, "status") == "closed" && o.cur.updated < s.now()-int64(opt.ArchiveAfter.Seconds())
	}
	s.auth = newAuthority(opt)
	s.limits = newLimiter(opt.Limits)
	s.hooks = newHooks(opt)
	s.found()
	s.handler = sandbox.Wrap(s.routes(), sandbox.Options{
		Clock: opt.Clock, Plan: opt.Plan, Log: opt.Log, Latency: opt.Latency, Refuse: refuse, Class: class, State: s.state,
	})
	return s
}

// Handler returns the account's API; sandbox.Listen serves it.
func (s *Server) Handler() *sandbox.Handler { return s.handler }

// firstID makes ids larger than a 32-bit number, as real ones are; tickets are counted from 1.
const firstID = 26363597354387

// nextID returns a new id; the caller holds mu.
func (s *Server) nextID() uint64 {
	s.lastID += 20
	return s.lastID
}

// now is the vendor's time in seconds, which is all the precision that Zendesk shows.
func (s *Server) now() int64 { return s.opt.Clock.Now().Unix() }

// state is what GET /__sandbox/state shows: counts, no values.
func (s *Server) state() any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]any{}
	for _, t := range s.tables {
		out[t.plural] = map[string]int{"live": t.live.Len(), "deleted": t.gone.Len()}
	}
	out["webhook_deliveries"] = s.PendingEvents()
	return out
}

// routes mounts the API. Every path is also there with .json at its end, as older clients and the vendor's own links
// write it.
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	for _, t := range s.tables {
		s.tableRoutes(api, t)
	}
	s.exportRoutes(api)
	s.userRoutes(api)
	s.organizationRoutes(api)
	s.ticketRoutes(api)
	s.accountRoutes(api)
	s.jobRoutes(api)
	s.webhookRoutes(api)
	api.Handle("/", handler(func(http.ResponseWriter, *http.Request) error {
		return fail(http.StatusNotFound, "InvalidEndpoint", "Not found")
	}))
	mux := http.NewServeMux()
	s.oauthRoutes(mux)
	mux.Handle("/", s.limit(s.authenticate(api)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.TrimSuffix(r.URL.Path, ".json")
		mux.ServeHTTP(w, r)
	})
}

// class names a route for the log: without .json, identifiers replaced.
func class(r *http.Request) string {
	return strings.TrimSuffix(sandbox.Class(withoutJSON(r)), ".json")
}

func withoutJSON(r *http.Request) *http.Request {
	u := *r.URL
	u.Path = strings.TrimSuffix(u.Path, ".json")
	out := *r
	out.URL = &u
	return &out
}
