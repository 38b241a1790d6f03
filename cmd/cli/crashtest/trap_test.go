package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
)

// moment says when, seen from the vendor, the program dies.
type moment string

const (
	before moment = "before the vendor handles it" // the request is lost
	during moment = "while the vendor handles it"  // it takes effect, nobody hears of it
	after  moment = "before the vendor answers"    // likewise, but the program lived until then
)

// request is one kind of request that the program makes.
type request struct {
	vendor, method, path string
	most                 int // how many of it a round makes, roughly
}

// requests are the kinds of request between which the program can die. Every one is a different place in its code.
var requests = []request{
	{"hubspot", "GET", `/crm/objects/[^/]+/(contacts|companies|deals|tickets)$`, 12},
	{"hubspot", "POST", `/search$`, 12},
	{"hubspot", "POST", `/associations/.*/batch/read$`, 6},
	{"hubspot", "GET", `/(properties|pipelines|owners)/`, 8},
	{"hubspot", "POST", `/oauth/`, 1},
	{"asana", "POST", `/batch$`, 20},
	{"asana", "POST", `/tasks$`, 6},
	{"asana", "PUT", `/tasks/[^/]+$`, 6},
	{"asana", "GET", `/tasks(/[^/]+)?$`, 6},
	{"asana", "POST", `/stories$`, 3},
	{"asana", "POST", `/(addTask|addProject|removeProject)$`, 4},
	{"asana", "POST", `/(projects|sections|custom_fields|addCustomFieldSetting)$`, 8},
	{"asana", "GET", `/(projects|sections|custom_fields|users|custom_field_settings|workspaces)`, 6},
	{"asana", "POST", `oauth_token$`, 1},
}

// requestsOfAll are those and the ones to Salesforce and Zendesk.
var requestsOfAll = append(slices.Clone(requests),
	request{"salesforce", "GET", `/queryAll$`, 20},
	request{"salesforce", "GET", `/query$`, 4},
	request{"salesforce", "GET", `/(describe|deleted)$`, 12},
	request{"salesforce", "POST", `/oauth2/token$`, 1},
	request{"zendesk", "GET", `/incremental/(tickets|users)/cursor`, 6},
	request{"zendesk", "GET", `/incremental/organizations`, 3},
	request{"zendesk", "GET", `/tickets/[0-9]+/comments`, 12},
	request{"zendesk", "GET", `/(users|organization_memberships|custom_statuses|ticket_fields)(\.json)?$`, 6},
)

// trap kills the program at one request, once.
type trap struct {
	request
	when  moment
	count int // matching requests to let pass
	path  *regexp.Regexp
	kill  func()
	taken bool          // a request sprang it
	done  chan struct{} // closed when the program is dead and the vendor has done what it does
}

func (t *trap) String() string {
	return fmt.Sprintf("request %d of %s %s %s, %s", t.count+1, t.vendor, t.method, t.request.path, t.when)
}

// newTrap picks the next kind of request, so that all have their share, and the rest at random.
func newTrap(rng *rand.Rand, from []request, next int) *trap {
	r := from[next%len(from)]
	return &trap{request: r, when: []moment{before, during, after}[rng.IntN(3)], count: rng.IntN(1 + r.most/2),
		path: regexp.MustCompile(r.path), done: make(chan struct{})}
}

// traps stands around the vendors' handlers and springs the trap that is set.
type traps struct {
	mu  sync.Mutex
	set *trap
}

func (s *traps) arm(t *trap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = t
}

// take returns the trap when this request springs it.
func (s *traps) take(vendor string, r *http.Request) *trap {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.set
	if t == nil || t.vendor != vendor || t.method != r.Method || !t.path.MatchString(r.URL.Path) {
		return nil
	}
	if t.count > 0 {
		t.count--
		return nil
	}
	s.set, t.taken = nil, true
	return t
}

// around is world.Options.Around.
func (s *traps) around(vendor string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := s.take(vendor, r)
		if t == nil {
			next.ServeHTTP(w, r)
			return
		}
		defer close(t.done)
		if t.when == after {
			swallow(next, r)
		}
		t.kill()
		if t.when == during {
			swallow(next, r)
		}
		panic(http.ErrAbortHandler)
	})
}

// swallow has the vendor handle a request and throws the answer away. A fault may end the connection by a panic.
func swallow(next http.Handler, r *http.Request) {
	defer func() { _ = recover() }()
	next.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
}
