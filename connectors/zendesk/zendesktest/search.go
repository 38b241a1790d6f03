package zendesktest

import (
	"net/http"
	"strconv"
	"strings"
)

// hit is one result of a search.
type hit struct {
	t *table
	o *row
}

// hits understands type:, external_id:, email: and a text, which SDKs send; the caller holds mu.
func (s *Server) hits(query string) []hit {
	types := []string{"tickets", "users", "organizations", "groups"}
	var words []string
	for word := range strings.FieldsSeq(query) {
		if kind, ok := strings.CutPrefix(word, "type:"); ok {
			types = []string{kind + "s"}
			continue
		}
		words = append(words, word)
	}
	text := strings.Join(words, " ")
	var out []hit
	for _, name := range types {
		t := s.tables[name]
		if t == nil {
			continue
		}
		for _, o := range s.matching(t, text) {
			out = append(out, hit{t, o})
		}
	}
	return out
}

// matching returns the rows of a table that a text finds.
func (s *Server) matching(t *table, text string) []*row {
	if external, ok := strings.CutPrefix(text, "external_id:"); ok {
		set := t.by("external_id", quote(external))
		var out []*row
		for k := range set.Between(0, set.Len(), false) {
			out = append(out, t.rows[k.ID])
		}
		return out
	}
	if t.plural == "users" {
		return s.findUsers(text)
	}
	column := map[string]string{"tickets": "subject"}[t.plural]
	if column == "" {
		column = "name"
	}
	var out []*row
	for k := range t.live.Between(0, t.live.Len(), false) {
		if o := t.rows[k.ID]; strings.Contains(normal(o.cur.get(t.slot(column))), normal(text)) {
			out = append(out, o)
		}
	}
	return out
}

// maxHits is how many results a search reaches.
const maxHits = 1000

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	from, size, f := s.offset(r)
	if f != nil {
		return f
	}
	if from+size > maxHits {
		return fail(http.StatusUnprocessableEntity, "invalid", "Invalid search: Requested response size was greater than Search Response Limits")
	}
	found := s.hits(r.URL.Query().Get("query"))
	e := s.encoder(r)
	b := []byte(`{"results":[`)
	for i, h := range found[min(from, len(found)):min(from+size, len(found))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.row(b, h.t, h.o)
		b = append(b[:len(b)-1], `,"result_type":"`+h.t.singular+`"}`...)
	}
	b = append(b, `],"facets":null`...)
	writeBody(w, http.StatusOK, append(appendOffset(b, r, from, size, len(found)), '}'))
	return nil
}

func (s *Server) searchCount(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := len(s.hits(r.URL.Query().Get("query")))
	writeBody(w, http.StatusOK, []byte(`{"count":`+strconv.Itoa(n)+`}`))
	return nil
}
