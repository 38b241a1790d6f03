package mailchimptest

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"time"
)

// memberRoutes mounts members.
func (s *Server) memberRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/lists/{list}/members", s.withList(s.listMembers))
	handle("POST /3.0/lists/{list}/members", s.withList(func(r *http.Request, l *list) (any, error) {
		var in change
		if f := read(r, &in); f != nil {
			return nil, f
		}
		m, f := s.newMember(l, in)
		if f != nil {
			return nil, f
		}
		s.hooks.member(s, l, m, "subscribe", "api")
		return m.row(l, r.Host), nil
	}))
	handle("GET /3.0/lists/{list}/members/{member}", s.withMember(func(r *http.Request, l *list, m *member) (any, error) {
		return m.row(l, r.Host), nil
	}))
	handle("PUT /3.0/lists/{list}/members/{member}", s.withList(s.putMember))
	handle("PATCH /3.0/lists/{list}/members/{member}", s.withMember(func(r *http.Request, l *list, m *member) (any, error) {
		var in change
		if f := read(r, &in); f != nil {
			return nil, f
		}
		return s.changed(r, l, m, in)
	}))
	handle("DELETE /3.0/lists/{list}/members/{member}", s.withMember(func(_ *http.Request, l *list, m *member) (any, error) {
		if f := s.archive(l, m); f != nil {
			return nil, f
		}
		s.hooks.left(s, l, m, "delete", "api")
		return nil, nil
	}))
	handle("POST /3.0/lists/{list}/members/{member}/actions/delete-permanent", s.withMember(func(_ *http.Request, l *list, m *member) (any, error) {
		l.forget(m)
		return nil, nil
	}))
	handle("POST /3.0/lists/{list}/members/{member}/tags", s.withMember(s.tagMember))
	handle("POST /3.0/lists/{list}", s.withList(s.batchMembers))
}

// withMember finds the member of a path, by the hash of the address, the address itself or the contact id.
func (s *Server) withMember(h func(*http.Request, *list, *member) (any, error)) func(*http.Request) (any, error) {
	return s.withList(func(r *http.Request, l *list) (any, error) {
		if m := l.find(r.PathValue("member")); m != nil {
			return h(r, l, m)
		}
		return nil, notFound()
	})
}

func (l *list) find(name string) *member {
	for _, m := range []*member{l.byHash[name], l.byHash[hash(name)], l.members[name]} {
		if m != nil {
			return m
		}
	}
	return nil
}

// changed applies a request's change and tells of it.
func (s *Server) changed(r *http.Request, l *list, m *member, in change) (any, error) {
	before := m.status
	if f := s.apply(l, m, in); f != nil {
		return nil, f
	}
	s.hooks.became(s, l, m, before, "api")
	return m.row(l, r.Host), nil
}

func (s *Server) putMember(r *http.Request, l *list) (any, error) {
	var in change
	if f := read(r, &in); f != nil {
		return nil, f
	}
	if m := l.find(r.PathValue("member")); m != nil {
		return s.changed(r, l, m, in)
	}
	m, f := s.newMember(l, in)
	if f != nil {
		return nil, f
	}
	s.hooks.member(s, l, m, "subscribe", "api")
	return m.row(l, r.Host), nil
}

// tagMember gives and takes tags.
func (s *Server) tagMember(r *http.Request, l *list, m *member) (any, error) {
	var in struct {
		Tags []struct{ Name, Status string }
	}
	if f := read(r, &in); f != nil {
		return nil, f
	}
	for _, t := range in.Tags {
		tag := s.tag(l, t.Name)
		m.tags = slices.DeleteFunc(m.tags, func(o *segment) bool { return o == tag })
		if t.Status == "active" {
			m.tags = append(m.tags, tag)
		}
	}
	m.changed = s.now()
	l.touch()
	return nil, nil
}

// mostBatch is the most members of one request.
const mostBatch = 500

// batchMembers adds or changes many, each for itself.
func (s *Server) batchMembers(r *http.Request, l *list) (any, error) {
	var in struct {
		Members []change
		Update  bool `json:"update_existing"`
	}
	if f := read(r, &in); f != nil {
		return nil, f
	}
	if len(in.Members) > mostBatch {
		return nil, invalid("You may only batch up to 500 members at a time.", "", "")
	}
	added, updated, wrong := []object{}, []object{}, []object{}
	for _, one := range in.Members {
		m := l.byHash[hash(one.Email)]
		var f *failure
		switch {
		case m != nil && in.Update:
			if f = s.apply(l, m, one); f == nil {
				updated = append(updated, m.row(l, r.Host))
			}
		default:
			if m, f = s.newMember(l, one); f == nil {
				added = append(added, m.row(l, r.Host))
			}
		}
		if f != nil {
			wrong = append(wrong, object{{"email_address", one.Email}, {"error", f.detail}, {"error_code", "ERROR_CONTACT_EXISTS"}, {"field", ""}, {"field_message", ""}})
		}
	}
	return object{{"new_members", added}, {"updated_members", updated}, {"errors", wrong}, {"total_created", len(added)}, {"total_updated", len(updated)},
		{"error_count", len(wrong)}, links(r.URL.Path)}, nil
}

// listMembers is the bare list, or what a filter lets through.
func (s *Server) listMembers(r *http.Request, l *list) (any, error) {
	q := r.URL.Query()
	all := s.filtered(l, q)
	total := len(all)
	rows := []object{}
	for _, m := range paged(q, all) {
		rows = append(rows, m.row(l, r.Host))
	}
	return collection(r, "members", rows, total, pair{"list_id", l.id}), nil
}

// filtered returns the members that a request asks for, in its order. Archived ones are not in the bare list, the beginning
// of a span is exclusive, its end inclusive, a status that does not exist is that of nobody (observed in June 2026).
func (s *Server) filtered(l *list, q url.Values) []*member {
	status := q.Get("status")
	all := l.in(status == "archived")
	since, before := timeIn(q, "since_last_changed"), timeIn(q, "before_last_changed")
	if since > 0 {
		all = all[sort.Search(len(all), func(i int) bool { return all[i].changed > since }):]
	}
	if before > 0 {
		all = all[:sort.Search(len(all), func(i int) bool { return all[i].changed > before })]
	}
	keep := func(m *member) bool {
		return (status == "" || m.status == status) && (q.Get("unique_email_id") == "" || m.emailID() == q.Get("unique_email_id")) &&
			(q.Get("vip_only") != "true" || m.vip)
	}
	if status != "" && status != "archived" || q.Get("unique_email_id") != "" || q.Get("vip_only") == "true" {
		all = slices.DeleteFunc(slices.Clone(all), func(m *member) bool { return !keep(m) })
	}
	switch {
	case q.Get("sort_field") == "": // no order is promised
		all = slices.Clone(all)
		slices.SortFunc(all, func(a, b *member) int { return cmp.Compare(b.webID, a.webID) })
	case q.Get("sort_dir") == "DESC":
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	if s.opt.Shuffle {
		return s.shuffled(all)
	}
	return all
}

// shuffled changes the order within each second.
func (s *Server) shuffled(all []*member) []*member {
	s.turn++
	order := rand.New(rand.NewPCG(s.turn, 7))
	all = slices.Clone(all)
	order.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b *member) int { return cmp.Compare(a.changed, b.changed) })
	return all
}

func timeIn(q url.Values, name string) int64 {
	at, err := time.Parse(time.RFC3339, q.Get(name))
	if err != nil {
		return 0
	}
	return at.Unix()
}
