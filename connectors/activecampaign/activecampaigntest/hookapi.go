package activecampaigntest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// hookBody is a webhook as the API writes it: all text (https://developers.activecampaign.com/reference/create-webhook).
type hookBody struct {
	CDate   string   `json:"cdate"`
	ListID  string   `json:"listid"`
	Name    string   `json:"name"`
	URL     string   `json:"url"`
	Events  []string `json:"events"`
	Sources []string `json:"sources"`
	Links   []string `json:"links"`
	ID      string   `json:"id"`
}

// hookInput is one as the API reads it.
type hookInput struct {
	Name, URL       *string
	Events, Sources []string
	ListID          *json.Number
}

// hookRoutes mounts the administration of webhooks.
func (s *Server) hookRoutes(mux *http.ServeMux) {
	handle := func(pattern string, f func(r *http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			s.hooks.mu.Lock()
			defer s.hooks.mu.Unlock()
			status, out, err := f(r)
			body, _ := json.Marshal(out)
			answer(w, status, string(body), err)
		})
	}
	handle("GET /api/3/webhooks", s.listHooks)
	handle("POST /api/3/webhooks", s.makeHook)
	handle("GET /api/3/webhooks/{id}", s.oneHook(func(i int, _ *http.Request) (any, error) {
		return map[string]any{"webhook": s.hooks.body(i, s)}, nil
	}))
	handle("PUT /api/3/webhooks/{id}", s.oneHook(func(i int, r *http.Request) (any, error) {
		in, err := readHook(r)
		if err != nil {
			return nil, err
		}
		in.put(&s.hooks.list[i])
		return map[string]any{"webhook": s.hooks.body(i, s)}, nil
	}))
	handle("DELETE /api/3/webhooks/{id}", s.oneHook(func(i int, _ *http.Request) (any, error) {
		s.hooks.list = slices.Delete(s.hooks.list, i, i+1)
		return struct{}{}, nil
	}))
}

func (s *Server) oneHook(f func(int, *http.Request) (any, error)) func(*http.Request) (int, any, error) {
	return func(r *http.Request) (int, any, error) {
		i := slices.IndexFunc(s.hooks.list, func(w Webhook) bool { return w.ID == r.PathValue("id") })
		if i < 0 {
			return 0, nil, &refusal{http.StatusNotFound, "", fmt.Sprintf("No Result found for Webhook with id %s", r.PathValue("id"))}
		}
		out, err := f(i, r)
		return http.StatusOK, out, err
	}
}

func (s *Server) listHooks(r *http.Request) (int, any, error) {
	limit, offset := numberOr(r, "limit", 20), numberOr(r, "offset", 0)
	list := []hookBody{}
	for i := offset; i < len(s.hooks.list) && len(list) < min(limit, 100); i++ {
		list = append(list, s.hooks.body(i, s))
	}
	return http.StatusOK, map[string]any{"webhooks": list, "meta": map[string]any{"total": strconv.Itoa(len(s.hooks.list))}}, nil
}

func numberOr(r *http.Request, name string, otherwise int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

// makeHook wants a name, an address that can be delivered to, events and sources, all required by the document.
func (s *Server) makeHook(r *http.Request) (int, any, error) {
	in, err := readHook(r)
	if err != nil {
		return 0, nil, err
	}
	if in.Name == nil || *in.Name == "" || in.URL == nil || len(in.Events) == 0 || len(in.Sources) == 0 {
		return 0, nil, &refusal{http.StatusUnprocessableEntity, "field_missing", "A webhook needs name, url, events and sources"}
	}
	s.hooks.serial++
	w := Webhook{ID: strconv.Itoa(s.hooks.serial), created: s.now()}
	in.put(&w)
	delete(s.hooks.off, w.URL)
	s.hooks.list = append(s.hooks.list, w)
	return http.StatusCreated, map[string]any{"webhook": s.hooks.body(len(s.hooks.list)-1, s)}, nil
}

func readHook(r *http.Request) (hookInput, error) {
	var in struct{ Webhook *hookInput }
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Webhook == nil {
		return hookInput{}, errors.New("the request has no webhook")
	}
	if in.Webhook.URL != nil {
		if u, err := url.Parse(*in.Webhook.URL); err != nil || u.Host == "" {
			return hookInput{}, &refusal{http.StatusUnprocessableEntity, "invalid", "The address is none"}
		}
	}
	return *in.Webhook, nil
}

func (in hookInput) put(w *Webhook) {
	if in.Name != nil {
		w.Name = *in.Name
	}
	if in.URL != nil {
		w.URL = *in.URL
	}
	if in.Events != nil {
		w.Events = in.Events
	}
	if in.Sources != nil {
		w.Sources = in.Sources
	}
	if in.ListID != nil {
		w.List = in.ListID.String()
	}
}

// everyEvent and everySource are the events and sources of a webhook that Hook was given none for.
var (
	everyEvent = []string{"subscribe", "unsubscribe", "update", "bounce", "contact_tag_added", "contact_tag_removed", "deal_add", "deal_update",
		"account_add", "account_update", "account_contact_add", "account_contact_update"}
	everySource = []string{"public", "admin", "api", "system"}
)

func (h *hooks) body(i int, s *Server) hookBody {
	w := h.list[i]
	b := hookBody{CDate: w.created.In(s.zone).Format(time.RFC3339), ListID: w.List, Name: w.Name, URL: w.URL, Events: w.Events, Sources: w.Sources, Links: []string{}, ID: w.ID}
	if b.ListID == "" {
		b.ListID = "0"
	}
	if b.Events == nil {
		b.Events = everyEvent
	}
	if b.Sources == nil {
		b.Sources = everySource
	}
	return b
}

// Webhooks returns the subscriptions.
func (s *Server) Webhooks() []Webhook {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return slices.Clone(s.hooks.list)
}
