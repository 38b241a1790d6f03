package zendesktest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Webhook is where events or triggers go.
type Webhook struct {
	ID       string // empty is made up
	Name     string
	Endpoint string
	Method   string // empty is POST
	Format   string // json, xml or form_encoded; empty is json
	// Secret is the key of the signatures; empty is made up. Server.SigningSecret returns it.
	Secret string
	// Subscriptions are event types such as zen:event-type:user.created; "*" is all of them. conditional_ticket_events
	// makes it a target for triggers, which send Body.
	Subscriptions []string
	// Body is what a trigger sends at every change of a ticket, free text in which {{ticket.id}}, {{ticket.title}},
	// {{ticket.status}}, {{ticket.external_id}}, {{ticket.updated_at_with_timestamp}} and {{ticket.requester.id}} are
	// replaced. It need not be JSON.
	Body string
	// Inactive webhooks get nothing.
	Inactive bool

	created, updated int64
}

// conditional is the subscription of a webhook that triggers use.
const conditional = "conditional_ticket_events"

// delivery is a request that waits for a webhook.
type delivery struct {
	hook       string
	invocation string
	body       string
	due        time.Time
	attempts   int
}

// maxQueue bounds what waits; the oldest deliveries are dropped beyond it.
const maxQueue = 200_000

// hooks are the webhooks and what waits for them.
type hooks struct {
	mu        sync.Mutex
	list      []Webhook
	waiting   []delivery
	delivered []delivery // of the last Deliver, for Redeliver
	breakers  map[string]*breaker
	invoked   map[string][]invocation
}

func newHooks(opt Options) *hooks {
	h := &hooks{breakers: map[string]*breaker{}, invoked: map[string][]invocation{}}
	for _, one := range opt.Webhooks {
		h.add(one, opt.Clock.Now().Unix())
	}
	return h
}

func (h *hooks) add(one Webhook, now int64) Webhook {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one.ID == "" {
		one.ID = ulid(time.Unix(now, 0))
	}
	if one.Secret == "" {
		sum := sha256.Sum256([]byte(one.ID))
		one.Secret = base64.StdEncoding.EncodeToString(sum[:])
	}
	if one.Method == "" {
		one.Method = http.MethodPost
	}
	if one.Format == "" {
		one.Format = "json"
	}
	one.created, one.updated = now, now
	h.list = append(h.list, one)
	return one
}

// Subscribe adds a webhook and returns its id; changes before it are not told.
func (s *Server) Subscribe(w Webhook) string { return s.hooks.add(w, s.now()).ID }

// Hooks returns the webhooks.
func (s *Server) Hooks() []Webhook {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return slices.Clone(s.hooks.list)
}

// SigningSecret returns the secret of a webhook, "" when there is none of that id.
func (s *Server) SigningSecret(id string) string {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	for _, one := range s.hooks.list {
		if one.ID == id {
			return one.Secret
		}
	}
	return ""
}

// PendingEvents returns how many deliveries wait, over all webhooks.
func (s *Server) PendingEvents() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return len(s.hooks.waiting)
}

func (w Webhook) wants(kind string) bool {
	if w.Inactive {
		return false
	}
	if slices.Contains(w.Subscriptions, "*") {
		return kind != conditional
	}
	return slices.Contains(w.Subscriptions, kind)
}

func (h *hooks) wanted(kind string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.list, func(w Webhook) bool { return w.wants(kind) })
}

// queue gives a body to every webhook that wants its kind.
func (h *hooks) queue(s *Server, kind, body string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := s.opt.Clock.Now()
	for _, w := range h.list {
		if !w.wants(kind) {
			continue
		}
		h.waiting = append(h.waiting, delivery{hook: w.ID, invocation: ulid(now), body: body, due: now.Add(s.opt.WebhookDelay)})
		if over := len(h.waiting) - maxQueue; over > 0 {
			h.waiting = slices.Delete(h.waiting, 0, over)
		}
	}
}

