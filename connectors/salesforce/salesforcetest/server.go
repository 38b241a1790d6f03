package salesforcetest

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated organization; the zero value is one without limits or delays whose only credential is
// DefaultToken.
type Options struct {
	Clock *sandbox.Clock // the vendor's clock; nil is the machine's
	Plan  *sandbox.Plan
	Log   *sandbox.Log
	// Latency delays every request.
	Latency time.Duration

	// Tokens are access tokens that never expire. When both Tokens and App are empty, DefaultToken is the only one.
	Tokens []string
	// App is the External Client App whose OAuth tokens are accepted; nil is none.
	App *App
	// SessionLife is how long an OAuth access token lives after its last use; 0 is two hours, the vendor's default.
	SessionLife time.Duration
	// LoginHost makes the token endpoint behave as login.salesforce.com does: it refuses client credentials.
	LoginHost bool

	// OrgID is the organization's id of 18 characters; "" is DefaultOrgID. Any other form panics.
	OrgID string
	// Sandbox makes the Organization say that it is one.
	Sandbox bool
	// PersonAccounts, StatePicklists and MultiCurrency add the fields that organizations with these features have.
	PersonAccounts, StatePicklists, MultiCurrency bool

	// DailyLimit is how many API calls are allowed in 24 hours; 0 counts but never refuses.
	DailyLimit int
	// CommitLag is how long a change made in the organization (not by the API) takes to be committed and thus seen,
	// although its SystemModstamp is the instant of the change; CommitJitter adds up to so much to each transaction, so
	// that changes are seen out of order.
	CommitLag, CommitJitter time.Duration
	// BulkDelay is how long a bulk job is in progress, on the vendor's clock.
	BulkDelay time.Duration
	// BulkJobs is how many query jobs are allowed in 24 hours; 0 is the vendor's 10,000.
	BulkJobs int
	// BulkOff answers the Bulk API with the vendor's error for users who may not use it.
	BulkOff bool
	// BulkPage is how many rows a page of bulk results has when the client does not say; 0 is 50,000.
	BulkPage int
	// MaxQuery is how many rows a page of a query has at most, whatever is asked; 0 is 2000.
	MaxQuery int
	// LocatorLife is how long the next pages of a query stay available; 0 is two days.
	LocatorLife time.Duration
	// PurgeAfter is how long deleted rows stay in the recycle bin; 0 is 15 days.
	PurgeAfter time.Duration

	// Send is the client for outbound messages; nil is one that gives up after the vendor's 60 seconds.
	Send *http.Client
}

// DefaultToken is the access token of a simulator that was given no credentials.
const DefaultToken = "00Dak000000sandbox!DefaultToken"

// DefaultOrgID is the organization's id when Options has none.
const DefaultOrgID = "00Dak00000SandBEAR"

// Server is one simulated organization. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	handler *sandbox.Handler
	api     http.Handler // the data APIs without sign-in and counting, for composites
	auth    *authority
	usage   usage
	bulk    bulk
	user    string // the integration user's id
	admin   string // who makes the changes of tests
	// instance is read while mu is held for reading, so it must not be guarded by it: a reader who comes twice waits for
	// the writer who waits for him.
	instance atomic.Pointer[string]

	mu            sync.RWMutex
	tables        map[string]*table // by lower-case name
	late          lateQueue
	bin           []binned
	seq           uint64
	schemaChanged time.Time
	hooks         []func(Change)
	changes       []Change
	outbox        outbox

	emitting sync.Mutex // held while hooks are called, taken before mu

	locating sync.Mutex // taken after mu
	locators map[string]*locator
	located  uint64
}

// New returns an organization with Salesforce's standard objects, stages and statuses, its Organization row and two
// users: the integration user, whom tokens stand for, and an administrator, who makes the changes of tests.
func New(opt Options) *Server {
	opt.OrgID = cmp.Or(opt.OrgID, DefaultOrgID)
	if id, ok := canonicalID(opt.OrgID); !ok || id != opt.OrgID {
		panic("salesforcetest: OrgID " + opt.OrgID + " is no id of 18 characters")
	}
	opt.SessionLife = cmp.Or(opt.SessionLife, 2*time.Hour)
	opt.MaxQuery = min(cmp.Or(opt.MaxQuery, 2000), 2000)
	opt.BulkPage = cmp.Or(opt.BulkPage, 50_000)
	opt.BulkJobs = cmp.Or(opt.BulkJobs, 10_000)
	opt.LocatorLife = cmp.Or(opt.LocatorLife, 48*time.Hour)
	opt.PurgeAfter = cmp.Or(opt.PurgeAfter, 15*24*time.Hour)
	if opt.Send == nil {
		opt.Send = &http.Client{Timeout: time.Minute}
	}
	s := &Server{opt: opt, tables: map[string]*table{}, locators: map[string]*locator{}}
	s.schemaChanged = s.now()
	s.standard()
	s.populate()
	s.auth = newAuthority(s)
	s.handler = sandbox.Wrap(s.routes(), sandbox.Options{
		Clock: opt.Clock, Plan: opt.Plan, Log: opt.Log, Latency: opt.Latency, Class: class, Write: isWrite, Refuse: refuse, State: s.state,
	})
	return s
}

// Handler returns the organization's API; sandbox.Listen serves it.
func (s *Server) Handler() *sandbox.Handler { return s.handler }

// SetInstance makes token answers name url as the instance_url; without it they name the address the request came to.
func (s *Server) SetInstance(url string) {
	url = strings.TrimSuffix(url, "/")
	s.instance.Store(&url)
}

func (s *Server) now() time.Time { return s.opt.Clock.Now() }

// table returns an object by name in any case, or nil.
func (s *Server) table(name string) *table { return s.tables[strings.ToLower(name)] }

// mustTable is table for the names tests use: an unknown one is the test's mistake.
func (s *Server) mustTable(name string) *table {
	t := s.table(name)
	if t == nil {
		panic("salesforcetest: there is no object " + name)
	}
	return t
}

// byPrefix returns the object that an id belongs to, or nil.
func (s *Server) byPrefix(id string) *table {
	for _, t := range s.tables {
		if strings.HasPrefix(id, t.prefix) {
			return t
		}
	}
	return nil
}

// state is what GET /__sandbox/state shows: counts, no values.
func (s *Server) state() any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]any{}
	for _, t := range s.tables {
		if t.ids.Len() > 0 {
			out[t.name] = map[string]int{"live": t.count, "deleted": t.ids.Len() - t.count, "uncommitted": len(t.rows) - t.ids.Len()}
		}
	}
	out["late_transactions"] = len(s.late)
	out["api_usage"] = s.usage.used(s.now())
	return out
}
