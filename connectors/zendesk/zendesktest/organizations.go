package zendesktest

import (
	"net/http"
	"strings"
)

func (s *Server) checkOrganization(t *table, o *row, c *change, p problems, _ actor) error {
	name, given := c.has(t, "name")
	switch {
	case o == nil && !given, given && strings.TrimSpace(plain(name)) == "":
		p.add("name", "BlankValue", "Name: cannot be blank")
	case given:
		if other := t.first("name", name); other != nil && other != o {
			p.add("name", "DuplicateValue", "Name: %s has already been taken", plain(name))
		}
	}
	s.checkExternal(t, o, c, p)
	return nil
}

func (s *Server) checkGroup(t *table, o *row, c *change, p problems, _ actor) error {
	if name, given := c.has(t, "name"); (o == nil && !given) || (given && name == "") {
		p.add("name", "BlankValue", "Name: cannot be blank")
	}
	return nil
}

// deleteOrganization takes an organization out of the lists; its people lose it, and the export shows when it went.
func (s *Server) deleteOrganization(o *row, by actor) {
	members := s.table("organization_memberships")
	for _, m := range s.children(members, "organization_id", o.id) {
		s.leave(m, by)
	}
	s.alter(s.table("organizations"), o, by, deleted, nil)
}

// join makes a user a member of an organization, of the first one by default; the caller holds mu.
func (s *Server) join(user, org uint64, by actor) *row {
	t := s.table("organization_memberships")
	c := change{}
	for _, m := range s.children(t, "user_id", user) {
		if t.number(m.cur, "organization_id") == org {
			s.setDefault(user, m, by)
			return m
		}
	}
	c.set(t, "user_id", idJSON(user))
	c.set(t, "organization_id", idJSON(org))
	m := &row{id: s.nextID()}
	s.store(t, m, s.next(nil, c), by)
	s.setDefault(user, m, by)
	return m
}

// setDefault makes one membership the default one of its user.
func (s *Server) setDefault(user uint64, chosen *row, by actor) {
	t := s.table("organization_memberships")
	for _, m := range s.children(t, "user_id", user) {
		is := ""
		if m == chosen {
			is = "true"
		}
		if m.cur.get(t.slot("default")) != is {
			s.alter(t, m, by, live, map[string]string{"default": is})
		}
	}
}

// leave ends a membership; a user whose organization it was gets another of theirs, or none.
func (s *Server) leave(m *row, by actor) {
	t, users := s.table("organization_memberships"), s.table("users")
	user := users.rows[t.number(m.cur, "user_id")]
	org := m.cur.get(t.slot("organization_id"))
	t.drop(m)
	if user == nil || user.cur.get(users.slot("organization_id")) != org {
		return
	}
	left := ""
	for _, other := range s.children(t, "user_id", user.id) {
		left = other.cur.get(t.slot("organization_id"))
		s.setDefault(user.id, other, by)
		break
	}
	s.alter(users, user, by, user.cur.state, map[string]string{"organization_id": left})
}

func (s *Server) checkMembership(t *table, o *row, c *change, p problems, _ actor) error {
	user, _ := c.has(t, "user_id")
	org, _ := c.has(t, "organization_id")
	if o != nil {
		return nil
	}
	if s.table("users").alive(parseID(user)) == nil {
		p.add("user", "InvalidValue", "User: is invalid")
	}
	if s.table("organizations").alive(parseID(org)) == nil {
		p.add("organization", "InvalidValue", "Organization: is invalid")
	}
	for _, m := range s.children(t, "user_id", parseID(user)) {
		if m.cur.get(t.slot("organization_id")) == org {
			p.add("organization_id", "DuplicateValue", "Organization: has already been taken")
		}
	}
	return nil
}

// afterMembership makes the first organization of a user theirs.
func (s *Server) afterMembership(o *row, before *version, _ change, by actor) {
	t, users := s.table("organization_memberships"), s.table("users")
	user := users.alive(t.number(o.cur, "user_id"))
	if before != nil || user == nil {
		return
	}
	if users.number(user.cur, "organization_id") == 0 || t.text(o.cur, "default") == "true" {
		s.setDefault(user.id, o, by)
		s.alter(users, user, by, live, map[string]string{"organization_id": o.cur.get(t.slot("organization_id"))})
	}
}

// organizationRoutes mounts what only organizations have.
func (s *Server) organizationRoutes(api *http.ServeMux) {
	api.Handle("POST /api/v2/organizations/create_or_update", s.may("organizations:write", s.upsertOrganization))
	api.Handle("GET /api/v2/organizations/search", s.may("organizations:read", s.searchOrganizations))
	api.Handle("GET /api/v2/organizations/autocomplete", s.may("organizations:read", s.completeOrganizations))
	api.Handle("GET /api/v2/organizations/{id}/users", s.may("users:read", s.listChildren("users", "organization_id", "organizations")))
	api.Handle("GET /api/v2/organizations/{id}/tickets", s.may("tickets:read", s.listChildren("tickets", "organization_id", "organizations")))
	api.Handle("GET /api/v2/organizations/{id}/organization_memberships", s.may("organizations:read", s.listChildren("organization_memberships", "organization_id", "organizations")))
	api.Handle("POST /api/v2/organizations/{id}/merge", s.may("organizations:write", s.mergeOrganization))
	api.Handle("GET /api/v2/organizations/{id}/merges", s.may("organizations:read", s.listMerges))
	api.Handle("GET /api/v2/organization_merges/{id}", s.may("organizations:read", s.showMerge))
}

// upsertOrganization finds an organization by id or external_id and changes it, or makes one.
func (s *Server) upsertOrganization(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "organization")
	if err != nil {
		return err
	}
	t := s.table("organizations")
	s.mu.Lock()
	defer s.mu.Unlock()
	var o *row
	if raw, err := (column{kind: ref}).clean(in["id"]); err == nil && raw != "" {
		o = t.alive(parseID(raw))
	}
	if raw, err := (column{kind: text}).clean(in["external_id"]); o == nil && err == nil && raw != "" {
		o = t.first("external_id", raw)
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

func (s *Server) searchOrganizations(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("organizations")
	q := r.URL.Query()
	if !q.Has("external_id") && !q.Has("name") {
		return fail(http.StatusBadRequest, "ParameterMissing", "Parameter external_id is required")
	}
	o := t.first("external_id", quote(q.Get("external_id")))
	if q.Has("name") {
		o = t.first("name", quote(q.Get("name")))
	}
	if o == nil {
		return s.answerList(w, r, t, nil)
	}
	return s.answerList(w, r, t, []*row{o})
}

// completeOrganizations finds organizations whose name begins with a text.
func (s *Server) completeOrganizations(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("organizations")
	var found []*row
	for k := range t.live.Between(0, t.live.Len(), false) {
		if o := t.rows[k.ID]; strings.HasPrefix(normal(t.text(o.cur, "name")), normal(r.URL.Query().Get("name"))) {
			found = append(found, o)
		}
	}
	return s.answerList(w, r, t, found)
}
