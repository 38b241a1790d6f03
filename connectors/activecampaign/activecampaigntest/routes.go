package activecampaigntest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a request.
const maxBody = 1 << 20

// routes mounts the API. Of everything there is a list, one object, and what makes, changes and deletes it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(r *http.Request, t *table) (int, string, error), t *table) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			status, body, err := f(r, t)
			answer(w, status, body, err)
		})
	}
	for _, t := range s.tables {
		path := "/api/3/" + t.plural
		handle("GET "+path, s.list, t)
		handle("GET "+path+"/{id}", s.show, t)
		handle("POST "+path, s.post, t)
		handle("PUT "+path+"/{id}", s.change, t)
		handle("DELETE "+path+"/{id}", s.remove, t)
	}
	handle("POST /api/3/contact/sync", s.sync, s.tables["contacts"])
	s.hookRoutes(mux)
	handle("GET /api/3/users/me", s.me, s.tables["users"])
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 0, "", &refusal{http.StatusNotFound, "", "Not Found"})
	})
	return s.guarded(mux)
}

// guarded checks key, plan and limit, in this order.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		object, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/3/"), "/")
		left, wait := s.admit()
		if s.opt.Headers && s.opt.PerSecond > 0 {
			w.Header().Set("RateLimit-Limit", strconv.Itoa(s.opt.PerSecond))
			w.Header().Set("RateLimit-Remaining", strconv.Itoa(left))
		}
		switch {
		case !slices.Contains(s.opt.Tokens, r.Header.Get("Api-Token")):
			answer(w, 0, "", &refusal{http.StatusForbidden, "", "You do not have permission to access this resource"})
		case s.opt.Expired:
			answer(w, 0, "", &refusal{http.StatusPaymentRequired, "", "Payment Required"})
		case slices.Contains(s.opt.Forbidden, object):
			answer(w, 0, "", &refusal{http.StatusForbidden, "", "You do not have permission to access this resource"})
		case wait:
			w.Header().Set("Retry-After", "1")
			answer(w, 0, "", &refusal{http.StatusTooManyRequests, "", "Too Many Requests"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// admit counts a request against the account's limit: so many in any second. It runs on the machine's clock, so that a frozen
// vendor still lets its client pass.
func (s *Server) admit() (left int, wait bool) {
	if s.opt.PerSecond == 0 {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.recent = slices.DeleteFunc(s.recent, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(s.recent) >= s.opt.PerSecond {
		return 0, true
	}
	s.recent = append(s.recent, now)
	return s.opt.PerSecond - len(s.recent), false
}

func base(r *http.Request) string { return "http://" + r.Host + "/api/3" }

func (s *Server) show(r *http.Request, t *table) (int, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := t.row(r.PathValue("id"))
	if found == nil {
		return 0, "", missing(t, r.PathValue("id"))
	}
	more := s.extra(t, found)
	if t.plural == "accounts" { // the counts are only in the list
		return http.StatusOK, `{"account":` + s.withoutCounts(base(r), t, found) + `}`, nil
	}
	return http.StatusOK, `{"` + t.one + `":` + t.show(base(r), found, more) + `}`, nil
}

func (s *Server) withoutCounts(base string, t *table, r *row) string {
	short := *t
	short.names = slices.DeleteFunc(slices.Clone(t.names), func(name string) bool { return strings.HasSuffix(name, "Count") })
	return short.show(base, r, nil)
}

func (s *Server) me(r *http.Request, t *table) (int, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return http.StatusOK, `{"user":` + t.show(base(r), t.rows[t.order[0]], nil) + `}`, nil
}

// fields reads {"contact":{…}}.
func fields(r *http.Request, t *table) (map[string]any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errors.New("the request cannot be read")
	}
	var in map[string]map[string]any
	if err := json.Unmarshal(body, &in); err != nil || in[t.one] == nil {
		return nil, errors.New("the request has no " + t.one)
	}
	return in[t.one], nil
}

func (s *Server) post(r *http.Request, t *table) (int, string, error) {
	in, err := fields(r, t)
	if err != nil {
		return 0, "", err
	}
	id, err := s.Create(t.plural, in)
	if err != nil {
		return 0, "", err
	}
	return s.shown(r, t, id, http.StatusCreated)
}

func (s *Server) shown(r *http.Request, t *table, id string, status int) (int, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	one := t.row(id)
	return status, `{"` + t.one + `":` + t.show(base(r), one, s.extra(t, one)) + `}`, nil
}

func (s *Server) change(r *http.Request, t *table) (int, string, error) {
	in, err := fields(r, t)
	if err != nil {
		return 0, "", err
	}
	id := r.PathValue("id")
	s.mu.RLock()
	there := t.row(id) != nil
	s.mu.RUnlock()
	if !there {
		return 0, "", missing(t, id)
	}
	if err := s.Set(t.plural, in, id); err != nil {
		return 0, "", err
	}
	return s.shown(r, t, id, http.StatusOK)
}

func (s *Server) remove(r *http.Request, t *table) (int, string, error) {
	if s.Delete(t.plural, r.PathValue("id")) != nil {
		return 0, "", missing(t, r.PathValue("id"))
	}
	return http.StatusOK, "{}", nil
}

// sync makes the contact with an address, or changes it.
func (s *Server) sync(r *http.Request, t *table) (int, string, error) {
	in, err := fields(r, t)
	if err != nil {
		return 0, "", err
	}
	address, _ := in["email"].(string)
	s.mu.RLock()
	id, there := t.emails[strings.ToLower(address)]
	s.mu.RUnlock()
	if !there {
		made, err := s.Create(t.plural, in)
		if err != nil {
			return 0, "", err
		}
		return s.shown(r, t, made, http.StatusCreated)
	}
	if err := s.Set(t.plural, in, digits(id)); err != nil {
		return 0, "", err
	}
	return s.shown(r, t, digits(id), http.StatusOK)
}
