package zendesktest

import (
	"fmt"
	"net/http"
	"strings"
)

// audit is one update of a ticket.
type audit struct {
	id, ticket, author uint64
	at                 int64
	channel            string
	created            bool
	comment            *row
	changes            []fieldChange
}

type fieldChange struct{ field, from, to string }

// auditLog holds all audits in the order in which they happened.
type auditLog struct {
	all      []audit
	byTicket map[uint64][]int
}

func (l *auditLog) add(a audit) {
	if l.byTicket == nil {
		l.byTicket = map[uint64][]int{}
	}
	l.byTicket[a.ticket] = append(l.byTicket[a.ticket], len(l.all))
	l.all = append(l.all, a)
}

// forget takes what was said and changed out of a ticket's audits; that there were some stays known.
func (l *auditLog) forget(ticket uint64) {
	for _, i := range l.byTicket[ticket] {
		l.all[i].comment, l.all[i].changes = nil, nil
	}
}

// statusBefore returns the last status that an audit gave a ticket.
func (l *auditLog) statusBefore(ticket uint64) string {
	status := `"open"`
	for _, i := range l.byTicket[ticket] {
		for _, c := range l.all[i].changes {
			if c.field == "status" {
				status = c.to
			}
		}
	}
	return status
}

func orNull(json string) string {
	if json == "" {
		return "null"
	}
	return json
}

// auditValue is how audits write a value: ids and words alike in quotes.
func auditValue(json string) string {
	if json == "" || strings.HasPrefix(json, `"`) || strings.HasPrefix(json, "[") {
		return orNull(json)
	}
	return quote(json)
}

// events appends the events of an audit, as tickets' audits list them.
func (e *encoder) events(b []byte, a audit) []byte {
	b = append(b, '[')
	n := a.id
	if a.comment != nil {
		b = append(e.commentKeys(b, a), '}')
	}
	for _, c := range a.changes {
		n++
		if b[len(b)-1] != '[' {
			b = append(b, ',')
		}
		if a.created {
			b = fmt.Appendf(b, `{"id":%d,"type":"Create","value":%s,"field_name":%s}`, n, auditValue(c.to), quote(c.field))
			continue
		}
		b = fmt.Appendf(b, `{"id":%d,"type":"Change","value":%s,"field_name":%s,"previous_value":%s}`, n, auditValue(c.to), quote(c.field), auditValue(c.from))
	}
	return append(b, ']')
}

// auditMetadata is what is known about whoever made a change.
const auditMetadata = `{"system":{"client":"Millrace sandbox","ip_address":"192.0.2.1","location":"Nowhere","latitude":0.5,"longitude":0.5},"custom":{}}`

func (e *encoder) audit(b []byte, a audit) []byte {
	b = fmt.Appendf(b, `{"id":%d,"ticket_id":%d,"created_at":%s,"author_id":%d,"metadata":%s,"events":`, a.id, a.ticket, quote(instant(a.at)), a.author, auditMetadata)
	b = e.events(b, a)
	return append(append(append(b, `,"via":{"channel":"`...), a.channel...), `","source":{"from":{},"to":{},"rel":null}}}`...)
}

// appendLastAudit appends the newest audit of a ticket, which the answer to a write carries.
func (s *Server) appendLastAudit(b []byte, ticket *row) []byte {
	list := s.audits.byTicket[ticket.id]
	if len(list) == 0 {
		return append(b, "null"...)
	}
	return (&encoder{s: s}).audit(b, s.audits.all[list[len(list)-1]])
}

