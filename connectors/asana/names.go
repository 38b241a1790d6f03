package asana

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/millrace/millrace/connectors"
)

// The caches hold names, ids and nothing of the tasks. Above these sizes an arbitrary entry makes room.
const (
	maxProjects = 2000
	maxUsers    = 20000
)

// names remembers which ids the vendor gave to names. Readers share it; whoever has to ask the vendor or create
// something takes the turn first, so that many workers meeting one new project create it once. All writing is done with
// the turn and mu, so that the turn's holder may read without mu.
type names struct {
	turn chan struct{} // holds one token while somebody asks or creates
	made atomic.Int64  // how often something was created, attached or made selectable again

	mu       sync.RWMutex
	space    string
	projects map[string]*project // by name
	custom   map[string]string   // the workspace's custom fields: folded name to gid; nil = not read yet
	fields   map[string]*field   // every known custom field by gid
	users    map[string]string   // e-mail to gid, "" = unknown to Asana
	plain    bool                // the plan has no custom fields
}

// project is a project with what is attached to it.
type project struct {
	gid      string
	sections map[string]string // name to gid
	fields   map[string]string // folded name to gid
}

// field is a custom field.
type field struct {
	gid, kind string
	precision int               // decimals of a number
	options   map[string]option // by folded name, of an enum
}

type option struct {
	gid     string
	enabled bool
}

func newNames(space string) *names {
	return &names{turn: make(chan struct{}, 1), space: space, projects: map[string]*project{},
		fields: map[string]*field{}, users: map[string]string{}}
}

// take waits for the turn to ask or create.
func (n *names) take(ctx context.Context) error {
	select {
	case n.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *names) give() { <-n.turn }

// isPlain reports whether the plan is known to have no custom fields.
func (n *names) isPlain() bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.plain
}

func (n *names) setPlain() { n.change(func() { n.plain = true }) }

func (n *names) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func (n *names) project(name string) *project {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.projects[name]
}

func (n *names) workspace() string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.space
}

func (n *names) keepProject(name string, p *project) {
	n.change(func() {
		if len(n.projects) >= maxProjects {
			makeRoom(n.projects)
		}
		n.projects[name] = p
	})
}

func makeRoom[V any](m map[string]V) {
	for key := range m {
		delete(m, key)
		return
	}
}

// forget drops what a refused write relied on, unless somebody has read it anew meanwhile. A used of nil is not known.
func (n *names) forget(ctx context.Context, w need, used *project) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.give()
	n.change(func() {
		if w.project != "" && (used == nil || n.projects[w.project] == used) {
			delete(n.projects, w.project)
			n.dropFields()
		}
		delete(n.users, strings.ToLower(w.assignee))
	})
	return nil
}

// dropFields makes all custom fields be read again when they are needed next. The caller holds the turn and mu.
func (n *names) dropFields() {
	n.custom, n.fields = nil, map[string]*field{}
	for _, p := range n.projects {
		p.fields = nil
	}
}

// unsure makes everything about the project be read again after a creation whose outcome is not known: what is in memory
// does not say whether it is there, and creating it blindly once more would double it (invariant 4).
func (n *names) unsure(err error, p *project) error {
	if err != nil && !refused(err) {
		n.change(func() {
			p.sections = nil
			n.dropFields()
		})
	}
	return err
}

// ensureSpace makes sure that the workspace is known: the configured one, or the only one the sign-in sees.
func (t *target) ensureSpace(ctx context.Context) error {
	if t.names.workspace() != "" {
		return nil
	}
	const op = "find workspace"
	p, err := list[named](ctx, t.client, op, "/workspaces", nil, "")
	if err != nil {
		return err
	}
	if len(p.Data) != 1 || p.offset() != "" {
		gids := make([]string, len(p.Data))
		for i, w := range p.Data {
			gids[i] = w.GID
		}
		return &connectors.Error{Kind: connectors.Denied, Op: op,
			Reason: "the sign-in does not see exactly one workspace; set workspace to one of [" + strings.Join(gids, " ") + "]"}
	}
	t.names.change(func() { t.names.space = p.Data[0].GID })
	return nil
}

// ensureUser looks an e-mail address up. Asana takes one wherever it takes a user's id
// (https://developers.asana.com/reference/getuser); somebody it does not know is nobody, which is remembered too.
func (t *target) ensureUser(ctx context.Context, email string) error {
	email = strings.ToLower(email)
	if _, known := t.names.user(email); known || email == "" {
		return nil
	}
	var u named
	err := t.client.get(ctx, "find user", "/users/"+escape(email), fieldsOf("gid"), &u)
	if err != nil && (!refused(err) || status(err) == http.StatusForbidden && connectors.KindOf(err) == connectors.Denied) {
		return err
	}
	t.names.change(func() {
		if len(t.names.users) >= maxUsers {
			makeRoom(t.names.users)
		}
		t.names.users[email] = u.GID
	})
	return nil
}

func (n *names) user(email string) (gid string, known bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	gid, known = n.users[strings.ToLower(email)]
	return gid, known
}

// field returns the custom field of that name that is attached to p, nil if none is known. The caller holds mu.
func (n *names) field(p *project, called string) *field { return n.fields[p.fields[fold(called)]] }
