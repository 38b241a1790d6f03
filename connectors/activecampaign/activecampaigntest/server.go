package activecampaigntest

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Options configures a simulated account; the zero value is an account without limits and faults whose key is DefaultToken.
type Options struct {
	Clock *sandbox.Clock // the vendor's clock; nil is the machine's
	Plan  *sandbox.Plan
	Log   *sandbox.Log
	// Latency delays every request.
	Latency time.Duration
	// Tokens are the keys that are accepted; none is DefaultToken.
	Tokens []string
	// PerSecond is how many requests the account may make in a second; 0 is no limit. ActiveCampaign's is 5.
	PerSecond int
	// Headers makes answers tell what is left of the limit. The document promises it, no recorded answer has it.
	Headers bool
	// Zone is the account's offset from UTC in its stamps; 0 is five hours behind, as in the recordings.
	Zone time.Duration
	// DayFilter makes updated_after and updated_before compare days, and not times, as the document allows to read it; those of
	// UTC with UTCFilter, else the account's.
	DayFilter, UTCFilter bool
	// NoSideLoads makes the account ignore `include`, which is not in the document.
	NoSideLoads bool
	// HiddenDeals are titles of deals that the key's user may not see: of those only the title is shown.
	HiddenDeals []string
	// Expired answers everything with 402, Forbidden with 403 what it lists: paths such as `deals`.
	Expired   bool
	Forbidden []string
	// Deliver is the client for webhooks; nil is one that gives up after ten seconds.
	Deliver *http.Client
}

// DefaultToken is the key of a simulator that was given none.
const DefaultToken = "activecampaign-sandbox-token"

// Server is one simulated account. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	zone    *time.Location
	handler *sandbox.Handler
	hooks   *hooks

	mu     sync.RWMutex
	tables map[string]*table
	recent []time.Time // of the requests of the last second
}

// New returns an account with its first user, who has no stamps, one list and one pipeline with three stages.
func New(opt Options) *Server {
	if len(opt.Tokens) == 0 {
		opt.Tokens = []string{DefaultToken}
	}
	if opt.Zone == 0 {
		opt.Zone = -5 * time.Hour
	}
	if opt.Deliver == nil {
		opt.Deliver = &http.Client{Timeout: 10 * time.Second}
	}
	s := &Server{opt: opt, zone: time.FixedZone("", int(opt.Zone.Seconds())), tables: newTables(), hooks: &hooks{}}
	s.found()
	s.handler = sandbox.Wrap(s.routes(), sandbox.Options{Clock: opt.Clock, Plan: opt.Plan, Log: opt.Log, Latency: opt.Latency, Refuse: refuse, Class: class, State: s.state})
	return s
}

// class names a route for the log: the version in the path is no identifier.
func class(r *http.Request) string {
	return strings.Replace(sandbox.Class(r), "/api/{id}/", "/api/3/", 1)
}

// found makes what every account has.
func (s *Server) found() {
	must := func(object string, fields map[string]any) string {
		id, err := s.create(object, fields, time.Time{})
		if err != nil {
			panic("activecampaigntest: " + err.Error())
		}
		return id
	}
	must("users", map[string]any{"username": "admin", "firstName": "Ada", "lastName": "Okafor", "email": "admin@acme.example"})
	must("lists", map[string]any{"name": "Newsletter", "stringid": "newsletter"})
	group := must("dealGroups", map[string]any{"title": "Sales"})
	for i, title := range []string{"To Contact", "In Contact", "Follow Up"} {
		must("dealStages", map[string]any{"group": group, "title": title, "order": i + 1})
	}
}

// Handler returns the account's API; sandbox.Listen serves it.
func (s *Server) Handler() *sandbox.Handler { return s.handler }

func (s *Server) now() time.Time { return s.opt.Clock.Now() }

// stamp is an instant as the account writes it.
func (s *Server) stamp(at time.Time) string { return at.In(s.zone).Format(time.RFC3339) }

// state is what GET /__sandbox/state shows: counts, no values.
func (s *Server) state() any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]any{"webhook_deliveries": s.PendingEvents()}
	for name, t := range s.tables {
		out[name] = len(t.order)
	}
	return out
}
