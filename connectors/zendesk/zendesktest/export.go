package zendesktest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// exportPage is how many rows an incremental export answers at most, see
// https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/.
const exportPage = 1000

// samplePage is how many a sample has.
const samplePage = 50

// exportRoutes mounts the incremental exports. All are for admins.
func (s *Server) exportRoutes(api *http.ServeMux) {
	cursor := func(name string) http.Handler {
		return s.may(name+":read", s.admin(func(w http.ResponseWriter, r *http.Request) error { return s.exportCursor(w, r, s.table(name)) }))
	}
	timed := func(name string) http.Handler {
		return s.may(name+":read", s.admin(func(w http.ResponseWriter, r *http.Request) error {
			return s.exportTime(w, r, s.table(name), exportPage)
		}))
	}
	api.Handle("GET /api/v2/incremental/tickets/cursor", cursor("tickets"))
	api.Handle("GET /api/v2/incremental/users/cursor", cursor("users"))
	api.Handle("GET /api/v2/incremental/tickets", timed("tickets"))
	api.Handle("GET /api/v2/incremental/users", timed("users"))
	api.Handle("GET /api/v2/incremental/organizations", timed("organizations"))
	for _, name := range []string{"tickets", "users", "organizations"} {
		api.Handle("GET /api/v2/incremental/"+name+"/sample", s.may(name+":read", s.admin(func(w http.ResponseWriter, r *http.Request) error {
			return s.exportTime(w, r, s.table(name), samplePage)
		})))
	}
	api.Handle("GET /api/v2/incremental/ticket_events", s.may("tickets:read", s.admin(s.exportTicketEvents)))
	api.Handle("GET /api/v2/incremental/ticket_metric_events", s.may("tickets:read", s.admin(s.exportMetricEvents)))
}

// startTime reads start_time, which must be older than what is withheld.
func (s *Server) startTime(r *http.Request) (int64, *failure) {
	text := r.URL.Query().Get("start_time")
	if text == "" {
		return 0, fail(http.StatusBadRequest, "ParameterMissing", "Parameter start_time is required")
	}
	start, err := strconv.ParseInt(text, 10, 64)
	if err != nil || start < 0 {
		return 0, fail(http.StatusBadRequest, "InvalidValue", "Invalid start_time: %s", text)
	}
	if lag := int64(s.opt.Lag.Seconds()); lag > 0 && start > s.now()-lag {
		return 0, fail(http.StatusUnprocessableEntity, "InvalidValue", "Too recent start_time. Use a start_time older than %d seconds", lag)
	}
	return start, nil
}

// settled is the last second that exports show: what changed after it is withheld, so that no later change can come to
// stand before a row that was shown.
func (s *Server) settled() int64 { return s.now() - int64(s.opt.Lag.Seconds()) }

func pageSize(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil && n > 0 {
		return min(n, exportPage)
	}
	return exportPage
}

func streamKey(o *row) ordered.Key { return ordered.Key{At: o.cur.stamp, ID: o.id} }

// writeCursor packs the place of a row the way the recorded cursors do: its second and its id.
func writeCursor(k ordered.Key) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d.0||%d|", k.At, k.ID))
}

func readCursor(cursor string) (ordered.Key, bool) {
	b, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return ordered.Key{}, false
	}
	parts := strings.Split(string(b), "|")
	if len(parts) != 4 {
		return ordered.Key{}, false
	}
	at, err := strconv.ParseInt(strings.TrimSuffix(parts[0], ".0"), 10, 64)
	if err != nil {
		return ordered.Key{}, false
	}
	id, err := strconv.ParseUint(parts[2], 10, 64)
	return ordered.Key{At: at, ID: id}, err == nil
}

// exportCursor answers a page of a cursor export: the rows after a place, in the order of their last change. The last
// page carries a cursor too, from which the next poll goes on.
func (s *Server) exportCursor(w http.ResponseWriter, r *http.Request, t *table) error {
	q := r.URL.Query()
	var after ordered.Key
	if cursor := q.Get("cursor"); cursor != "" {
		var ok bool
		if after, ok = readCursor(cursor); !ok {
			return fail(http.StatusBadRequest, "InvalidValue", "Invalid cursor: %s", cursor)
		}
	} else {
		start, f := s.startTime(r)
		if f != nil {
			return f
		}
		after = ordered.Key{At: start}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	size := pageSize(r)
	var page []*row
	from := t.stream.Rank(ordered.Key{At: after.At, ID: after.ID + 1})
	to := t.stream.Rank(ordered.Key{At: s.settled() + 1})
	for k := range t.stream.Between(from, to, false) {
		o := t.rows[k.ID]
		if q.Get("exclude_deleted") == "true" && o.cur.state != live {
			continue
		}
		if page = append(page, o); len(page) == size {
			break
		}
	}
	last := after
	if len(page) > 0 {
		last = streamKey(page[len(page)-1])
	}
	e := s.encoder(r)
	e.export = true
	b := e.list(t, page)
	b = e.sideload(b, r, t, page)
	next := r.URL.Query()
	next.Del("start_time")
	next.Set("cursor", writeCursor(last))
	b = fmt.Appendf(b, `,"after_url":%s,"before_url":null,"after_cursor":%s,"before_cursor":null,"end_of_stream":%t}`,
		quote(base(r)+r.URL.Path+".json?"+next.Encode()), quote(writeCursor(last)), len(page) < size)
	writeBody(w, http.StatusOK, b)
	return nil
}

// exportTime answers a page of a time-based export: the rows from an instant on. The next page begins at the second of
// this page's last row, so that row comes again; and a second with more rows than fit a page never ends.
func (s *Server) exportTime(w http.ResponseWriter, r *http.Request, t *table, most int) error {
	start, f := s.startTime(r)
	if f != nil {
		return f
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	size := min(pageSize(r), most)
	from := t.stream.Rank(ordered.Key{At: start})
	to := min(t.stream.Rank(ordered.Key{At: s.settled() + 1}), from+size)
	var page []*row
	for k := range t.stream.Between(from, to, false) {
		page = append(page, t.rows[k.ID])
	}
	e := s.encoder(r)
	e.export = true
	b := e.list(t, page)
	b = e.sideload(b, r, t, page)
	end := int64(-1)
	if len(page) > 0 {
		end = page[len(page)-1].cur.stamp
	}
	writeBody(w, http.StatusOK, append(appendTime(b, r, len(page), size, end), '}'))
	return nil
}

// appendTime ends an answer of a time-based export; end is the second of its last row, or -1 without rows.
func appendTime(b []byte, r *http.Request, n, size int, end int64) []byte {
	if end < 0 {
		return append(b, `,"next_page":null,"count":0,"end_of_stream":true,"end_time":null`...)
	}
	next := r.URL.Query()
	next.Set("start_time", strconv.FormatInt(end, 10))
	return fmt.Appendf(b, `,"next_page":%s,"count":%d,"end_of_stream":%t,"end_time":%d`,
		quote(base(r)+r.URL.Path+".json?"+next.Encode()), n, n < size, end)
}
