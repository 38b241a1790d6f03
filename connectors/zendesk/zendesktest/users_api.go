package zendesktest

import (
	"net/http"
)

// userRoutes mounts what only users have.
func (s *Server) userRoutes(api *http.ServeMux) {
	api.Handle("GET /api/v2/users/me", handler(s.me))
	api.Handle("POST /api/v2/users/create_or_update", s.may("users:write", s.upsertUser))
	api.Handle("GET /api/v2/users/search", s.may("users:read", s.searchUsers))
	api.Handle("GET /api/v2/users/{id}/identities", s.may("users:read", s.listIdentities))
	api.Handle("POST /api/v2/users/{id}/identities", s.may("users:write", s.createIdentity))
	api.Handle("PUT /api/v2/users/{id}/identities/{identity}/make_primary", s.may("users:write", s.makePrimary))
	api.Handle("DELETE /api/v2/users/{id}/identities/{identity}", s.may("users:write", s.deleteIdentity))
	api.Handle("GET /api/v2/users/{id}/organization_memberships", s.may("users:read", s.listChildren("organization_memberships", "user_id", "users")))
	api.Handle("GET /api/v2/users/{id}/tickets/requested", s.may("tickets:read", s.listChildren("tickets", "requester_id", "users")))
	api.Handle("PUT /api/v2/users/{id}/merge", s.may("users:write", s.mergeUser))
	api.Handle("GET /api/v2/deleted_users", s.may("users:read", s.listDeletedUsers))
	api.Handle("GET /api/v2/deleted_users/count", s.may("users:read", s.countDeletedUsers))
	api.Handle("GET /api/v2/deleted_users/{id}", s.may("users:read", s.showDeletedUser))
	api.Handle("DELETE /api/v2/deleted_users/{id}", s.may("users:write", s.purgeDeletedUser))
}

// me answers who signed in; without credentials that is an anonymous user and no error (recorded), which is why a check
// must look at the answer.
func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	if s.auth.anonymous(r) {
		writeJSON(w, http.StatusOK, map[string]any{"user": map[string]any{"id": nil, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}})
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.answerOne(w, r, http.StatusOK, s.table("users"), s.table("users").rows[s.owner])
	return nil
}

// upsertUser finds a user by external_id or address and changes it, or makes one.
func (s *Server) upsertUser(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "user")
	if err != nil {
		return err
	}
	t := s.table("users")
	s.mu.Lock()
	defer s.mu.Unlock()
	var o *row
	if raw, err := (column{kind: text}).clean(in["external_id"]); err == nil && raw != "" {
		o = t.first("external_id", raw)
	}
	if raw, err := (column{kind: text}).clean(in["email"]); o == nil && err == nil && raw != "" {
		o = t.alive(s.emails[normal(plain(raw))])
	}
	code := http.StatusOK
	if o == nil {
		code = http.StatusCreated
	}
	if o, err = s.write(t, o, in, false, s.actor()); err != nil {
		return err
	}
	s.answerOne(w, r, code, t, o)
	return nil
}

// searchUsers finds users by external_id, or by a query that is an address, external_id:… or a part of the name.
func (s *Server) searchUsers(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("users")
	q := r.URL.Query()
	external, query := q.Get("external_id"), q.Get("query")
	if external == "" && query == "" {
		return fail(http.StatusBadRequest, "ParameterMissing", "Parameter query is required")
	}
	var found []*row
	if external != "" {
		if o := t.first("external_id", quote(external)); o != nil {
			found = append(found, o)
		}
		return s.answerList(w, r, t, found)
	}
	return s.answerList(w, r, t, s.findUsers(query))
}

func (s *Server) listIdentities(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.table("users").alive(pathID(r)) == nil {
		return missing()
	}
	return s.answerIdentities(w, r, pathID(r))
}

func (s *Server) createIdentity(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "identity")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.table("users").alive(pathID(r))
	if user == nil {
		return missing()
	}
	address, err := (column{kind: text}).clean(in["value"])
	if err != nil || address == "" {
		p := problems{}
		p.add("value", "BlankValue", "Value: cannot be blank")
		return p.err()
	}
	if _, taken := s.emails[normal(plain(address))]; taken {
		p := problems{}
		p.add("value", "DuplicateValue", "Email: %s is already being used by another user", plain(address))
		return p.err()
	}
	o := s.addIdentity(user, normal(plain(address)), false, s.actor())
	s.touchUser(user)
	s.answerOne(w, r, http.StatusCreated, s.table("identities"), o)
	return nil
}

// touchUser moves a user's time, as a change of its identities does.
func (s *Server) touchUser(user *row) {
	s.alter(s.table("users"), user, s.actor(), user.cur.state, nil)
}

// makePrimary changes which address is the user's.
func (s *Server) makePrimary(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("identities")
	user, chosen := s.table("users").alive(pathID(r)), t.alive(parseID(r.PathValue("identity")))
	if user == nil || chosen == nil || t.number(chosen.cur, "user_id") != user.id {
		return missing()
	}
	for _, o := range s.children(t, "user_id", user.id) {
		is := ""
		if o == chosen {
			is = "true"
		}
		if o.cur.get(t.slot("primary")) != is {
			s.alter(t, o, s.actor(), live, map[string]string{"primary": is})
		}
	}
	s.alter(s.table("users"), user, s.actor(), live, map[string]string{"email": chosen.cur.get(t.slot("value"))})
	return s.answerIdentities(w, r, user.id)
}

func (s *Server) answerIdentities(w http.ResponseWriter, r *http.Request, user uint64) error {
	t := s.table("identities")
	list := s.children(t, "user_id", user)
	for i, o := range list { // the primary one comes first (recorded)
		if t.text(o.cur, "primary") == "true" {
			list = append(append([]*row{o}, list[:i]...), list[i+1:]...)
			break
		}
	}
	return s.answerList(w, r, t, list)
}

func (s *Server) deleteIdentity(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("identities")
	user, o := s.table("users").alive(pathID(r)), t.alive(parseID(r.PathValue("identity")))
	if user == nil || o == nil || t.number(o.cur, "user_id") != user.id {
		return missing()
	}
	if t.text(o.cur, "primary") == "true" {
		return fail(http.StatusUnprocessableEntity, "CannotDestroy", "Cannot destroy the primary identity")
	}
	delete(s.emails, normal(t.text(o.cur, "value")))
	t.drop(o)
	s.touchUser(user)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
