package hubspottest

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// Bounds of a search, from HubSpot's guide and, for the groups, its 2026-09 specification.
const (
	searchPage    = 200
	searchWindow  = 10_000
	searchGroups  = 6
	searchFilters = 18
	searchQuery   = 3000
)

// query is the body of a search.
type query struct {
	Groups []struct {
		Filters []filter `json:"filters"`
	} `json:"filterGroups"`
	Filters    []filter      `json:"filters"`
	Sorts      []sortBy      `json:"sorts"`
	Query      string        `json:"query"`
	Limit      text          `json:"limit"`
	After      text          `json:"after"`
	Properties []string      `json:"properties"`
	conditions [][]condition // compiled groups: any group, all of its conditions
}

// sortBy is a sort in the documented form or as a bare property name, which the specification has.
type sortBy struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// UnmarshalJSON takes both forms.
func (s *sortBy) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &s.Property)
	}
	type plain sortBy
	return json.Unmarshal(b, (*plain)(s))
}

// search answers a page of the objects that the search index knows and that match, never archived ones and never
// associations. It matches and returns what the index holds, which may be older than what a get returns.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	var q query
	if err := decode(w, r, &q); err != nil {
		return err
	}
	s.mu.Lock()
	s.settle(s.now())
	s.mu.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	offset, limit, err := q.check(t)
	if err != nil {
		return err
	}
	total, found := t.run(&q, offset, limit)
	sel := t.selected(q.Properties)
	b := strconv.AppendInt([]byte(`{"total":`), int64(total), 10)
	b = append(b, `,"results":[`...)
	for i, o := range found {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendObject(b, t, o, o.indexed, sel, extra{})
	}
	b = append(b, ']')
	if offset+len(found) < total {
		b = appendNext(b, strconv.Itoa(offset+len(found)), "")
	}
	writeBody(w, http.StatusOK, append(b, '}'))
	return nil
}

// check bounds and compiles the query.
func (q *query) check(t *table) (offset, limit int, err error) {
	if limit, err = whole("limit", string(q.Limit), 1, searchPage, 10); err != nil {
		return 0, 0, err
	}
	if offset, err = whole("after", string(q.After), 0, math.MaxInt32, 0); err != nil {
		return 0, 0, err
	}
	if offset+limit > searchWindow {
		return 0, 0, invalid("There was a problem with the request. Paging beyond %d results is not possible", searchWindow)
	}
	if len(q.Query) > searchQuery || len(q.Groups) > searchGroups || len(q.Sorts) > 1 {
		return 0, 0, invalid("There was a problem with the request. At most %d characters of query, %d filterGroups and 1 sort are allowed", searchQuery, searchGroups)
	}
	groups := make([][]filter, 0, len(q.Groups)+1)
	if len(q.Filters) > 0 {
		groups = append(groups, q.Filters)
	}
	total := 0
	for _, g := range q.Groups {
		groups = append(groups, g.Filters)
	}
	for _, g := range groups {
		if total += len(g); total > searchFilters {
			return 0, 0, invalid("There was a problem with the request. At most %d filters are allowed", searchFilters)
		}
		var all []condition
		for _, f := range g {
			c, err := t.compile(f)
			if err != nil {
				return 0, 0, err
			}
			all = append(all, c)
		}
		q.conditions = append(q.conditions, all)
	}
	return offset, limit, q.checkSort(t)
}

func (q *query) checkSort(t *table) error {
	if len(q.Sorts) == 0 {
		return nil
	}
	s := &q.Sorts[0]
	if name, down := strings.CutPrefix(s.Property, "-"); down {
		s.Property, s.Direction = name, "DESCENDING"
	}
	if t.byName[s.Property] == nil {
		return invalid("There was a problem with the request. Sort property %q does not exist", s.Property)
	}
	if s.Direction != "" && s.Direction != "ASCENDING" && s.Direction != "DESCENDING" {
		return invalid("Invalid input JSON: direction %q", s.Direction)
	}
	return nil
}

// matches decides for one object.
func (q *query) matches(t *table, o *object, groups [][]condition) bool {
	if q.Query != "" && !t.mentions(o, strings.ToLower(q.Query)) {
		return false
	}
	if len(groups) == 0 {
		return true
	}
	return slices.ContainsFunc(groups, func(g []condition) bool {
		return !slices.ContainsFunc(g, func(c condition) bool { return !c.matches(t, o, o.indexed) })
	})
}

