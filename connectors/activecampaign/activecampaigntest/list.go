package activecampaigntest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a page (https://developers.activecampaign.com/reference/pagination).
const (
	usualPage = 20
	mostPage  = 100
)

// list answers a list: filtered, ordered, a page of it, and what is side-loaded.
func (s *Server) list(r *http.Request, t *table) (int, string, error) {
	q := r.URL.Query()
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids, total, err := s.selected(t, q)
	if err != nil {
		return 0, "", err
	}
	rows := make([]string, 0, len(ids))
	side := s.sideLoad(base(r), t, q.Get("include"))
	for _, id := range ids {
		one := t.rows[id]
		more := s.extra(t, one)
		if hidden := s.hidden(t, one); hidden != "" {
			rows = append(rows, hidden)
			continue
		}
		rows = append(rows, t.show(base(r), one, side.of(one, more)))
	}
	meta := `"total":` + strconv.Quote(strconv.Itoa(total))
	if t.number {
		meta = `"currencies":{},"total":` + strconv.Itoa(total)
	}
	if t.plural == "contacts" {
		meta += `,"page_input":{}`
	}
	parts := side.parts()
	if t.plural == "dealGroups" {
		parts = append(parts, `"dealStages":`+s.all(base(r), "dealStages"))
	}
	parts = append(parts, `"`+t.plural+`":[`+strings.Join(rows, ",")+`]`, `"meta":{`+meta+`}`)
	return http.StatusOK, "{" + strings.Join(parts, ",") + "}", nil
}

func (s *Server) all(base, object string) string {
	t := s.tables[object]
	var list []string
	for _, id := range t.order {
		list = append(list, t.show(base, t.rows[id], nil))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// extra is what a row says of others: a pipeline its stages.
func (s *Server) extra(t *table, r *row) map[string]string {
	if t.plural != "dealGroups" {
		return nil
	}
	ids := []string{}
	for _, stage := range s.tables["dealStages"].find(func(one *row) bool { return one.text("group") == digits(r.id) }) {
		ids = append(ids, digits(stage.id))
	}
	return map[string]string{"stages": encode(ids)}
}

// hidden is what is shown of a deal that the key's user may not see.
func (s *Server) hidden(t *table, r *row) string {
	if t.plural != "deals" || !slices.Contains(s.opt.HiddenDeals, r.text("title")) {
		return ""
	}
	return encode(struct {
		Title    string `json:"title"`
		ID       string `json:"id"`
		Disabled bool   `json:"isDisabled"`
	}{r.text("title"), digits(r.id), true})
}

// selected returns the ids of a page and how many rows there are.
func (s *Server) selected(t *table, q url.Values) (ids []int64, total int, err error) {
	limit, err := number(q.Get("limit"), usualPage)
	if err != nil {
		return nil, 0, err
	}
	limit = min(max(limit, 0), mostPage)
	offset, err := number(q.Get("offset"), 0)
	if err != nil {
		return nil, 0, err
	}
	keep, err := s.filter(t, q)
	if err != nil {
		return nil, 0, err
	}
	from := 0
	if greater := q.Get("id_greater"); greater != "" && t.plural == "contacts" { // contacts only
		after, err := number(greater, 0)
		if err != nil {
			return nil, 0, err
		}
		from, _ = slices.BinarySearch(t.order, int64(after)+1)
	}
	ids = t.order[from:]
	if keep != nil || t.plural == "deals" || q.Has("orders[cdate]") {
		ids = nil
		for _, id := range t.order[from:] {
			if keep == nil || keep(t.rows[id]) {
				ids = append(ids, id)
			}
		}
		s.sort(t, q, ids)
	}
	total = len(ids)
	ids = ids[min(offset, total):min(offset+limit, total)]
	return ids, total, nil
}

// sort puts ids into the order asked for. Without one, deals come in an order of their own, as recorded.
func (s *Server) sort(t *table, q url.Values, ids []int64) {
	switch {
	case q.Get("orders[cdate]") != "":
		slices.SortStableFunc(ids, func(a, b int64) int { return t.rows[a].created.Compare(t.rows[b].created) })
	case t.plural == "deals":
		slices.SortStableFunc(ids, func(a, b int64) int { return cmp.Compare(t.rows[a].text("title"), t.rows[b].text("title")) })
	}
}

func number(text string, or int) (int, error) {
	if text == "" {
		return or, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return n, nil
}

// filter returns what the query asks for, nil for everything.
func (s *Server) filter(t *table, q url.Values) (func(*row) bool, error) {
	keep := []func(*row) bool{}
	if ids := append(q["ids[]"], q["ids"]...); len(ids) > 0 && t.plural == "contacts" {
		want := map[int64]bool{}
		for _, id := range ids {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil {
				want[n] = true
			}
		}
		keep = append(keep, func(r *row) bool { return want[r.id] })
	}
	if address := q.Get("email"); address != "" && t.plural == "contacts" {
		keep = append(keep, func(r *row) bool { return strings.EqualFold(r.text("email"), address) })
	}
	for name, of := range map[string]func(*row) time.Time{"updated": func(r *row) time.Time { return r.updated }, "created": func(r *row) time.Time { return r.created }} {
		if t.plural != "contacts" && t.plural != "deals" {
			continue
		}
		for _, end := range []string{"after", "before"} {
			text := q.Get("filters[" + name + "_" + end + "]")
			if text == "" {
				continue
			}
			within, err := s.within(text, end == "after", t.plural == "deals")
			if err != nil {
				return nil, err
			}
			keep = append(keep, func(r *row) bool { return within(of(r)) })
		}
	}
	if len(keep) == 0 {
		return nil, nil
	}
	return func(r *row) bool {
		return !slices.ContainsFunc(keep, func(f func(*row) bool) bool { return !f(r) })
	}, nil
}

// within reads the bound of a filter. Stamps have whole seconds. For deals "after" includes the bound, as the document says;
// for contacts it does not say, and the account excludes it. With DayFilter only the day counts.
func (s *Server) within(text string, after, inclusive bool) (func(time.Time) bool, error) {
	zone := s.zone
	if s.opt.UTCFilter {
		zone = time.UTC
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if at, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return nil, fmt.Errorf("%q is no time", text)
		}
	}
	unit := func(t time.Time) int64 { return t.Unix() }
	if s.opt.DayFilter {
		unit = func(t time.Time) int64 { _, offset := t.In(zone).Zone(); return (t.Unix() + int64(offset)) / 86400 }
	}
	bound := unit(at)
	return func(t time.Time) bool {
		switch {
		case after && inclusive:
			return unit(t) >= bound
		case after:
			return unit(t) > bound
		}
		return unit(t) < bound
	}, nil
}
