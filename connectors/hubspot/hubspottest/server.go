package hubspottest

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated account; the zero value is an account without limits whose search index is never
// late and whose only credential is DefaultToken.
type Options struct {
	Clock *sandbox.Clock // the vendor's clock; nil is the machine's
	Plan  *sandbox.Plan
	Log   *sandbox.Log
	// Latency delays every request.
	Latency time.Duration

	// Tokens are the private apps' access tokens. When both Tokens and App are empty, DefaultToken is the only one.
	Tokens []string
	// App is the public app whose OAuth tokens are accepted; nil is none.
	App *App
	// Scopes are what every token is granted; nil is everything. A request beyond them is answered 403 MISSING_SCOPES.
	Scopes []string

	// Limits are the account's quotas; nil is none, and then no rate headers are sent either.
	Limits *Limits
	// IndexLag is how long a change takes to be seen by search, which is eventually consistent; until then search
	// matches and returns the older values. IndexJitter adds up to so much to each change, so that changes are seen
	// out of order. Archived rows leave the index at once.
	IndexLag, IndexJitter time.Duration
	// AssociationPage is the page size of the associations batch read; 0 is the vendor's 500.
	AssociationPage int
	// StringIDs makes toObjectId in associations a string as the specification says, not a number as recorded.
	StringIDs bool

	// PortalID identifies the account in webhooks, URLs and account-info; 0 is 44237313.
	PortalID int64
	// Subscriptions are the webhooks; Server.Subscribe adds more.
	Subscriptions []Subscription
	// HookCache is how long a change of the app's webhooks takes to have effect; HubSpot's may take five minutes.
	HookCache time.Duration
	// Deliver is the client for webhooks; nil is one that gives up after HubSpot's five seconds.
	Deliver *http.Client
}

// DefaultToken is the access token of a simulator that was given no credentials.
const DefaultToken = "pat-na1-sandbox"

// Server is one simulated HubSpot account. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	handler *sandbox.Handler
	auth    *authority
	limits  *limiter
	hooks   *hooks

	mu        sync.RWMutex
	tables    map[string]*table // by type id
	links     map[pair]map[uint64][]link
	owners    []*Owner
	pipelines map[string][]*pipeline // by type id
	pending   indexQueue
	seq       uint64
}

// New returns an account with HubSpot's standard properties and pipelines and no records.
func New(opt Options) *Server {
	opt.PortalID = cmp.Or(opt.PortalID, 44237313)
	opt.AssociationPage = cmp.Or(opt.AssociationPage, 500)
	if opt.Deliver == nil {
		opt.Deliver = &http.Client{Timeout: 5 * time.Second}
	}
	s := &Server{opt: opt, tables: map[string]*table{}, links: map[pair]map[uint64][]link{}, pipelines: standardPipelines()}
	for _, k := range kinds {
		s.tables[k.id] = newTable(k)
	}
	s.auth = newAuthority(opt)
	s.limits = newLimiter(opt.Limits)
	s.hooks = &hooks{subscriptions: opt.Subscriptions, app: &appHooks{}, cache: opt.HookCache}
	s.handler = sandbox.Wrap(s.routes(), sandbox.Options{
		Clock: opt.Clock, Plan: opt.Plan, Log: opt.Log, Latency: opt.Latency, Write: isWrite, Refuse: refuse, State: s.state,
	})
	return s
}

// Handler returns the account's API; sandbox.Listen serves it.
func (s *Server) Handler() *sandbox.Handler { return s.handler }

// PortalID returns the id of the account.
func (s *Server) PortalID() int64 { return s.opt.PortalID }

// now is the vendor's time in milliseconds.
func (s *Server) now() int64 { return s.opt.Clock.Now().UnixMilli() }

// state is what GET /__sandbox/state shows: counts, no values.
func (s *Server) state() any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]any{}
	for _, t := range s.tables {
		out[t.plural] = map[string]int{"live": t.live.Len(), "archived": t.gone.Len(), "merged": len(t.merged), "indexed": t.index.Len()}
	}
	out["unindexed_changes"] = len(s.pending)
	out["webhook_events"] = s.PendingEvents()
	return out
}

// routes mounts both families of paths, see https://developers.hubspot.com/docs/api-reference (date versions since
// March 2026, v3 and v4 until September 2027).
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	for _, base := range []string{"/crm/v3/objects/{type}", "/crm/objects/2026-09/{type}"} {
		s.objectRoutes(api, base)
	}
	s.associationRoutes(api, "/crm/v4/associations/{type}/{to}", "/crm/v4/objects/{type}/{id}/associations")
	s.associationRoutes(api, "/crm/associations/2026-09/{type}/{to}", "/crm/objects/2026-09/{type}/{id}/associations")
	for _, base := range []string{"/crm/v3/owners", "/crm/owners/2026-09"} {
		api.Handle("GET "+base, handler(s.listOwners))
		api.Handle("GET "+base+"/{$}", handler(s.listOwners))
		api.Handle("GET "+base+"/{id}", handler(s.getOwner))
	}
	for _, base := range []string{"/crm/v3/pipelines/{type}", "/crm/pipelines/2026-09/{type}"} {
		api.Handle("GET "+base, handler(s.listPipelines))
		api.Handle("GET "+base+"/{pipeline}", handler(s.getPipeline))
		api.Handle("GET "+base+"/{pipeline}/stages", handler(s.listStages))
		api.Handle("GET "+base+"/{pipeline}/stages/{stage}", handler(s.getStage))
	}
	for _, base := range []string{"/crm/v3/properties/{type}", "/crm/properties/2026-09/{type}"} {
		api.Handle("GET "+base, handler(s.listProperties))
		api.Handle("POST "+base, handler(s.createProperty))
		api.Handle("GET "+base+"/{name}", handler(s.getProperty))
	}
	for _, version := range []string{"v3", "2026-09"} {
		api.Handle("GET /account-info/"+version+"/details", handler(s.accountDetails))
		api.Handle("GET /account-info/"+version+"/api-usage/daily/private-apps", handler(s.accountUsage))
	}
	mux := http.NewServeMux()
	s.oauthRoutes(mux)
	s.appRoutes(mux)
	mux.Handle("/", s.limit(s.authenticate(api)))
	return mux
}

func (s *Server) objectRoutes(api *http.ServeMux, base string) {
	api.Handle("GET "+base, handler(s.list))
	api.Handle("POST "+base, handler(s.create))
	api.Handle("GET "+base+"/{id}", handler(s.get))
	api.Handle("PATCH "+base+"/{id}", handler(s.update))
	api.Handle("DELETE "+base+"/{id}", handler(s.archive))
	api.Handle("POST "+base+"/search", handler(s.search))
	api.Handle("POST "+base+"/merge", handler(s.merge))
	api.Handle("POST "+base+"/gdpr-delete", handler(s.gdprDelete))
	api.Handle("POST "+base+"/batch/create", handler(s.batchCreate))
	api.Handle("POST "+base+"/batch/read", handler(s.batchRead))
	api.Handle("POST "+base+"/batch/update", handler(s.batchUpdate))
	api.Handle("POST "+base+"/batch/upsert", handler(s.batchUpsert))
	api.Handle("POST "+base+"/batch/archive", handler(s.batchArchive))
}