// searchable are the properties a free query looks at.
var searchable = []string{"firstname", "lastname", "email", "phone", "company", "name", "domain", "website", "dealname", "subject", "content", "hs_task_subject", "hs_note_body"}

func (t *table) mentions(o *object, words string) bool {
	for word := range strings.FieldsSeq(words) {
		found := slices.ContainsFunc(searchable, func(name string) bool {
			p := t.byName[name]
			return p != nil && strings.Contains(strings.ToLower(o.indexed.get(p.slot)), word)
		})
		if !found {
			return false
		}
	}
	return true
}

// run returns how many objects match and the asked page. The index is in the order that incremental readers sort by,
// so their pages cost the page and not the account; other sorts collect the matches first.
func (t *table) run(q *query, offset, limit int) (int, []*object) {
	lo, hi := ordered.Key{}, ordered.Key{At: math.MaxInt64, ID: math.MaxUint64}
	groups, exact := q.conditions, q.Query == "" && len(q.conditions) <= 1
	if len(groups) == 1 {
		rest := slices.DeleteFunc(slices.Clone(groups[0]), func(c condition) bool { return c.span(&lo, &hi) })
		groups, exact = [][]condition{rest}, exact && len(rest) == 0
	}
	from, to := t.index.Rank(lo), t.index.Rank(hi)
	to = max(from, to)
	order, reverse := t.order(q, lo, hi)
	switch {
	case order != nil:
		return t.collect(q, groups, from, to, order, offset, limit)
	case exact:
		return to - from, t.slice(from, to, reverse, offset, limit)
	}
	total, found := 0, make([]*object, 0, limit)
	for k := range t.index.Between(from, to, reverse) {
		o := t.objects[k.ID]
		if !q.matches(t, o, groups) {
			continue
		}
		if total >= offset && len(found) < limit {
			found = append(found, o)
		}
		total++
	}
	return total, found
}

// slice returns a page of a range that matches as a whole.
func (t *table) slice(from, to int, reverse bool, offset, limit int) []*object {
	a, b := from+offset, min(to, from+offset+limit)
	if reverse {
		a, b = max(from, to-offset-limit), to-offset
	}
	found := make([]*object, 0, limit)
	for k := range t.index.Between(a, b, reverse) {
		found = append(found, t.objects[k.ID])
	}
	return found
}

// order returns the comparison for a sort that the index does not have, or nil and whether to walk the index backwards.
// Without a sort HubSpot answers in the order of creation.
func (t *table) order(q *query, lo, hi ordered.Key) (func(a, b *object) int, bool) {
	p, sign := t.byName["hs_object_id"], 1
	if len(q.Sorts) > 0 {
		p = t.byName[q.Sorts[0].Property]
		if q.Sorts[0].Direction == "DESCENDING" {
			sign = -1
		}
	}
	oneInstant := hi.At == lo.At+1 && hi.ID == 0 // within one millisecond the index is in the order of ids
	if p.computed == fromModified || (p.computed == fromID && oneInstant) {
		return nil, sign < 0
	}
	return func(a, b *object) int {
		x, _ := t.operandOf(a, a.indexed, p)
		y, _ := t.operandOf(b, b.indexed, p)
		if n := p.compare(x, y); n != 0 {
			return sign * n
		}
		return ordered.Compare(ordered.Key{ID: a.id}, ordered.Key{ID: b.id})
	}, false
}

// collect gathers all matches of a range and sorts them.
func (t *table) collect(q *query, groups [][]condition, from, to int, order func(a, b *object) int, offset, limit int) (int, []*object) {
	var all []*object
	for k := range t.index.Between(from, to, false) {
		if o := t.objects[k.ID]; q.matches(t, o, groups) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, order)
	total := len(all)
	return total, all[min(offset, total):min(offset+limit, total)]
}

// isSearch tells searches, which have a quota of their own.
func isSearch(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/search")
}

// isWrite tells the log which requests change something: searches and batch reads are POSTs that do not.
func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && !isSearch(r) && !strings.HasSuffix(r.URL.Path, "/batch/read")
}
