package crashtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
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

// requestsOfAll are those and the ones to the other vendors.
var requestsOfAll = slices.Concat(requests, requestsOfLists, []request{
	{"salesforce", "GET", `/queryAll$`, 20},
	{"salesforce", "GET", `/query$`, 4},
	{"salesforce", "GET", `/(describe|deleted)$`, 12},
	{"salesforce", "POST", `/oauth2/token$`, 1},
	{"zendesk", "GET", `/incremental/(tickets|users)/cursor`, 6},
	{"zendesk", "GET", `/incremental/organizations`, 3},
	{"zendesk", "GET", `/tickets/[0-9]+/comments`, 12},
	{"zendesk", "GET", `/(users|organization_memberships|custom_statuses|ticket_fields)(\.json)?$`, 6},
})

// requestsOfLists are those to the vendors of lists and mail; those to a mailbox are commands, with what follows them.
var requestsOfLists = []request{
	{"imap", "FETCH", ``, 4},
	{"mailchimp", "GET", `/members$`, 6},
	{"activecampaign", "GET", `/contacts$`, 4},
	{"imap", "SEARCH", ``, 3},
	{"imap", "LIST", ``, 3},
}

// trap kills the program at one request, once.
type trap struct {
	request
	when  moment
	count int // matching requests to let pass
	path  *regexp.Regexp
	about string // what its body must contain; "" = anything
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

// take returns the trap when this request springs it. The path of a command of a mailbox is what follows it.
func (s *traps) take(vendor, method, path string, body func() string) *trap {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.set
	if t == nil || t.vendor != vendor || t.method != method || !t.path.MatchString(path) || t.about != "" && !strings.Contains(body(), t.about) {
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
		t := s.take(vendor, r.Method, r.URL.Path, func() string { return peek(r) })
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

// peek reads the body of a request, which can be read again.
func peek(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// swallow has the vendor handle a request and throws the answer away. A fault may end the connection by a panic.
func swallow(next http.Handler, r *http.Request) {
	defer func() { _ = recover() }()
	next.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
}
