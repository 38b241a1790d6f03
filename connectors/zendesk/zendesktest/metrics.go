package zendesktest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sort"
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

// since returns the events from an instant on that are not withheld.
func (l *metricLog) since(start, settled int64) []metricEvent {
	var out []metricEvent
	for _, m := range l.all {
		if m.at >= start && m.at <= settled {
			out = append(out, m)
		}
	}
	return out
}

// exportMetricEvents answers metric events, by time like the other exports or, as integrations in use do, with cursor
// paging of up to 1000.
func (s *Server) exportMetricEvents(w http.ResponseWriter, r *http.Request) error {
	start, f := s.startTime(r)
	if f != nil {
		return f
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := s.moved.since(start, s.settled()-int64(s.opt.MetricDelay.Seconds()))
	q := r.URL.Query()
	if q.Has("page[size]") || q.Has("page[after]") {
		return s.metricPage(w, r, list)
	}
	size := pageSize(r)
	page := list[:min(size, len(list))]
	end := int64(-1)
	if len(page) > 0 {
		end = page[len(page)-1].at
	}
	writeBody(w, http.StatusOK, append(appendTime(appendMetricEvents(page), r, len(page), size, end), '}'))
	return nil
}

// metricPage answers a page of cursor paging; events are numbered in their order.
func (s *Server) metricPage(w http.ResponseWriter, r *http.Request, list []metricEvent) error {
	q := r.URL.Query()
	size, f := cursorSize(q, exportPage)
	if f != nil {
		return f
	}
	if cursor := q.Get("page[after]"); cursor != "" {
		after, ok := readPosition(cursor)
		if !ok {
			return badCursor("page[after]")
		}
		list = list[sort.Search(len(list), func(i int) bool { return list[i].id > after }):]
	}
	page := list[:min(size, len(list))]
	ids := make([]uint64, len(page))
	for i, m := range page {
		ids[i] = m.id
	}
	writeBody(w, http.StatusOK, append(appendCursor(appendMetricEvents(page), r, ids, len(list) > size), '}'))
	return nil
}

// appendMetricEvents begins an answer with metric events.
func appendMetricEvents(list []metricEvent) []byte {
	b := []byte(`{"ticket_metric_events":[`)
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%d,"ticket_id":%d,"metric":%s,"instance_id":%d,"type":%s,"time":%s}`, m.id, m.ticket, quote(m.metric), m.instance, quote(m.what), quote(instant(m.at)))
	}
	return append(b, ']')
}

// metricsAt is how far the ids of metrics are from those of their tickets.
const metricsAt = 26363597000000

// figures are what a ticket's audits tell about its times, in seconds, 0 where something did not happen.
type figures struct {
	replies, reopens, stations       int
	replied, solved, assigned, spoke int64
}

func (s *Server) figures(o *row) figures {
	var f figures
	requester := s.table("tickets").number(o.cur, "requester_id")
	for _, i := range s.audits.byTicket[o.id] {
		a := s.audits.all[i]
		if a.comment != nil {
			f.spoke = a.at
		}
		if a.comment != nil && s.table("comments").number(a.comment.cur, "author_id") != requester {
			f.replies++
			f.replied = cmp.Or(f.replied, a.at)
		}
		for _, c := range a.changes {
			f.follow(c, a.at)
		}
	}
	return f
}

// follow counts a change of a field.
func (f *figures) follow(c fieldChange, at int64) {
	switch {
	case c.field == "status" && c.to == `"solved"`:
		f.solved = at
	case c.field == "status" && c.from == `"solved"` && c.to != `"closed"`:
		f.reopens++
	case c.field == "assignee_id" && c.to != "":
		f.stations++
		f.assigned = cmp.Or(f.assigned, at)
	}
}

// span is a time in minutes, null while it has not ended.
type span struct {
	Calendar *int64 `json:"calendar"`
	Business *int64 `json:"business"`
}

// metric is what is known about the times of a ticket, in the order of the documents.
type metric struct {
	URL             string  `json:"url"`
	ID              uint64  `json:"id"`
	TicketID        uint64  `json:"ticket_id"`
	Created         *string `json:"created_at"`
	Updated         *string `json:"updated_at"`
	GroupStations   int     `json:"group_stations"`
	Stations        int     `json:"assignee_stations"`
	Reopens         int     `json:"reopens"`
	Replies         int     `json:"replies"`
	AssigneeUpdated *string `json:"assignee_updated_at"`
	RequesterUpd    *string `json:"requester_updated_at"`
	StatusUpdated   *string `json:"status_updated_at"`
	FirstAssigned   *string `json:"initially_assigned_at"`
	Assigned        *string `json:"assigned_at"`
	Solved          *string `json:"solved_at"`
	LatestComment   *string `json:"latest_comment_added_at"`
	Reply           span    `json:"reply_time_in_minutes"`
	FirstResolution span    `json:"first_resolution_time_in_minutes"`
	FullResolution  span    `json:"full_resolution_time_in_minutes"`
	AgentWait       span    `json:"agent_wait_time_in_minutes"`
	RequesterWait   span    `json:"requester_wait_time_in_minutes"`
	OnHold          span    `json:"on_hold_time_in_minutes"`
	CustomStatus    *string `json:"custom_status_updated_at"`
}

// ticketMetric appends a ticket's metric; the account counts no business hours.
func (e *encoder) ticketMetric(b []byte, o *row) []byte {
	f, v := e.s.figures(o), o.cur
	when := func(at int64) *string {
		if at == 0 {
			return nil
		}
		text := instant(at)
		return &text
	}
	since := func(to int64) span {
		if to == 0 {
			return span{}
		}
		minutes := (to - v.created) / 60
		return span{&minutes, &minutes}
	}
	return append(b, marshal(metric{
		URL: fmt.Sprintf("%s/api/v2/ticket_metrics/%d.json", e.base, metricsAt+o.id), ID: metricsAt + o.id, TicketID: o.id,
		Created: when(v.created), Updated: when(v.updated), GroupStations: 1, Stations: f.stations, Reopens: f.reopens, Replies: f.replies,
		AssigneeUpdated: when(f.assigned), RequesterUpd: when(v.created), StatusUpdated: when(v.updated), CustomStatus: when(v.updated),
		FirstAssigned: when(f.assigned), Assigned: when(f.assigned), Solved: when(f.solved), LatestComment: when(f.spoke),
		Reply: since(f.replied), FirstResolution: since(f.solved), FullResolution: since(f.solved),
		AgentWait: since(f.replied), RequesterWait: since(f.solved), OnHold: since(v.created),
	})...)
}

// listMetrics answers the metrics of all tickets: with offset paging the newest ticket first, as the vendor lists them.
func (s *Server) listMetrics(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.table("tickets")
	sel := t.in(&t.live)
	q := r.URL.Query()
	if q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]") {
		page, more, f := sel.page(q)
		if f != nil {
			return f
		}
		writeBody(w, http.StatusOK, append(appendCursor(s.metrics(r, page), r, idsOf(page), more), '}'))
		return nil
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	page := sel.newest(from, size)
	writeBody(w, http.StatusOK, append(appendOffset(s.metrics(r, page), r, from, size, sel.size()), '}'))
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
