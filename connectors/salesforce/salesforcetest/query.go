package salesforcetest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxURI is how long the request line and headers of a query may be together, in bytes, see
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm.
const maxURI = 16_384

// page is one answer to a query.
type page struct {
	s       *Server
	version string
	p       *plan
}

// runQuery answers /query and /queryAll.
func (s *Server) runQuery(all bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		text := r.URL.Query().Get("q")
		if text == "" {
			return fail(400, "MALFORMED_QUERY", "A query string has to be specified")
		}
		size := s.batchSize(r)
		var body []byte
		err := s.read(func() error {
			p, err := s.query(text, all)
			if err != nil {
				return err
			}
			if p.q.Count {
				body = p.count()
				return nil
			}
			serials := p.serials()
			body = page{s, r.PathValue("version"), p}.first(serials, min(size, p.widest()))
			return nil
		})
		if err != nil {
			return err
		}
		writeBody(w, http.StatusOK, body)
		return nil
	}
}

// tooLong refuses requests whose line and headers are beyond what the vendor reads: 414 for the address alone, 431 for
// both.
func tooLong(r *http.Request) error {
	n := len(r.URL.RequestURI())
	if n > maxURI {
		return fail(http.StatusRequestURITooLong, "URI_TOO_LONG", "URI Too Long")
	}
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	if n > maxURI {
		return fail(http.StatusRequestHeaderFieldsTooLarge, "REQUEST_HEADER_FIELDS_TOO_LARGE", "Request Header Fields Too Large")
	}
	return nil
}

