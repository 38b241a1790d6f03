package zendesktest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// scopes returns the scopes that read and write a table; those without a word of their own need read and write for
// everything.
func (t *table) scopes() (read, write string) {
	switch t.plural {
	case "users", "organizations", "tickets", "satisfaction_ratings":
		return t.plural + ":read", t.plural + ":write"
	case "organization_memberships":
		return "organizations:read", "organizations:write"
	}
	return "read", "write"
}

// readOnly are tables that no request writes to.
var readOnly = []string{"satisfaction_ratings", "brands", "custom_statuses"}

// inner are tables that are reached through another one only.
var inner = []string{"identities", "comments"}

// tableRoutes mounts what all types of object have.
func (s *Server) tableRoutes(api *http.ServeMux, t *table) {
	if slices.Contains(inner, t.plural) {
		return
	}
	read, write := t.scopes()
	path := "/api/v2/" + t.plural
	api.Handle("GET "+path, s.may(read, func(w http.ResponseWriter, r *http.Request) error { return s.list(w, r, t) }))
	api.Handle("GET "+path+"/{id}", s.may(read, func(w http.ResponseWriter, r *http.Request) error { return s.show(w, r, t) }))
	api.Handle("GET "+path+"/count", s.may(read, func(w http.ResponseWriter, r *http.Request) error { return s.count(w, r, t) }))
	api.Handle("GET "+path+"/show_many", s.may(read, func(w http.ResponseWriter, r *http.Request) error { return s.showMany(w, r, t) }))
	if slices.Contains(readOnly, t.plural) {
		return
	}
	api.Handle("POST "+path, s.may(write, func(w http.ResponseWriter, r *http.Request) error { return s.create(w, r, t) }))
	api.Handle("PUT "+path+"/{id}", s.may(write, func(w http.ResponseWriter, r *http.Request) error { return s.update(w, r, t) }))
	api.Handle("DELETE "+path+"/{id}", s.may(write, func(w http.ResponseWriter, r *http.Request) error { return s.remove(w, r, t) }))
}

// answerOne answers one row, with the address of a new one.
func (s *Server) answerOne(w http.ResponseWriter, r *http.Request, code int, t *table, o *row) {
	e := s.encoder(r)
	b := append(append([]byte(`{"`), t.singular...), `":`...)
	b = e.row(b, t, o)
	if t.plural == "tickets" && r.Method != http.MethodGet {
		b = s.appendLastAudit(append(b, `,"audit":`...), o)
	}
	b = e.sideload(b, r, t, []*row{o})
	if code == http.StatusCreated {
		w.Header().Set("Location", base(r)+"/api/v2/"+t.plural+"/"+digits(o.id)+".json")
	}
	writeBody(w, code, append(b, '}'))
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, t *table) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.answerSelection(w, r, t.filtered(r))
}

// filters are the parameters by which lists are narrowed: parameter, table, column.
var filters = []struct{ parameter, table, column string }{
	{"role", "users", "role"}, {"role[]", "users", "role"}, {"external_id", "users", "external_id"},
	{"external_id", "tickets", "external_id"}, {"external_id", "organizations", "external_id"},
	{"user_id", "organization_memberships", "user_id"}, {"organization_id", "organization_memberships", "organization_id"},
	{"status_categories", "custom_statuses", "status_category"},
}

// filtered returns what a list request is about.
func (t *table) filtered(r *http.Request) selection {
	if t.plural == "satisfaction_ratings" {
		return t.ratings(r.URL.Query())
	}
	q := r.URL.Query()
	var sets []*ordered.Set
	asked := false
	for _, f := range filters {
		if f.table == t.plural && q.Has(f.parameter) {
			asked = true
			sets = append(sets, t.having(f.column, q[f.parameter])...)
		}
	}
	switch {
	case !asked && t.plural == "groups" && q.Get("exclude_deleted") == "false":
		return t.in(&t.live, &t.gone)
	case !asked:
		return t.in(&t.live)
	}
	return t.in(sets...)
}

// having returns the rows whose column has one of the values, which may also be joined by commas.
func (t *table) having(column string, values []string) []*ordered.Set {
	var sets []*ordered.Set
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		json := quote(one)
		if t.columns[t.slot(column)].kind == ref {
			json = one
		}
		sets = append(sets, t.by(column, json))
	}
	return sets
}

// show answers one row. A user who was deleted is still shown, inactive, as recorded after a DELETE; a ticket and an
// organization are not there any more.
func (s *Server) show(w http.ResponseWriter, r *http.Request, t *table) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := t.alive(pathID(r))
	if t.plural == "users" {
		o = t.rows[pathID(r)]
	}
	if o == nil {
		return missing()
	}
	s.answerOne(w, r, http.StatusOK, t, o)
	return nil
}

func (s *Server) count(w http.ResponseWriter, r *http.Request, t *table) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	writeJSON(w, http.StatusOK, map[string]any{"count": map[string]any{"value": t.filtered(r).size(), "refreshed_at": instant(s.now())}})
	return nil
}

// many is how many ids a request may name.
const many = 100

func tooMany() *failure {
	f := fail(http.StatusBadRequest, "TooManyValues", "Too many values in parameter. The maximum is %d.", many)
	f.body.(map[string]any)["max_count"] = many
	return f
}

