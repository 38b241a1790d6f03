package zendesktest

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// from returns the audits since an instant; they are ordered because the account's clock only goes forward, and a clock
// that was set back leaves them in the order in which they happened.
func (l *auditLog) from(start int64) []audit {
	sorted := l.all
	if !slices.IsSortedFunc(sorted, func(a, b audit) int { return int(a.at - b.at) }) {
		sorted = slices.Clone(sorted)
		slices.SortStableFunc(sorted, func(a, b audit) int { return int(a.at - b.at) })
	}
	return sorted[sort.Search(len(sorted), func(i int) bool { return sorted[i].at >= start }):]
}

// metricEvent is one step of the clocks that Zendesk keeps for a ticket.
type metricEvent struct {
	id, ticket   uint64
	metric, what string
	instance     int
	at           int64
	status       string // what update_status tells, in minutes
}

// metricLog holds the events of all tickets in the order in which they happened.
type metricLog struct{ all []metricEvent }

// follow writes the metric events of an audit: clocks start with a ticket, the first public answer of somebody else
// ends the reply time, and a solved ticket ends all.
func (l *metricLog) follow(s *Server, o *row, before *version, a audit) {
	add := func(metric, what string) {
		l.all = append(l.all, metricEvent{id: s.nextID(), ticket: o.id, metric: metric, what: what, instance: 1, at: a.at})
	}
	t := s.table("tickets")
	clocks := []string{"reply_time", "requester_wait_time", "resolution_time", "agent_work_time"}
	if before == nil {
		for _, m := range clocks {
			add(m, "activate")
		}
		return
	}
	comments := s.table("comments")
	if a.comment != nil && comments.number(a.comment.cur, "author_id") != t.number(o.cur, "requester_id") {
		add("reply_time", "fulfill")
	}
	if was, is := t.text(before, "status"), t.text(o.cur, "status"); was != is && (is == "solved" || is == "closed") && was != "solved" {
		for _, m := range clocks[1:] {
			add(m, "fulfill")
		}
	}
}

func (s *Server) exportMetricEvents(w http.ResponseWriter, r *http.Request) error {
	start, f := s.startTime(r)
	if f != nil {
		return f
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	size := pageSize(r)
	b := []byte(`{"ticket_metric_events":[`)
	n, end := 0, int64(-1)
	for _, m := range s.moved.all {
		if m.at < start || m.at > s.settled() {
			continue
		}
		if n == size {
			break
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%d,"ticket_id":%d,"metric":%s,"instance_id":%d,"type":%s,"time":%s}`, m.id, m.ticket, quote(m.metric), m.instance, quote(m.what), quote(instant(m.at)))
		n, end = n+1, m.at
	}
	writeBody(w, http.StatusOK, append(appendTime(append(b, ']'), r, n, size, end), '}'))
	return nil
}

// metricsAt is how far the ids of metrics are from those of their tickets.
const metricsAt = 26363597000000

// ticketMetric appends what is known about the times of a ticket; the account counts no business hours.
func (e *encoder) ticketMetric(b []byte, o *row) []byte {
	t := e.s.table("tickets")
	replies, reopens, solved, assigned, last := 0, 0, "null", "null", "null"
	reply := "null"
	for _, i := range e.s.audits.byTicket[o.id] {
		a := e.s.audits.all[i]
		if a.comment != nil {
			last = quote(instant(a.at))
		}
		if a.comment != nil && e.s.table("comments").number(a.comment.cur, "author_id") != t.number(o.cur, "requester_id") {
			if replies++; replies == 1 {
				reply = strconv.FormatInt((a.at-o.cur.created)/60, 10)
			}
		}
		for _, c := range a.changes {
			switch {
			case c.field == "status" && c.to == `"solved"`:
				solved = quote(instant(a.at))
			case c.field == "status" && c.from == `"solved"` && c.to != `"closed"`:
				reopens++
			case c.field == "assignee_id" && c.to != "" && assigned == "null":
				assigned = quote(instant(a.at))
			}
		}
	}
	minutes := func(v string) string { return `{"calendar":` + v + `,"business":` + v + `}` }
	resolution := "null"
	if solved != "null" {
		resolution = strconv.FormatInt((unix(plain(solved))-o.cur.created)/60, 10)
	}
	b = fmt.Appendf(b, `{"url":%s,"id":%d,"ticket_id":%d,"created_at":%s,"updated_at":%s,`, quote(fmt.Sprintf("%s/api/v2/ticket_metrics/%d.json", e.base, metricsAt+o.id)), metricsAt+o.id, o.id, quote(instant(o.cur.created)), quote(instant(o.cur.updated)))
	b = fmt.Appendf(b, `"group_stations":1,"assignee_stations":%d,"reopens":%d,"replies":%d,"assignee_updated_at":null,"requester_updated_at":%s,"status_updated_at":%s,`, min(1, len(assigned)-4), reopens, replies, quote(instant(o.cur.created)), quote(instant(o.cur.updated)))
	b = fmt.Appendf(b, `"initially_assigned_at":%s,"assigned_at":%s,"solved_at":%s,"latest_comment_added_at":%s,`, assigned, assigned, solved, last)
	b = fmt.Appendf(b, `"reply_time_in_minutes":%s,"first_resolution_time_in_minutes":%s,"full_resolution_time_in_minutes":%s,`, minutes(reply), minutes(resolution), minutes(resolution))
	return fmt.Appendf(b, `"agent_wait_time_in_minutes":%s,"requester_wait_time_in_minutes":%s,"on_hold_time_in_minutes":%s,"custom_status_updated_at":%s}`, minutes("null"), minutes("null"), minutes("0"), quote(instant(o.cur.updated)))
}

// listMetrics answers the metrics of all tickets: with offset paging the newest ticket first, as the vendor lists them.
func (s *Server) listMetrics(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("tickets")
	q := r.URL.Query()
	if q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]") {
		page, more, f := t.cursorPage(q, []*ordered.Set{&t.live})
		if f != nil {
			return f
		}
		writeBody(w, http.StatusOK, append(appendCursor(s.metrics(r, page), r, page, more), '}'))
		return nil
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	var page []*row
	for k := range t.live.Between(max(0, t.live.Len()-from-size), max(0, t.live.Len()-from), true) {
		page = append(page, t.rows[k.ID])
	}
	writeBody(w, http.StatusOK, append(appendOffset(s.metrics(r, page), r, from, size, t.live.Len()), '}'))
	return nil
}

// metrics begins an answer with the metrics of tickets.
func (s *Server) metrics(r *http.Request, tickets []*row) []byte {
	return append(s.encoder(r).metrics([]byte(`{"ticket_metrics":[`), tickets), ']')
}

func (e *encoder) metrics(b []byte, tickets []*row) []byte {
	for i, o := range tickets {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.ticketMetric(b, o)
	}
	return b
}

// showMetric answers the metrics of one ticket, by its id or by theirs.
func (s *Server) showMetric(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	id := pathID(r)
	if id > metricsAt {
		id -= metricsAt
	}
	o := s.table("tickets").alive(id)
	if o == nil {
		return missing()
	}
	b := s.encoder(r).ticketMetric([]byte(`{"ticket_metric":`), o)
	writeBody(w, http.StatusOK, append(b, '}'))
	return nil
}