// bounded applies tooLong to every request of the data APIs.
func bounded(next http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		if err := tooLong(r); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// batchSize is how many rows a page has: what Sforce-Query-Options asks for, between 200 and 2000, but never more than
// the organization gives.
func (s *Server) batchSize(r *http.Request) int {
	size := 2000
	for option := range strings.SplitSeq(r.Header.Get("Sforce-Query-Options"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.EqualFold(strings.TrimSpace(name), "batchSize") {
			size = min(max(n, 200), 2000)
		}
	}
	return min(size, s.opt.MaxQuery)
}

// widest is how many rows of the query fit into a page: wide rows come in smaller pages, whatever was asked for.
func (p *plan) widest() int {
	n := 2000
	for _, node := range p.nodes {
		if node.child != nil {
			n = min(n, 500)
		}
	}
	if len(p.nodes) > 100 {
		n = min(n, 200_000/len(p.nodes))
	}
	return n
}

// count answers SELECT COUNT().
func (p *plan) count() []byte {
	n := p.t.count
	if p.q.Where != nil || p.all || p.q.Limit >= 0 || p.q.Offset > 0 {
		n = len(p.serials())
	}
	return []byte(`{"totalSize":` + strconv.Itoa(n) + `,"done":true,"records":[]}`)
}

// first writes the first page of a result; what is left of it waits under a locator.
func (g page) first(serials []uint64, size int) []byte {
	if len(serials) <= size {
		return g.append(make([]byte, 0, 256+512*len(serials)), serials, len(serials), "")
	}
	l := g.s.keep(g.p, serials, size)
	return g.append(make([]byte, 0, 512*size), serials[:size], len(serials), l.at(size))
}

// append writes a page: totalSize is the size of the whole result on each.
func (g page) append(b []byte, serials []uint64, total int, next string) []byte {
	b = append(b, `{"totalSize":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	b = append(b, `,"done":`...)
	b = strconv.AppendBool(b, next == "")
	if next != "" {
		b = append(b, `,"nextRecordsUrl":"/services/data/`+g.version+`/query/`+next+`"`...)
	}
	b = append(b, `,"records":[`...)
	first := true
	for _, serial := range serials {
		o := g.p.t.rows[serial]
		if o == nil || o.seen == nil {
			continue // purged since the query ran
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = g.record(b, g.p.t, g.p.nodes, o)
	}
	return append(b, "]}"...)
}

// record writes one row.
func (g page) record(b []byte, t *table, nodes []node, o *row) []byte {
	b = t.appendAttributes(append(b, '{'), o, g.version)
	for _, n := range nodes {
		b = append(b, ',')
		b = append(appendText(b, n.key), ':')
		switch {
		case n.kind:
			b = appendText(b, t.name)
		case n.child != nil:
			b = g.children(b, n.child, t.id(o.serial))
		case n.parent != nil:
			b = g.parent(b, n, t.value(o, o.seen, n.f))
		case n.f == nil:
			b = append(b, "null"...)
		case n.f.Type == "address":
			b = t.appendAddress(b, n.f, o.seen)
		default:
			b = n.f.appendValue(b, t.value(o, o.seen, n.f))
		}
	}
	return append(b, '}')
}

// parent writes the row a reference points to, null when there is none.
func (g page) parent(b []byte, n node, ref any) []byte {
	id, _ := ref.(string)
	t, o := g.s.row(id)
	if o == nil || o.seen == nil || o.seen.deleted || n.parent[t] == nil {
		return append(b, "null"...)
	}
	return g.record(b, t, n.parent[t], o)
}

// children writes the rows of a subquery, null when there are none; a long list has a locator of its own.
func (g page) children(b []byte, c *childQuery, id string) []byte {
	p := *c.p
	index := p.t.by[c.f.slot][id]
	if index == nil {
		return append(b, "null"...)
	}
	var serials []uint64
	for o := range p.sorted(p.matching(serialsOf(between(index, lowest, highest, false))), len(p.order) == 0) {
		if p.q.Limit >= 0 && len(serials) >= p.q.Limit {
			break
		}
		serials = append(serials, o.serial)
	}
	if len(serials) == 0 {
		return append(b, "null"...)
	}
	return append(b, page{g.s, g.version, &p}.first(serials, g.s.opt.MaxQuery)...)
}

// nextPage answers /query/{locator}.
func (s *Server) nextPage(w http.ResponseWriter, r *http.Request) error {
	l, from, err := s.locate(r.PathValue("locator"))
	if err != nil {
		return err
	}
	var body []byte
	_ = s.read(func() error {
		to, next := min(from+l.size, len(l.serials)), ""
		if to < len(l.serials) {
			next = l.at(to)
		}
		body = page{s, r.PathValue("version"), l.p}.append(nil, l.serials[from:to], len(l.serials), next)
		return nil
	})
	writeBody(w, http.StatusOK, body)
	return nil
}

// locator is the rest of a query's result: which rows, not what is in them, so that a page shows its rows as they are
// when it is asked for.
type locator struct {
	id      string
	p       *plan
	serials []uint64
	size    int
	made    time.Time
}

// at is the locator's text for the page that begins at a row.
func (l *locator) at(row int) string { return l.id + "-" + strconv.Itoa(row) }

// maxLocators bounds memory; the oldest goes first, as with the vendor, whose number is not published any more.
const maxLocators = 100

// keep stores a result. The ids of locators begin with 0r8.
func (s *Server) keep(p *plan, serials []uint64, size int) *locator {
	s.locating.Lock()
	defer s.locating.Unlock()
	s.located++
	l := &locator{id: newID("0r8"+pod, s.located), p: p, serials: serials, size: size, made: s.now()}
	for len(s.locators) >= maxLocators {
		oldest := l
		for _, x := range s.locators {
			if x.made.Before(oldest.made) || (x.made.Equal(oldest.made) && x.id < oldest.id) {
				oldest = x
			}
		}
		delete(s.locators, oldest.id)
	}
	s.locators[l.id] = l
	return l
}

// locate finds a kept result and the row where the page begins.
func (s *Server) locate(text string) (*locator, int, error) {
	id, row, ok := strings.Cut(text, "-")
	from, err := strconv.Atoi(row)
	if !ok || err != nil || from < 0 {
		return nil, 0, badLocator("INVALID_QUERY_LOCATOR_FORMAT")
	}
	s.locating.Lock()
	defer s.locating.Unlock()
	l := s.locators[id]
	if l == nil || !s.now().Before(l.made.Add(s.opt.LocatorLife)) {
		delete(s.locators, id)
		return nil, 0, badLocator("QUERY_LOCATOR_EXPIRED")
	}
	if from > len(l.serials) {
		return nil, 0, badLocator("LOCATOR_LOCATION_EXCEEDS_SIZE")
	}
	return l, from, nil
}

// badLocator is the answer to a locator that cannot be used, see https://help.salesforce.com/s/articleView?id=000384958.
func badLocator(why string) *failure {
	f := fail(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
	f.Extended = why
	return f
}

// ExpireLocators makes every query locator unknown, as two days do.
func (s *Server) ExpireLocators() {
	s.locating.Lock()
	defer s.locating.Unlock()
	clear(s.locators)
}
