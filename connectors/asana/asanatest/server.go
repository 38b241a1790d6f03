package asanatest

import (
	"net/http"
	"sync"
	"time"
)

// apiBase is the prefix of every API path.
const apiBase = "/api/1.0"

// DefaultToken is the personal access token that a Server accepts when Options.Tokens is empty; it acts as the first user.
const DefaultToken = "sandbox-personal-access-token"

// User is a person of the simulated workspace.
type User struct{ Name, Email string }

// App is an OAuth application that may ask for tokens.
type App struct {
	ClientID, ClientSecret string
	// RedirectURIs are the addresses a code may be sent to; none means any.
	RedirectURIs []string
	// Ask shows a page on which the user admits the app or does not; without it the user does at once.
	Ask bool
}

// Limits are the vendor's refusals. The zero value refuses nothing.
// https://developers.asana.com/docs/rate-limits
type Limits struct {
	// PerMinute is the requests a token may make in a minute: 150 on a free plan, 1500 on a paid one. Refused ones count.
	PerMinute int
	// PerSecond and Burst set the same bucket finer, for tests that cannot wait a minute; PerMinute is then ignored.
	PerSecond float64
	Burst     int
	// Reads and Writes are the requests in flight per token: 50 and 15 at Asana. 0 is unlimited.
	Reads, Writes int
}

// Options shape a Server; the zero value is a small, patient, unlimited Asana.
type Options struct {
	// Now is the vendor's clock, the machine's when nil.
	Now func() time.Time
	// Workspace and Team are names; "Acme" and "Customer success" when empty.
	Workspace, Team string
	// Users of the workspace; the first is the one DefaultToken acts for. Three at acme.example when empty.
	Users []User
	// Tokens maps personal access tokens to the e-mail addresses of their users.
	Tokens map[string]string
	// Apps may use OAuth.
	Apps []App
	// TokenLife is how long an OAuth access token lives; an hour when 0.
	TokenLife time.Duration
	// Limits of rate and concurrency, off when zero.
	Limits Limits
	// BatchLeaksOnLimit lets the actions that would fit run although the whole batch is answered 429. The contract does
	// not say that none ran, so a client must survive it.
	BatchLeaksOnLimit bool
	// AllowDuplicateExternal accepts a second task with the external gid of another. Whether Asana refuses it is unverified.
	AllowDuplicateExternal bool
	// TruncateUnlimited cuts lists asked for without limit at 1000 in silence; otherwise they are refused with 400. Both are documented.
	TruncateUnlimited bool
	// DemandTeam answers 400 to a project without a team, as the contract says of organizations; a recorded organization
	// has such a project all the same. https://developers.asana.com/reference/createproject
	DemandTeam bool
	// RefuseLocalTargets answers 403 to webhook targets on this machine, as Asana does.
	RefuseLocalTargets bool
	// Latency is how long each request waits inside the vendor; it is what makes concurrency limits bite.
	Latency time.Duration
	// Client delivers webhooks; one with a 10 s timeout, no proxy and no redirects when nil.
	Client *http.Client
	// Events is how many events are kept; 100,000 when 0. A sync token that points before them is expired.
	Events int
	// PublicURL is what next_page.uri begins with; "https://app.asana.com" when empty.
	PublicURL string
}

// Server is one simulated Asana workspace. All methods are safe for concurrent use.
type Server struct {
	opt    Options
	auth   *auth
	limits *limiter
	routes *http.ServeMux
	mux    *http.ServeMux
	wake   chan struct{} // an event was logged

	mu sync.RWMutex // guards st
	st *state
}

// New returns a workspace with one team, its users and no projects.
func New(opt Options) *Server {
	opt = opt.filled()
	s := &Server{opt: opt, st: newState(opt.Now, opt.Events), limits: newLimiter(opt.Limits), wake: make(chan struct{}, 1)}
	s.st.log.wake = s.wake
	s.st.workspace = &workspace{id: s.st.nextGID(), name: opt.Workspace, domains: []string{"acme.example"}}
	s.st.addTeam(opt.Team)
	for _, u := range opt.Users {
		s.st.addUser(u.Name, u.Email)
	}
	s.auth = newAuth(opt, s.st.userList)
	s.routes = s.apiRoutes()
	s.mux = http.NewServeMux()
	s.mux.HandleFunc(apiBase+"/", s.serveAPI)
	s.mux.HandleFunc("POST /-/oauth_token", s.auth.serveToken)
	s.mux.HandleFunc("GET /-/oauth_authorize", s.auth.serveAuthorize)
	s.mux.HandleFunc("POST /-/oauth_authorize", s.auth.serveAuthorize)
	s.mux.HandleFunc("POST /-/oauth_revoke", s.auth.serveRevoke)
	s.mux.HandleFunc("GET /board", s.serveBoards)
	s.mux.HandleFunc("GET /board/{project}", s.serveBoard)
	return s
}

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Workspace == "" {
		o.Workspace = "Acme"
	}
	if o.Team == "" {
		o.Team = "Customer success"
	}
	if len(o.Users) == 0 {
		o.Users = []User{{"Millrace", "millrace@acme.example"}, {"Ada Osei", "ada@acme.example"}, {"Lin Wei", "lin@acme.example"}}
	}
	if len(o.Tokens) == 0 {
		o.Tokens = map[string]string{DefaultToken: o.Users[0].Email}
	}
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.Client == nil {
		o.Client = hookClient()
	}
	if o.Events <= 0 {
		o.Events = 100_000
	}
	return o
}

// Handler serves the API under /api/1.0, OAuth under /-/ and the board a person can read under /board.
func (s *Server) Handler() http.Handler { return s.mux }

// Workspace returns the gid of the only workspace.
func (s *Server) Workspace() string { return s.st.workspace.id.String() }

func (s *Server) base() string {
	if s.opt.PublicURL != "" {
		return s.opt.PublicURL
	}
	return "https://app.asana.com"
}
