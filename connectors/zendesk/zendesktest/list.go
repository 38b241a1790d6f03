package zendesktest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pathID returns the {id} of a path, 0 when it is no number.
func pathID(r *http.Request) uint64 { return parseID(r.PathValue("id")) }

func parseID(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// base is the address at which the client knows the account, so that links lead back to the simulator.
func base(r *http.Request) string {
	if r.TLS != nil || strings.HasSuffix(r.Host, ".zendesk.com") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) encoder(r *http.Request) *encoder { return &encoder{s: s, base: base(r)} }

// The page sizes: 100 rows at most in both kinds of paging; more is cut down, not refused.
const maxPage = 100

// answerList answers rows that were collected, with offset paging.
func (s *Server) answerList(w http.ResponseWriter, r *http.Request, t *table, list []*row) error {
	if list == nil {
		list = []*row{}
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	e := s.encoder(r)
	page := list[min(from, len(list)):min(from+size, len(list))]
	b := e.list(t, page)
	b = e.sideload(b, r, t, page)
	writeBody(w, http.StatusOK, append(appendOffset(b, r, from, size, len(list)), '}'))
	return nil
}

// answerSelection answers a selection, by ascending id, with the paging that the request asks for. Tickets' fields and
// forms and the statuses come all at once when none is asked for.
func (s *Server) answerSelection(w http.ResponseWriter, r *http.Request, sel selection) error {
	q := r.URL.Query()
	if q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]") {
		return s.answerCursor(w, r, sel)
	}
	from, size, f := s.offset(r)
	if slices.Contains(unpaged, sel.t.plural) && !q.Has("page") && !q.Has("per_page") {
		size = sel.size()
	}
	if f != nil {
		return f
	}
	e := s.encoder(r)
	page := sel.after(0, from, size)
	b := e.sideload(e.list(sel.t, page), r, sel.t, page)
	writeBody(w, http.StatusOK, append(appendOffset(b, r, from, max(1, size), sel.size()), '}'))
	return nil
}

// unpaged are lists that need no paging.
var unpaged = []string{"ticket_fields", "ticket_forms", "custom_statuses"}

// offset reads page and per_page. Beyond the 10,000th row the vendor answers 400, see
// https://developer.zendesk.com/api-reference/introduction/pagination/#offset-pagination.
func (s *Server) offset(r *http.Request) (from, size int, f *failure) {
	q := r.URL.Query()
	size = maxPage
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		size = min(n, maxPage)
	}
	page := 1
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		page = n
	}
	if page*size > s.opt.NumberedLast {
		return 0, 0, titled(http.StatusBadRequest, "Invalid attribute", "Page limit exceeded: offset pagination reaches %d records; use cursor pagination", s.opt.NumberedLast)
	}
	return (page - 1) * size, size, nil
}

func appendOffset(b []byte, r *http.Request, from, size, total int) []byte {
	link := func(page int) string {
		u := *r.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(page))
		u.RawQuery = q.Encode()
		return quote(base(r) + u.Path + ".json?" + u.RawQuery)
	}
	next, previous, page := "null", "null", from/size+1
	if from+size < total {
		next = link(page + 1)
	}
	if page > 1 {
		previous = link(page - 1)
	}
	return fmt.Appendf(b, `,"next_page":%s,"previous_page":%s,"count":%d`, next, previous, total)
}

// position is the cursor of lists: the recorded ones are a JSON object with the order and a packed value.
type position struct {
	Order string `json:"o"`
	Value string `json:"v"`
}

func writePosition(id uint64) string {
	packed := binary.LittleEndian.AppendUint64([]byte{'i'}, id)
	b, err := json.Marshal(position{"id", base64.StdEncoding.EncodeToString(packed)})
	if err != nil {
		panic(err) // strings always marshal
	}
	return base64.StdEncoding.EncodeToString(b)
}

func readPosition(cursor string) (uint64, bool) {
	var p position
	b, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(b, &p) != nil || p.Order != "id" {
		return 0, false
	}
	packed, err := base64.StdEncoding.DecodeString(p.Value)
	if err != nil || len(packed) != 9 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(packed[1:]), true
}

// answerCursor answers a page of cursor paging. As recorded, the links of a page that has rows are there even when
// nothing more follows; only meta.has_more tells.
func (s *Server) answerCursor(w http.ResponseWriter, r *http.Request, sel selection) error {
	page, more, f := sel.page(r.URL.Query())
	if f != nil {
		return f
	}
	e := s.encoder(r)
	b := e.sideload(e.list(sel.t, page), r, sel.t, page)
	writeBody(w, http.StatusOK, append(appendCursor(b, r, idsOf(page), more), '}'))
	return nil
}

// cursorSize reads page[size]; more than most is cut down.
func cursorSize(q url.Values, most int) (int, *failure) {
	if !q.Has("page[size]") {
		return min(maxPage, most), nil
	}
	n, err := strconv.Atoi(q.Get("page[size]"))
	if err != nil || n < 1 {
		return 0, listed(http.StatusBadRequest, "InvalidPaginationParameter", "Invalid pagination parameter", "page[size] must be an integer from 1 to %d", most)
	}
	return min(n, most), nil
}

func badCursor(name string) *failure {
	return listed(http.StatusBadRequest, "InvalidPaginationParameter", "Invalid pagination parameter", "%s is invalid", name)
}

func idsOf(rows []*row) []uint64 {
	out := make([]uint64, len(rows))
	for i, o := range rows {
		out[i] = o.id
	}
	return out
}

// appendCursor ends a page of cursor paging that has rows of these ids.
func appendCursor(b []byte, r *http.Request, ids []uint64, more bool) []byte {
	if len(ids) == 0 {
		return append(b, `,"meta":{"has_more":false,"after_cursor":null,"before_cursor":null},"links":{"prev":null,"next":null}`...)
	}
	first, last := writePosition(ids[0]), writePosition(ids[len(ids)-1])
	link := func(name, cursor string) string {
		q := r.URL.Query()
		q.Del("page[after]")
		q.Del("page[before]")
		q.Set(name, cursor)
		return quote(base(r) + r.URL.Path + ".json?" + q.Encode())
	}
	return fmt.Appendf(b, `,"meta":{"has_more":%t,"after_cursor":%s,"before_cursor":%s},"links":{"prev":%s,"next":%s}`,
		more, quote(last), quote(first), link("page[before]", first), link("page[after]", last))
}
