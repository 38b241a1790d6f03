package activecampaigntest

import (
	"slices"
	"strings"
)

// sideload collects what stands beside a page: rows of the first part of `contactLists.list`, and those they name with the
// second.
type sideload struct {
	s      *Server
	base   string
	wanted []string
	rows   map[string][]string
	seen   map[string]map[int64]bool
}

// inner says in which table the second part is.
var inner = map[string]string{"list": "lists", "tag": "tags", "field": "fields"}

func (s *Server) sideLoad(base string, t *table, include string) *sideload {
	l := &sideload{s: s, base: base, rows: map[string][]string{}, seen: map[string]map[int64]bool{}}
	if t.plural != "contacts" || s.opt.NoSideLoads || include == "" {
		return l
	}
	for _, one := range strings.Split(include, ",") {
		outer, second, _ := strings.Cut(one, ".")
		if s.tables[outer] == nil {
			continue // what it does not know it ignores
		}
		l.wanted = append(l.wanted, one)
		l.rows[outer] = []string{}
		if inner[second] != "" {
			l.rows[inner[second]] = []string{}
		}
	}
	return l
}

// of adds what belongs to a contact and returns the ids that its row then has.
func (l *sideload) of(r *row, more map[string]string) map[string]string {
	for _, one := range l.wanted {
		outer, second, _ := strings.Cut(one, ".")
		t := l.s.tables[outer]
		ids := []string{}
		for _, id := range t.by[digits(r.id)] {
			joined := t.rows[id]
			ids = append(ids, digits(id))
			l.rows[outer] = append(l.rows[outer], t.show(l.base, joined, nil))
			if to := l.s.tables[inner[second]]; to != nil {
				l.once(to, to.row(joined.text(second)))
			}
		}
		if more == nil {
			more = map[string]string{}
		}
		more[outer] = encode(ids)
	}
	return more
}

func (l *sideload) once(t *table, r *row) {
	if r == nil || l.seen[t.plural][r.id] {
		return
	}
	if l.seen[t.plural] == nil {
		l.seen[t.plural] = map[int64]bool{}
	}
	l.seen[t.plural][r.id] = true
	l.rows[t.plural] = append(l.rows[t.plural], t.show(l.base, r, nil))
}

func (l *sideload) parts() []string {
	parts := []string{}
	for _, name := range sorted(l.rows) {
		parts = append(parts, `"`+name+`":[`+strings.Join(l.rows[name], ",")+`]`)
	}
	return slices.Clip(parts)
}