// trigger queues what triggers send about a ticket.
func (h *hooks) trigger(s *Server, o *row) {
	if !h.wanted(conditional) {
		return
	}
	t := s.table("tickets")
	fill := strings.NewReplacer("{{ticket.id}}", digits(o.id), "{{ticket.title}}", t.text(o.cur, "subject"), "{{ticket.status}}", t.text(o.cur, "status"),
		"{{ticket.external_id}}", t.text(o.cur, "external_id"), "{{ticket.updated_at_with_timestamp}}", instant(o.cur.updated),
		"{{ticket.requester.id}}", t.text(o.cur, "requester_id"))
	h.mu.Lock()
	defer h.mu.Unlock()
	now := s.opt.Clock.Now()
	for _, w := range h.list {
		if w.wants(conditional) {
			h.waiting = append(h.waiting, delivery{hook: w.ID, invocation: ulid(now), body: fill.Replace(w.Body), due: now.Add(s.opt.WebhookDelay)})
		}
	}
}

// ulid returns an id of the kind that webhooks and invocations have: 48 bits of time and 80 of chance, in base 32.
func ulid(at time.Time) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	out := make([]byte, 26)
	ms := uint64(at.UnixMilli())
	for i := 9; i >= 0; i-- {
		out[i] = letters[ms%32]
		ms /= 32
	}
	chance := make([]byte, 16)
	_, _ = rand.Read(chance) // crypto/rand does not fail
	for i, b := range chance {
		out[10+i] = letters[b%32]
	}
	return string(out)
}

// webhookRoutes mounts the administration of webhooks, whose errors are JSON:API.
func (s *Server) webhookRoutes(api *http.ServeMux) {
	api.Handle("GET /api/v2/webhooks", s.may("webhooks:read", s.listWebhooks))
	api.Handle("POST /api/v2/webhooks", s.may("webhooks:write", s.createWebhook))
	api.Handle("GET /api/v2/webhooks/{id}", s.may("webhooks:read", s.showWebhook))
	api.Handle("PUT /api/v2/webhooks/{id}", s.may("webhooks:write", s.updateWebhook))
	api.Handle("PATCH /api/v2/webhooks/{id}", s.may("webhooks:write", s.updateWebhook))
	api.Handle("DELETE /api/v2/webhooks/{id}", s.may("webhooks:write", s.deleteWebhook))
	api.Handle("GET /api/v2/webhooks/{id}/invocations", s.may("webhooks:read", s.listInvocations))
	api.Handle("GET /api/v2/webhooks/{id}/signing_secret", s.may("webhooks:read", s.signingSecret))
	api.Handle("POST /api/v2/webhooks/{id}/signing_secret", s.may("webhooks:write", s.resetSecret))
}

// webhookBody is a webhook as the API writes and reads it.
type webhookBody struct {
	ID            string   `json:"id,omitempty"`
	Name          string   `json:"name"`
	Status        string   `json:"status"`
	Subscriptions []string `json:"subscriptions"`
	CreatedAt     string   `json:"created_at,omitempty"`
	CreatedBy     string   `json:"created_by,omitempty"`
	UpdatedAt     string   `json:"updated_at,omitempty"`
	UpdatedBy     string   `json:"updated_by,omitempty"`
	Endpoint      string   `json:"endpoint"`
	Method        string   `json:"http_method"`
	Format        string   `json:"request_format"`
}

func (s *Server) webhookBody(w Webhook) webhookBody {
	return webhookBody{w.ID, w.Name, w.status(), append([]string{}, w.Subscriptions...), instant(w.created), digits(s.owner), instant(w.updated), digits(s.owner), w.Endpoint, w.Method, w.Format}
}

func noWebhook() *failure {
	return listed(http.StatusNotFound, "WebhookNotFound", "Webhook not found", "The webhook does not exist")
}

