package zendesktest

import (
	"fmt"
	"net/http"
)

// deletedUser appends the short form in which deleted users are listed.
func (e *encoder) deletedUser(b []byte, o *row) []byte {
	t := e.s.table("users")
	b = fmt.Appendf(b, `{"id":%d,"url":%s`, o.id, quote(fmt.Sprintf("%s/api/v2/deleted_users/%d.json", e.base, o.id)))
	for _, name := range []string{"name", "email", "created_at", "updated_at", "time_zone", "phone", "shared_phone_number", "photo", "locale_id", "locale", "organization_id", "role", "active"} {
		c := t.columns[t.slot(name)]
		b = append(append(b, ','), c.key...)
		switch raw := o.cur.get(c.slot); {
		case raw != "":
			b = append(b, raw...)
		case c.show != nil:
			b = c.show(e, o, b)
		default:
			b = append(b, c.blank...)
		}
	}
	return append(b, '}')
}

// deletedUsers begins an answer with a page of them.
func (e *encoder) deletedUsers(page []*row) []byte {
	b := []byte(`{"deleted_users":[`)
	for i, o := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.deletedUser(b, o)
	}
	return append(b, ']')
}

// listDeletedUsers answers with either kind of paging, as the specification has it.
func (s *Server) listDeletedUsers(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("users")
	gone := t.in(&t.gone)
	if q := r.URL.Query(); q.Has("page[size]") || q.Has("page[after]") {
		page, more, f := gone.page(q)
		if f != nil {
			return f
		}
		b := s.encoder(r).deletedUsers(page)
		writeBody(w, http.StatusOK, append(appendCursor(b, r, idsOf(page), more), '}'))
		return nil
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	b := s.encoder(r).deletedUsers(gone.after(0, from, size))
	writeBody(w, http.StatusOK, append(appendOffset(b, r, from, size, t.gone.Len()), '}'))
	return nil
}

func (s *Server) countDeletedUsers(w http.ResponseWriter, _ *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.table("users").gone.Len()
	writeJSON(w, http.StatusOK, map[string]any{"count": map[string]any{"value": n, "refreshed_at": instant(s.now())}})
	return nil
}

func (s *Server) showDeletedUser(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := s.table("users").rows[pathID(r)]
	if o == nil || o.cur.state != deleted {
		return missing()
	}
	writeBody(w, http.StatusOK, append(s.encoder(r).deletedUser([]byte(`{"deleted_user":`), o), '}'))
	return nil
}

// purgeDeletedUser deletes for ever a user who was deleted before.
func (s *Server) purgeDeletedUser(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.table("users").rows[pathID(r)]
	if o == nil || o.cur.state != deleted {
		return missing()
	}
	s.purgeUser(o, s.actor())
	writeBody(w, http.StatusOK, append(s.encoder(r).deletedUser([]byte(`{"deleted_user":`), o), '}'))
	return nil
}
