package mailchimptest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Webhook is where an audience's events go.
type Webhook struct {
	ID   string // empty is made up
	List string // the audience
	URL  string
	// Events are the types to send; nil is all of them. Sources are who makes them: user, admin, api; nil is all of them.
	Events, Sources []string
	// Signed says that deliveries are signed with a secret that SigningSecret returns, as those of webhooks made since 2026
	// can be.
	Signed bool
	// Disabled says that an answer of 410 turned it off: nothing is sent any more, and the API shows it as before
	// (https://mailchimp.com/developer/release-notes/returning-410-from-audience-webhook-will-disable-it/).
	Disabled bool
}

// eventTypes are those of the documents.
var eventTypes = []string{"subscribe", "unsubscribe", "profile", "upemail", "cleaned", "campaign"}

// delivery is a request that waits for a webhook.
type delivery struct {
	hook     string
	body     string
	attempts int
}

// maxQueue bounds what waits; the oldest deliveries are dropped beyond it.
const maxQueue = 200_000

// hooks are the webhooks and what waits for them.
type hooks struct {
	mu        sync.Mutex
	list      []Webhook
	waiting   []delivery
	delivered []delivery
	serial    int
}

func (h *hooks) add(w Webhook) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serial++
	if w.ID == "" {
		w.ID = short("hook", strconv.Itoa(h.serial))
	}
	h.list = append(h.list, w)
	return w.ID
}

// Subscribe adds a webhook without asking its address, and returns its id; changes before it are not told.
func (s *Server) Subscribe(w Webhook) string { return s.hooks.add(w) }

// SigningSecret returns what the deliveries of a webhook are signed with.
func (s *Server) SigningSecret(id string) string {
	sum := sha256.Sum256([]byte("signing" + id))
	return hex.EncodeToString(sum[:])
}

// PendingEvents returns how many deliveries wait, over all webhooks.
func (s *Server) PendingEvents() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return len(s.hooks.waiting)
}

func (w Webhook) wants(list, kind, source string) bool {
	return !w.Disabled && w.List == list && (w.Events == nil || slices.Contains(w.Events, kind)) && (w.Sources == nil || slices.Contains(w.Sources, source))
}

// queue gives an event to every webhook that wants it. pairs are name and value by turns, below data.
func (h *hooks) queue(s *Server, list, kind, source string, pairs ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	form := url.Values{"type": {kind}, "fired_at": {time.Unix(s.now(), 0).UTC().Format("2006-01-02 15:04:05")}, "data[list_id]": {list}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set("data"+pairs[i], pairs[i+1])
	}
	for _, w := range h.list {
		if w.wants(list, kind, source) {
			h.waiting = append(h.waiting, delivery{hook: w.ID, body: form.Encode()})
		}
	}
	if over := len(h.waiting) - maxQueue; over > 0 {
		h.waiting = slices.Delete(h.waiting, 0, over)
	}
}

// about is what events say of a member.
func about(m *member, more ...string) []string {
	pairs := append(more, "[id]", m.emailID(), "[email]", m.email, "[email_type]", "html", "[web_id]", strconv.Itoa(m.webID), "[ip_opt]", "192.0.2.7", "[merges][EMAIL]", m.email)
	for tag, value := range m.merge {
		pairs = append(pairs, "[merges]["+tag+"]", fmt.Sprint(value))
	}
	return pairs
}

// member tells that one subscribed or changed.
func (h *hooks) member(s *Server, l *list, m *member, kind, source string) {
	h.queue(s, l.id, kind, source, about(m)...)
}

// left tells that one unsubscribed or was archived. The recorded delivery of 2018 has no action; the documents have one.
func (h *hooks) left(s *Server, l *list, m *member, action, source string) {
	more := []string{"[reason]", "manual"}
	if m.webID%2 == 0 {
		more = append(more, "[action]", action)
	}
	h.queue(s, l.id, "unsubscribe", source, about(m, more...)...)
}

// upemail tells that the address changes; it names neither the member nor the old address's id. A profile event follows.
func (h *hooks) upemail(s *Server, l *list, m *member, address string) {
	h.queue(s, l.id, "upemail", "api", "[new_id]", (&member{email: address}).emailID(), "[new_email]", address, "[old_email]", m.email)
}

// became tells what a change made of a member.
func (h *hooks) became(s *Server, l *list, m *member, before, source string) {
	switch {
	case m.status == "cleaned" && before != "cleaned":
		h.queue(s, l.id, "cleaned", source, "[campaign_id]", "4fjk2ma9xd", "[reason]", "hard", "[email]", m.email)
	case m.status == "unsubscribed" && before != "unsubscribed":
		h.left(s, l, m, "unsub", source)
	case m.status == "subscribed" && before != "subscribed":
		h.member(s, l, m, "subscribe", source)
	default:
		h.member(s, l, m, "profile", source)
	}
}

