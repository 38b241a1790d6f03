package zendesktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ticketRoutes mounts what only tickets have.
func (s *Server) ticketRoutes(api *http.ServeMux) {
	api.Handle("GET /api/v2/tickets/{id}/comments", s.may("tickets:read", s.listChildren("comments", "ticket_id", "tickets")))
	api.Handle("GET /api/v2/tickets/{id}/comments/count", s.may("tickets:read", s.countComments))
	api.Handle("GET /api/v2/tickets/{id}/audits", s.may("tickets:read", s.listAudits))
	api.Handle("GET /api/v2/tickets/{id}/metrics", s.may("tickets:read", s.showMetric))
	api.Handle("POST /api/v2/tickets/{id}/merge", s.may("tickets:write", s.mergeTickets))
	api.Handle("POST /api/v2/tickets/{id}/satisfaction_rating", s.may("tickets:write", s.rate))
	api.Handle("GET /api/v2/ticket_metrics", s.may("tickets:read", s.listMetrics))
	api.Handle("GET /api/v2/ticket_metrics/{id}", s.may("tickets:read", s.showMetric))
	api.Handle("GET /api/v2/deleted_tickets", s.may("tickets:read", s.listDeletedTickets))
	api.Handle("PUT /api/v2/deleted_tickets/{id}/restore", s.may("tickets:write", s.restoreDeletedTicket))
	api.Handle("DELETE /api/v2/deleted_tickets/{id}", s.may("tickets:write", s.scrubDeletedTicket))
}

func (s *Server) countComments(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.table("tickets").alive(pathID(r)) == nil {
		return missing()
	}
	n := s.table("comments").by("ticket_id", idJSON(pathID(r))).Len()
	writeJSON(w, http.StatusOK, map[string]any{"count": map[string]any{"value": n, "refreshed_at": instant(s.now())}})
	return nil
}

// listDeletedTickets answers what can still be restored.
func (s *Server) listDeletedTickets(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("tickets")
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	b := []byte(`{"deleted_tickets":[`)
	i := 0
	for k := range t.gone.Between(min(from, t.gone.Len()), min(from+size, t.gone.Len()), false) {
		if i > 0 {
			b = append(b, ',')
		}
		o := t.rows[k.ID]
		b = fmt.Appendf(b, `{"id":%d,"subject":%s,"actor":{"id":%d,"name":%s},"deleted_at":%s,"previous_state":%s}`, o.id,
			orNull(o.cur.get(t.slot("subject"))), s.owner, s.table("users").rows[s.owner].cur.get(s.table("users").slot("name")), quote(instant(o.cur.deleted)), s.audits.statusBefore(o.id))
		i++
	}
	writeBody(w, http.StatusOK, append(appendOffset(append(b, ']'), r, from, size, t.gone.Len()), '}'))
	return nil
}

func (s *Server) restoreDeletedTicket(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.table("tickets").rows[pathID(r)]
	if o == nil || o.cur.state != deleted {
		return missing()
	}
	s.restoreTicket(o, s.actor())
	writeJSON(w, http.StatusOK, "")
	return nil
}

// scrubDeletedTicket deletes for ever, in a job.
func (s *Server) scrubDeletedTicket(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.table("tickets").rows[pathID(r)]
	if o == nil || o.cur.state != deleted {
		return missing()
	}
	s.scrub(o, s.actor())
	s.answerJob(w, r, s.startJob("Deleting Ticket", []result{did("delete", "Deleted", o.id)}))
	return nil
}

// mergeTickets closes tickets in favour of another one, in a job.
func (s *Server) mergeTickets(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		IDs           []json.Number `json:"ids"`
		TargetComment string        `json:"target_comment"`
		SourceComment string        `json:"source_comment"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil || len(in.IDs) == 0 {
		return fail(http.StatusBadRequest, "ParameterMissing", "Parameter ids is required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("tickets")
	target := t.alive(pathID(r))
	if target == nil || t.text(target.cur, "status") == "closed" {
		return missing()
	}
	var results []result
	for _, id := range in.IDs {
		source := t.alive(parseID(id.String()))
		if source == nil || source == target || t.text(source.cur, "status") == "closed" {
			results = append(results, didNot("update", "TicketMergeFailed", "", parseID(id.String())))
			continue
		}
		s.mergeTicket(target, source, in.SourceComment, in.TargetComment, s.actor())
		results = append(results, did("update", "Updated", source.id))
	}
	s.answerJob(w, r, s.startJob("Merging ticket", results))
	return nil
}

// mergeTicket closes source with the tag closed_by_merge and a comment in each of the two; nothing but the text of the
// comments says where it went.
func (s *Server) mergeTicket(target, source *row, here, there string, by actor) {
	t := s.table("tickets")
	if here == "" {
		here = fmt.Sprintf("This request was closed and merged into request #%d", target.id)
	}
	if there == "" {
		there = fmt.Sprintf("Request #%d was closed and merged into this request.", source.id)
	}
	by.via = "merge"
	closed := object{"status": json.RawMessage(`"closed"`), "tags": json.RawMessage(marshal(append(t.list(source.cur, "tags"), "closed_by_merge"))),
		"comment": json.RawMessage(`{"public":false,"body":` + quote(here) + `}`)}
	s.mustWrite(t, source, closed, by)
	s.mustWrite(t, target, object{"comment": json.RawMessage(`{"public":false,"body":` + quote(there) + `}`)}, by)
}

// mustWrite is write for what this package itself says.
func (s *Server) mustWrite(t *table, o *row, in object, by actor) *row {
	out, err := s.write(t, o, in, true, by)
	if err != nil {
		panic("zendesktest: " + t.plural + ": " + strings.TrimSpace(err.Error()))
	}
	return out
}
