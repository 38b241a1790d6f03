package hubspottest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// readable and writable return the table of the request's type when the token may read or write it.
func (s *Server) readable(r *http.Request) (*table, error) { return s.permitted(r, "read") }
func (s *Server) writable(r *http.Request) (*table, error) { return s.permitted(r, "write") }

func (s *Server) permitted(r *http.Request, access string) (*table, error) {
	t, err := s.table(r.PathValue("type"))
	if err != nil {
		return nil, err
	}
	return t, s.need("crm.objects." + t.scope + "." + access)
}

// words splits a list parameter: comma-separated, repeated, or both.
func words(q url.Values, name string) []string {
	var out []string
	for _, v := range q[name] {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

// whole reads a whole number between least and most, or returns otherwise when the parameter is absent.
func whole(name, value string, least, most, otherwise int) (int, error) {
	if value == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, invalid("%s must be a whole number from %d to %d, got %q", name, least, most, value)
	}
	return n, nil
}

// maxQuery is how long a URL's query may be: hundreds of property names do not fit, and a reader must split them or use
// the batch read.
const maxQuery = 16 << 10

// list answers a page in the order of ids, whose cursor is the last id of the page.
func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	if len(r.URL.RawQuery) > maxQuery {
		return fail(http.StatusRequestURITooLong, "", "URI Too Long")
	}
	q := r.URL.Query()
	limit, err := whole("limit", q.Get("limit"), 1, 100, 10)
	if err != nil {
		return err
	}
	after, err := strconv.ParseUint("0"+q.Get("after"), 10, 64)
	if err != nil {
		return invalid("after %q is not a cursor of this list", q.Get("after"))
	}
	s.mu.RLock()
	body, err := s.appendPage(make([]byte, 0, 32<<10), t, q, after, limit)
	s.mu.RUnlock()
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, body)
	return nil
}

// appendPage writes one page of a list; the caller holds mu.
func (s *Server) appendPage(b []byte, t *table, q url.Values, after uint64, limit int) ([]byte, error) {
	ids, from := &t.live, 0
	if q.Get("archived") == "true" {
		ids = &t.gone
	}
	if after > 0 {
		from = ids.Rank(ordered.Key{ID: after + 1})
	}
	kinds, err := s.associated(q)
	if err != nil {
		return nil, err
	}
	sel, last := t.selected(words(q, "properties")), uint64(0)
	b = append(b, `{"results":[`...)
	for k := range ids.Between(from, from+limit, false) {
		if last != 0 {
			b = append(b, ',')
		}
		o := t.objects[k.ID]
		b = s.appendObject(b, t, o, o.cur, sel, extra{associations: s.inlineAssociations(t, o.id, kinds)})
		last = k.ID
	}
	b = append(b, ']')
	if from+limit < ids.Len() {
		next := strconv.FormatUint(last, 10)
		b = appendNext(b, next, "https://api.hubapi.com/crm/v3/objects/"+t.plural+"?limit="+strconv.Itoa(limit)+"&after="+next)
	}
	return append(b, '}'), nil
}

// associated returns the tables named by the associations parameter.
func (s *Server) associated(q url.Values) ([]*table, error) {
	var out []*table
	for _, name := range words(q, "associations") {
		t, err := s.table(name)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// get answers one object, by id or by a unique property. The id of a merged object answers the survivor, whose id is
// another: https://developers.hubspot.com/changelog (14 January 2025).
func (s *Server) get(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, err := t.findBy(q.Get("idProperty"), r.PathValue("id"))
	if err != nil {
		return err
	}
	if o == nil || (o.cur.archived != 0) != (q.Get("archived") == "true") {
		return missing()
	}
	kinds, err := s.associated(q)
	if err != nil {
		return err
	}
	sel := t.selected(words(q, "properties"))
	writeBody(w, http.StatusOK, s.appendObject(nil, t, o, o.cur, sel, extra{associations: s.inlineAssociations(t, o.id, kinds)}))
	return nil
}

// written is the body of a create or update.
type written struct {
	Properties   map[string]text `json:"properties"`
	Associations []newLink       `json:"associations"`
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	var in written
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	values, err := s.checked(t, nil, in.Properties)
	if err != nil {
		return err
	}
	if err := s.checkLinks(t, in.Associations); err != nil {
		return err
	}
	if id := t.conflict(0, values); id != 0 {
		return s.exists(t, id)
	}
	now := s.now()
	o := s.insert(t, values, 0, now, s.by(r))
	s.linkNew(t, o.id, in.Associations, now, s.by(r))
	writeBody(w, http.StatusCreated, s.appendObject(nil, t, o, o.cur, t.everything(), extra{}))
	return nil
}

// checked cleans the properties of a write to o (nil for a new object) or returns the 400; the caller holds mu.
func (s *Server) checked(t *table, o *object, in map[string]text) ([]field, error) {
	values, bad := t.clean(in, false)
	if len(bad) == 0 {
		bad = s.wrongStage(t, o, in)
	}
	if len(bad) > 0 {
		return nil, invalidProperties(bad)
	}
	return values, nil
}

// exists is the 409 of a unique value that is taken; the id is in the text only, as documented and recorded.
func (s *Server) exists(t *table, id uint64) *failure {
	name := strings.ToUpper(t.singular[:1]) + t.singular[1:]
	return fail(http.StatusConflict, "CONFLICT", "%s already exists. Existing ID: %d", name, id)
}

func (s *Server) update(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	var in written
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := t.findBy(r.URL.Query().Get("idProperty"), r.PathValue("id"))
	if err != nil {
		return err
	}
	if o == nil || o.cur.archived != 0 {
		return missing()
	}
	values, err := s.checked(t, o, in.Properties)
	if err != nil {
		return err
	}
	if id := t.conflict(o.id, values); id != 0 {
		return s.exists(t, id)
	}
	s.change(t, o, values, s.now(), s.by(r))
	writeBody(w, http.StatusOK, s.appendObject(nil, t, o, o.cur, t.answered(values), extra{}))
	return nil
}

// answered is what the answer to an update shows: the written properties, the id and the times (recorded).
func (t *table) answered(values []field) selection {
	names := make([]string, len(values))
	for i, f := range values {
		names[i] = t.props[f.slot].Name
	}
	if len(names) == 0 {
		names = []string{"hs_object_id"}
	}
	sel := t.selected(names)
	sel.unset = false
	return sel
}

// archive answers 204 also for what is not there.
func (s *Server) archive(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := t.find(r.PathValue("id")); o != nil {
		s.remove(t, o, s.now(), s.by(r))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