// webhookRoutes mounts the subscriptions of audiences.
func (s *Server) webhookRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/lists/{list}/webhooks", s.withList(func(r *http.Request, l *list) (any, error) {
		s.hooks.mu.Lock()
		defer s.hooks.mu.Unlock()
		rows := []object{}
		for _, w := range s.hooks.list {
			if w.List == l.id {
				rows = append(rows, w.row(r.URL.Path))
			}
		}
		return collection(r, "webhooks", rows, len(rows), pair{"list_id", l.id}), nil
	}))
	handle("POST /3.0/lists/{list}/webhooks", s.makeWebhook)
	handle("GET /3.0/lists/{list}/webhooks/{webhook}", s.showWebhook)
	handle("PATCH /3.0/lists/{list}/webhooks/{webhook}", s.changeWebhook)
	handle("DELETE /3.0/lists/{list}/webhooks/{webhook}", s.withList(func(r *http.Request, l *list) (any, error) {
		s.hooks.mu.Lock()
		defer s.hooks.mu.Unlock()
		before := len(s.hooks.list)
		s.hooks.list = slices.DeleteFunc(s.hooks.list, func(w Webhook) bool { return w.List == l.id && w.ID == r.PathValue("webhook") })
		if len(s.hooks.list) == before {
			return nil, notFound()
		}
		return nil, nil
	}))
}

// makeWebhook asks the address by GET before it takes it, and shows the signing secret once.
func (s *Server) makeWebhook(r *http.Request) (any, error) {
	var in struct {
		URL             string
		Events, Sources map[string]bool
	}
	if f := read(r, &in); f != nil {
		return nil, f
	}
	s.mu.RLock()
	_, err := s.list(r.PathValue("list"))
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if !s.probe(r, in.URL) {
		return nil, invalid("The resource submitted could not be validated. For field-specific details, see the 'errors' array.", "url", "The URL provided could not be validated.")
	}
	w := Webhook{List: r.PathValue("list"), URL: in.URL, Events: chosen(in.Events), Sources: chosen(in.Sources), Signed: !s.opt.UnsignedWebhooks}
	w.ID = s.hooks.add(w)
	if !w.Signed {
		return w.row(r.URL.Path), nil
	}
	return append(w.row(r.URL.Path), pair{"signing_secret", s.SigningSecret(w.ID)}), nil
}

// showWebhook does not show the signing secret: only the answer that made the webhook does.
func (s *Server) showWebhook(r *http.Request) (any, error) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i := s.hooks.index(r)
	if i < 0 {
		return nil, notFound()
	}
	return s.hooks.list[i].row(r.URL.Path), nil
}

// index returns the place of the webhook in the path, -1 for none; the caller holds the hooks' mu.
func (h *hooks) index(r *http.Request) int {
	return slices.IndexFunc(h.list, func(w Webhook) bool { return w.List == r.PathValue("list") && w.ID == r.PathValue("webhook") })
}

// changeWebhook changes what the request names, and asks a new address as makeWebhook does. The signing secret stays, and is
// not shown.
func (s *Server) changeWebhook(r *http.Request) (any, error) {
	var in struct {
		URL             *string
		Events, Sources map[string]bool
	}
	if f := read(r, &in); f != nil {
		return nil, f
	}
	if in.URL != nil && !s.probe(r, *in.URL) {
		return nil, invalid("The resource submitted could not be validated. For field-specific details, see the 'errors' array.", "url", "The URL provided could not be validated.")
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i := s.hooks.index(r)
	if i < 0 {
		return nil, notFound()
	}
	w := &s.hooks.list[i]
	if in.URL != nil {
		w.URL = *in.URL
	}
	if in.Events != nil {
		w.Events = chosen(in.Events)
	}
	if in.Sources != nil {
		w.Sources = chosen(in.Sources)
	}
	return w.row(r.URL.Path), nil
}

// Webhooks returns the subscriptions.
func (s *Server) Webhooks() []Webhook {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	list := slices.Clone(s.hooks.list)
	for i := range list { // an answer may still be written of these
		list[i].Events, list[i].Sources = slices.Clone(list[i].Events), slices.Clone(list[i].Sources)
	}
	return list
}

// Unsubscribe deletes a webhook, as somebody does in Mailchimp's pages.
func (s *Server) Unsubscribe(id string) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.list = slices.DeleteFunc(s.hooks.list, func(w Webhook) bool { return w.ID == id })
}

// chosen returns the names that are true, nil when the request does not say.
func chosen(names map[string]bool) []string {
	if names == nil {
		return nil
	}
	list := []string{}
	for name, yes := range names {
		if yes {
			list = append(list, name)
		}
	}
	return list
}

func (s *Server) probe(r *http.Request, address string) bool {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	res, err := s.opt.Deliver.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (w Webhook) row(path string) object {
	flags := func(all, chosen []string) (out object) {
		for _, name := range all {
			out = append(out, pair{name, chosen == nil || slices.Contains(chosen, name)})
		}
		return out
	}
	return object{{"id", w.ID}, {"url", w.URL}, {"events", flags(eventTypes, w.Events)}, {"sources", flags([]string{"user", "admin", "api"}, w.Sources)},
		{"list_id", w.List}, links(path)}
}