func (s *Server) listAudits(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.table("tickets").alive(pathID(r)) == nil {
		return missing()
	}
	list := s.audits.byTicket[pathID(r)]
	if q := r.URL.Query(); q.Has("page[size]") || q.Has("page[after]") {
		return s.pageAudits(w, r, list)
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	e := s.encoder(r)
	b := []byte(`{"audits":[`)
	for i, at := range list[min(from, len(list)):min(from+size, len(list))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.audit(b, s.audits.all[at])
	}
	writeBody(w, http.StatusOK, append(appendOffset(append(b, ']'), r, from, size, len(list)), '}'))
	return nil
}

// pageAudits answers a ticket's audits with cursor paging.
func (s *Server) pageAudits(w http.ResponseWriter, r *http.Request, list []int) error {
	q := r.URL.Query()
	size, f := cursorSize(q, maxPage)
	if f != nil {
		return f
	}
	if after := q.Get("page[after]"); after != "" {
		id, ok := readPosition(after)
		if !ok {
			return badCursor("page[after]")
		}
		for len(list) > 0 && s.audits.all[list[0]].id <= id {
			list = list[1:]
		}
	}
	e := s.encoder(r)
	b := []byte(`{"audits":[`)
	var ids []uint64
	for _, at := range list[:min(size, len(list))] {
		if len(ids) > 0 {
			b = append(b, ',')
		}
		b = e.audit(b, s.audits.all[at])
		ids = append(ids, s.audits.all[at].id)
	}
	writeBody(w, http.StatusOK, append(appendCursor(append(b, ']'), r, ids, len(list) > size), '}'))
	return nil
}

// exportTicketEvents answers audits from an instant on. The texts of comments are there only with
// include=comment_events.
func (s *Server) exportTicketEvents(w http.ResponseWriter, r *http.Request) error {
	start, f := s.startTime(r)
	if f != nil {
		return f
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	size, withComments := pageSize(r), strings.Contains(r.URL.Query().Get("include"), "comment_events")
	e := s.encoder(r)
	b := []byte(`{"ticket_events":[`)
	n, end := 0, int64(-1)
	for _, a := range s.audits.from(start) {
		if a.at > s.settled() || n == size {
			break
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = e.ticketEvent(b, a, withComments)
		n, end = n+1, a.at
	}
	writeBody(w, http.StatusOK, append(appendTime(append(b, ']'), r, n, size, end), '}'))
	return nil
}

// ticketEvent appends an audit in the form of the export, see
// https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export.
func (e *encoder) ticketEvent(b []byte, a audit, withComment bool) []byte {
	b = fmt.Appendf(b, `{"id":%d,"ticket_id":%d,"timestamp":%d,"created_at":%s,"updater_id":%d,"via":"API","system":{},"metadata":{},"event_type":"Audit","child_events":[`,
		a.id, a.ticket, a.at, quote(instant(a.at)), a.author)
	n := 0
	comma := func() {
		if n++; n > 1 {
			b = append(b, ',')
		}
	}
	if a.comment != nil {
		comma()
		if withComment {
			b = fmt.Appendf(e.commentKeys(b, a), `,"via":"API","via_reference_id":null,"comment_present":true,"comment_public":%t,"event_type":"Comment"}`, e.public(a.comment))
		} else {
			b = fmt.Appendf(b, `{"id":%d,"via":"API","via_reference_id":null,"comment_present":true,"comment_public":%t,"event_type":"Comment"}`, a.comment.id, e.public(a.comment))
		}
	}
	for i, c := range a.changes {
		comma()
		b = fmt.Appendf(b, `{"id":%d,"via":"API","via_reference_id":null,%s:%s`, a.id+uint64(i)+1, quote(c.field), orNull(c.to))
		if a.created {
			b = append(b, `,"event_type":"Create"}`...)
			continue
		}
		b = fmt.Appendf(b, `,"previous_value":%s,"event_type":"Change"}`, orNull(c.from))
	}
	return append(b, "]}"...)
}

func (e *encoder) public(comment *row) bool {
	return e.s.table("comments").text(comment.cur, "public") != "false"
}

// commentKeys begins a comment as audits tell it.
func (e *encoder) commentKeys(b []byte, a audit) []byte {
	t := e.s.table("comments")
	body := a.comment.cur.get(t.slot("body"))
	return fmt.Appendf(b, `{"id":%d,"type":"Comment","author_id":%s,"body":%s,"html_body":%s,"plain_body":%s,"public":%t,"attachments":[],"audit_id":%d`,
		a.comment.id, a.comment.cur.get(t.slot("author_id")), body, a.comment.cur.get(t.slot("html_body")), body, e.public(a.comment), a.id)
}