// showMany answers the rows that are there of those that were asked for; the others are left out without a word.
func (s *Server) showMany(w http.ResponseWriter, r *http.Request, t *table) error {
	ids, external := r.URL.Query().Get("ids"), r.URL.Query().Get("external_ids")
	asked := strings.FieldsFunc(ids+","+external, func(c rune) bool { return c == ',' })
	switch {
	case len(asked) == 0:
		return fail(http.StatusBadRequest, "ParameterMissing", "Parameter ids is required")
	case len(asked) > many:
		return tooMany()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []*row
	for _, one := range asked {
		o := t.alive(parseID(one))
		if ids == "" {
			o = t.first("external_id", quote(one))
		}
		if o != nil && !slices.Contains(found, o) {
			found = append(found, o)
		}
	}
	if t.plural == "organizations" { // recorded: in the order of their names
		slot := t.slot("name")
		slices.SortStableFunc(found, func(a, b *row) int { return strings.Compare(a.cur.get(slot), b.cur.get(slot)) })
	}
	e := s.encoder(r)
	b := e.list(t, found)
	b = e.sideload(b, r, t, found)
	b = append(b, `,"next_page":null,"previous_page":null,"count":`...)
	writeBody(w, http.StatusOK, append(append(b, digits(uint64(len(found)))...), '}'))
	return nil
}

func (s *Server) create(w http.ResponseWriter, r *http.Request, t *table) error {
	in, err := wrapped(w, r, t.singular)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.write(t, nil, in, false, s.actor())
	if err != nil {
		return err
	}
	s.answerOne(w, r, http.StatusCreated, t, o)
	return nil
}

func (s *Server) update(w http.ResponseWriter, r *http.Request, t *table) error {
	in, err := wrapped(w, r, t.singular)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := t.alive(pathID(r))
	if o == nil {
		return missing()
	}
	if f := s.limits.update(t, o, time.Now()); f != nil {
		return f
	}
	if o, err = s.write(t, o, in, false, s.actor()); err != nil {
		return err
	}
	s.answerOne(w, r, http.StatusOK, t, o)
	return nil
}

// remove deletes as each type of object is deleted: a user is answered, inactive (recorded); the others say nothing.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, t *table) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := t.alive(pathID(r))
	if o == nil {
		return missing()
	}
	if t.plural == "users" && o.id == s.owner {
		return forbidden()
	}
	s.delete(t, o, s.actor())
	if t.plural == "users" {
		s.answerOne(w, r, http.StatusOK, t, o)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// delete removes a row the way its type does; the caller holds mu.
func (s *Server) delete(t *table, o *row, by actor) {
	switch t.plural {
	case "users":
		s.deleteUser(o, by)
	case "organizations":
		s.deleteOrganization(o, by)
	case "tickets":
		s.deleteTicket(o, by)
	case "groups":
		s.alter(t, o, by, deleted, nil)
	default:
		t.drop(o)
		if strings.HasSuffix(t.plural, "_fields") {
			t.define()
		}
	}
}

// listChildren answers the rows that refer to the one in the path.
func (s *Server) listChildren(name, column, parent string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if s.table(parent).alive(pathID(r)) == nil {
			return missing()
		}
		t := s.table(name)
		return s.answerSelection(w, r, t.in(t.by(column, idJSON(pathID(r)))))
	}
}

// sideloads are the tables that include= adds to an answer, with the columns of the rows that refer to them.
var sideloads = map[string][]string{
	"users":         {"requester_id", "submitter_id", "assignee_id", "author_id", "user_id"},
	"groups":        {"group_id", "default_group_id"},
	"organizations": {"organization_id"},
}

// sideload appends the tables that the request includes.
func (e *encoder) sideload(b []byte, r *http.Request, t *table, rows []*row) []byte {
	for name := range strings.SplitSeq(r.URL.Query().Get("include"), ",") {
		columns, known := sideloads[name]
		switch {
		case name == "identities" && t.plural == "users":
			b = append(append(b, `,"identities":`...), e.rows(nil, e.s.table("identities"), e.s.identitiesOf(rows))...)
		case name == "metric_sets" && t.plural == "tickets":
			b = append(e.metrics(append(b, `,"metric_sets":[`...), rows), ']')
		case known && name != t.plural:
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = e.rows(b, e.s.table(name), t.related(e.s.table(name), columns, rows))
		}
	}
	return b
}

// related returns the rows of another table that columns of these refer to, each once.
func (t *table) related(other *table, columns []string, rows []*row) []*row {
	seen := map[uint64]bool{}
	var out []*row
	for _, o := range rows {
		for _, name := range columns {
			if _, ok := t.bySlot[name]; !ok {
				continue
			}
			id := t.number(o.cur, name)
			if x := other.rows[id]; x != nil && !seen[id] {
				seen[id] = true
				out = append(out, x)
			}
		}
	}
	return out
}

func (s *Server) identitiesOf(users []*row) []*row {
	var out []*row
	for _, u := range users {
		out = append(out, s.children(s.table("identities"), "user_id", u.id)...)
	}
	return out
}

// findUsers understands the three queries that integrations send; the caller holds mu.
func (s *Server) findUsers(query string) []*row {
	t := s.table("users")
	if external, ok := strings.CutPrefix(query, "external_id:"); ok {
		if o := t.first("external_id", quote(external)); o != nil {
			return []*row{o}
		}
		return nil
	}
	query = strings.Trim(strings.TrimPrefix(query, "email:"), `"`)
	if o := t.alive(s.emails[normal(query)]); o != nil {
		return []*row{o}
	}
	var out []*row
	slot, part := t.slot("name"), []byte(normal(query))
	for k := range t.live.Between(0, t.live.Len(), false) {
		if o := t.rows[k.ID]; bytes.Contains([]byte(normal(o.cur.get(slot))), part) {
			out = append(out, o)
		}
	}
	return out
}
