package zendesktest

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
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

// answerSets answers the rows of one or several sets, by ascending id, with the paging that the request asks for.
func (s *Server) answerSets(w http.ResponseWriter, r *http.Request, t *table, sets ...*ordered.Set) error {
	q := r.URL.Query()
	if q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]") {
		return s.answerCursor(w, r, t, sets)
	}
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	e := s.encoder(r)
	page := t.after(0, sets, from, size)
	b := e.list(t, page)
	b = e.sideload(b, r, t, page)
	writeBody(w, http.StatusOK, append(appendOffset(b, r, from, size, t.size(sets)), '}'))
	return nil
}

// after returns the size rows with ids above one, after skipping so many, from all sets together.
func (t *table) after(id uint64, sets []*ordered.Set, skip, size int) []*row {
	var out []*row
	for _, set := range sets {
		from := set.Rank(ordered.Key{ID: id + 1})
		out = append(out, t.some(set.Between(from, set.Len(), false), skip+size)...)
	}
	slices.SortFunc(out, byID)
	return out[min(skip, len(out)):min(skip+size, len(out))]
}

// before returns the size rows with the highest ids below one, ascending.
func (t *table) before(id uint64, sets []*ordered.Set, size int) []*row {
	var out []*row
	for _, set := range sets {
		out = append(out, t.some(set.Between(0, set.Rank(ordered.Key{ID: id}), true), size)...)
	}
	slices.SortFunc(out, byID)
	return out[max(0, len(out)-size):]
}

// some returns the first rows that lists show, at most so many.
func (t *table) some(keys iter.Seq[ordered.Key], most int) []*row {
	var out []*row
	for k := range keys {
		if len(out) == most {
			break
		}
		if o := t.rows[k.ID]; t.unlisted == nil || !t.unlisted(o) {
			out = append(out, o)
		}
	}
	return out
}

func byID(a, b *row) int { return cmp.Compare(a.id, b.id) }

// size returns how many rows of the sets lists show.
func (t *table) size(sets []*ordered.Set) int {
	n := 0
	for _, set := range sets {
		n += set.Len()
		if t.unlisted == nil {
			continue
		}
		for k := range set.Between(0, set.Len(), false) {
			if t.unlisted(t.rows[k.ID]) {
				n--
			}
		}
	}
	return n
}

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
func (s *Server) answerCursor(w http.ResponseWriter, r *http.Request, t *table, sets []*ordered.Set) error {
	page, more, f := t.cursorPage(r.URL.Query(), sets)
	if f != nil {
		return f
	}
	e := s.encoder(r)
	b := e.list(t, page)
	b = e.sideload(b, r, t, page)
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

// cursorPage returns the page that a query asks for and whether there is more in its direction.
func (t *table) cursorPage(q url.Values, sets []*ordered.Set) ([]*row, bool, *failure) {
	size, f := cursorSize(q, maxPage)
	if f != nil {
		return nil, false, f
	}
	var id uint64
	direction := "page[after]"
	if q.Get("page[before]") != "" {
		direction = "page[before]"
	}
	if cursor := q.Get(direction); cursor != "" {
		var ok bool
		if id, ok = readPosition(cursor); !ok {
			return nil, false, badCursor(direction)
		}
	}
	if direction == "page[before]" {
		rows := t.before(id, sets, size+1)
		return rows[max(0, len(rows)-size):], len(rows) > size, nil
	}
	rows := t.after(id, sets, 0, size+1)
	return rows[:min(size, len(rows))], len(rows) > size, nil
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
