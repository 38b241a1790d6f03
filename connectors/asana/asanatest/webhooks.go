package asanatest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	hooksPerResource = 1000 // https://developers.asana.com/docs/webhooks-guide
	hookTimeout      = 10 * time.Second
)

// webhook is a subscription. Its secret was told to the target during the handshake, once.
type webhook struct {
	id, resource, owner gid
	app, kind           string
	target, secret      string
	created             stamp
	filters             []filter
	active              bool
	seq                 uint64 // the first event not delivered yet
	succeeded, failed   stamp
	failingSince        stamp
	next                stamp // no attempt before
	beat                stamp // the last heartbeat
	failure             string
	retries             int
}

// filter lets events through; an empty member means anything.
type filter struct {
	ResourceType    string   `json:"resource_type,omitempty"`
	ResourceSubtype string   `json:"resource_subtype,omitempty"`
	Action          string   `json:"action,omitempty"`
	Fields          []string `json:"fields,omitempty"`
}

func (f filter) pass(e *event) bool {
	return (f.ResourceType == "" || f.ResourceType == e.kind) &&
		(f.ResourceSubtype == "" || f.ResourceSubtype == e.subtype) &&
		(f.Action == "" || f.Action == e.action) &&
		(len(f.Fields) == 0 || slices.Contains(f.Fields, e.field))
}

// wants tells whether an event passes; without filters everything does.
func (h *webhook) wants(e *event) bool {
	return len(h.filters) == 0 || slices.ContainsFunc(h.filters, func(f filter) bool { return f.pass(e) })
}

// createWebhook performs the handshake inside the request: the target must echo X-Hook-Secret before the answer is given.
// The state is not locked meanwhile, because the target may well ask the API something first.
func createWebhook(c *call) (reply, error) {
	h, err := c.readWebhook()
	if err != nil {
		return reply{}, err
	}
	if err := c.srv.handshake(h); err != nil {
		return reply{}, err
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	h.id, h.created, h.seq = c.st.nextGID(), c.st.stamp(), c.st.log.next
	c.st.hooks = append(c.st.hooks, h)
	h.active = true
	return reply{status: http.StatusCreated, data: c.st.views.webhook.one(c.renderer, h, c.want),
		extra: map[string]any{"X-Hook-Secret": h.secret}}, nil
}

func (c *call) readWebhook() (*webhook, error) {
	h := &webhook{owner: c.who.user, app: c.who.app, target: c.in.need("target"), filters: []filter{}}
	id := c.in.need("resource")
	c.in.object("filters", &h.filters)
	if err := c.in.end(); err != nil {
		return nil, err
	}
	if err := c.srv.checkTarget(h.target); err != nil {
		return nil, err
	}
	c.srv.mu.RLock()
	defer c.srv.mu.RUnlock()
	g, ok := parseGID(id)
	if !ok {
		return nil, invalid("resource: Not a recognized ID: %s", id)
	}
	if h.kind = c.st.kindOf(g); h.kind == "" {
		return nil, unknown("resource", id)
	}
	h.resource = g
	if len(h.filters) == 0 && (h.kind == "team" || h.kind == "workspace") {
		return nil, invalid("filters: Webhooks on a %s must have filters", h.kind)
	}
	same := 0
	for _, x := range c.st.hooks {
		if x.resource == g && x.target == h.target && x.app == h.app && x.owner == h.owner {
			return nil, forbidden("The webhook already exists for this resource and target") // unverified wording
		}
		if x.resource == g {
			same++
		}
	}
	if same >= hooksPerResource {
		return nil, forbidden("resource: The limit of webhooks on the resource is reached")
	}
	return h, nil
}

// kindOf names what a gid is, "" when it cannot have webhooks.
func (st *state) kindOf(g gid) string {
	switch {
	case st.tasks[g] != nil:
		return "task"
	case st.projects[g] != nil:
		return "project"
	case st.teams[g] != nil:
		return "team"
	case g == st.workspace.id:
		return "workspace"
	}
	return ""
}

func (s *Server) checkTarget(target string) error {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return invalid("target: Not a valid URL")
	}
	host := strings.ToLower(u.Hostname())
	if s.opt.RefuseLocalTargets && (host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1") {
		return forbidden("target: The hostname is not allowed")
	}
	return nil
}

func (s *Server) handshake(h *webhook) error {
	var raw [32]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	h.secret = hex.EncodeToString(raw[:])
	ctx, cancel := context.WithTimeout(context.Background(), hookTimeout)
	defer cancel()
	refuse := func() error {
		return invalid("Could not complete handshake with target URL. Please ensure that the receiving server is accepting POST requests.")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.target, nil)
	if err != nil {
		return refuse()
	}
	r.Header.Set("X-Hook-Secret", h.secret)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := s.opt.Client.Do(r)
	if err != nil {
		return refuse()
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent || resp.Header.Get("X-Hook-Secret") != h.secret {
		return refuse()
	}
	return nil
}

func (c *call) webhook() (*webhook, error) {
	id, _ := parseGID(c.part("webhook"))
	for _, h := range c.st.hooks {
		if h.id == id && h.app == c.who.app { // an app sees its own
			return h, nil
		}
	}
	return nil, unknown("webhook", c.part("webhook"))
}

func listWebhooks(c *call) (reply, error) {
	if c.query.Get("workspace") == "" {
		return reply{}, invalid("workspace: Missing input")
	}
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	var list []*webhook
	for _, h := range c.st.hooks {
		if h.app == c.who.app && h.owner == c.who.user && (!c.query.Has("resource") || c.query.Get("resource") == h.resource.String()) {
			list = append(list, h)
		}
	}
	return paginate(c, inSlice(list), func(h *webhook) any {
		return c.st.views.webhook.show(c.renderer, h, c.want, c.st.views.webhook.compact)
	})
}

func getWebhook(c *call) (reply, error) {
	h, err := c.webhook()
	if err != nil {
		return reply{}, err
	}
	return found(c.st.views.webhook.one(c.renderer, h, c.want))
}

func updateWebhook(c *call) (reply, error) {
	h, err := c.webhook()
	if err != nil {
		return reply{}, err
	}
	filters := []filter{}
	c.in.object("filters", &filters)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	h.filters = filters
	return found(c.st.views.webhook.one(c.renderer, h, c.want))
}

func deleteWebhook(c *call) (reply, error) {
	h, err := c.webhook()
	if err != nil {
		return reply{}, err
	}
	c.st.dropHook(h)
	return emptied()
}

func (st *state) dropHook(h *webhook) {
	st.hooks = slices.DeleteFunc(st.hooks, func(x *webhook) bool { return x == h })
}