// webhook returns the place of the one in the path; the caller holds the hooks' mu.
func (h *hooks) webhook(r *http.Request) (int, *failure) {
	i := slices.IndexFunc(h.list, func(w Webhook) bool { return w.ID == r.PathValue("id") })
	if i < 0 {
		return 0, noWebhook()
	}
	return i, nil
}

func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	list := []webhookBody{}
	for _, one := range slices.SortedStableFunc(slices.Values(s.hooks.list), newestFirst) {
		if one.matches(r.URL.Query()) {
			list = append(list, s.webhookBody(one))
		}
	}
	return answerHooks(w, r, "webhooks", list, func(b webhookBody) string { return b.ID })
}

func readWebhook(w http.ResponseWriter, r *http.Request) (webhookBody, *failure) {
	var in struct {
		Webhook *webhookBody `json:"webhook"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil || in.Webhook == nil {
		return webhookBody{}, listed(http.StatusBadRequest, "InvalidRequest", "Invalid request", "webhook is required")
	}
	return *in.Webhook, nil
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request) error {
	in, f := readWebhook(w, r)
	if f != nil {
		return f
	}
	if in.Name == "" || in.Endpoint == "" || in.Method == "" || in.Format == "" || in.Status == "" {
		return listed(http.StatusBadRequest, "InvalidRequest", "Invalid webhook", "name, endpoint, http_method, request_format and status are required")
	}
	one := s.hooks.add(Webhook{Name: in.Name, Endpoint: in.Endpoint, Method: in.Method, Format: in.Format, Subscriptions: in.Subscriptions, Inactive: in.Status != "active"}, s.now())
	writeJSON(w, http.StatusCreated, map[string]any{"webhook": s.webhookBody(one)})
	return nil
}

func (s *Server) showWebhook(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, f := s.hooks.webhook(r)
	if f != nil {
		return f
	}
	writeJSON(w, http.StatusOK, map[string]any{"webhook": s.webhookBody(s.hooks.list[i])})
	return nil
}

func (s *Server) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	in, f := readWebhook(w, r)
	if f != nil {
		return f
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, f := s.hooks.webhook(r)
	if f != nil {
		return f
	}
	one := &s.hooks.list[i]
	if in.Subscriptions != nil && slices.Contains(in.Subscriptions, conditional) != slices.Contains(one.Subscriptions, conditional) {
		return listed(http.StatusBadRequest, "InvalidRequest", "Invalid webhook", "The connection method of a webhook cannot be changed") // wording unverified
	}
	for _, x := range []struct {
		to   *string
		from string
	}{{&one.Name, in.Name}, {&one.Endpoint, in.Endpoint}, {&one.Method, in.Method}, {&one.Format, in.Format}} {
		if x.from != "" {
			*x.to = x.from
		}
	}
	if in.Subscriptions != nil {
		one.Subscriptions = in.Subscriptions
	}
	if in.Status != "" {
		one.Inactive = in.Status != "active"
	}
	one.updated = s.now()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, f := s.hooks.webhook(r)
	if f != nil {
		return f
	}
	s.hooks.list = slices.Delete(s.hooks.list, i, i+1)
	delete(s.hooks.invoked, r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) signingSecret(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, f := s.hooks.webhook(r)
	if f != nil {
		return f
	}
	writeJSON(w, http.StatusOK, map[string]any{"signing_secret": map[string]any{"algorithm": "SHA256", "secret": s.hooks.list[i].Secret}})
	return nil
}

// resetSecret makes a new secret; deliveries that wait are signed with it.
func (s *Server) resetSecret(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, f := s.hooks.webhook(r)
	if f != nil {
		return f
	}
	sum := sha256.Sum256([]byte(ulid(time.Now())))
	s.hooks.list[i].Secret = base64.StdEncoding.EncodeToString(sum[:])
	writeJSON(w, http.StatusCreated, map[string]any{"signing_secret": map[string]any{"algorithm": "SHA256", "secret": s.hooks.list[i].Secret}})
	return nil
}
