package activecampaigntest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table holds the rows of one kind of object.
type table struct {
	*object
	names    []string
	defaults map[string]string
	rows     map[int64]*row
	order    []int64 // ids, ascending
	last     int64
	by       map[string][]int64 // contactLists and the like: ids by contact
	emails   map[string]int64   // contacts: ids by address, in small letters
}

// row is one object: the raw JSON of its members.
type row struct {
	id      int64
	values  map[string]string
	created time.Time
	updated time.Time
}

func newTables() map[string]*table {
	all := map[string]*table{}
	for i := range objects {
		t := &table{object: &objects[i], rows: map[int64]*row{}, by: map[string][]int64{}, emails: map[string]int64{}}
		t.names, t.defaults = t.members()
		all[t.plural] = t
	}
	return all
}

// text is a member as text: null is "".
func (r *row) text(name string) string {
	raw := r.values[name]
	var s string
	if json.Unmarshal([]byte(raw), &s) == nil {
		return s
	}
	return strings.Trim(raw, `"`)
}

func digits(id int64) string { return strconv.FormatInt(id, 10) }

// put makes or changes a row; the caller holds mu. at is when: the zero time leaves no stamp, as the first user has none.
func (t *table) put(s *Server, r *row, fields map[string]any, at time.Time) error {
	before := strings.ToLower(r.text("email"))
	for name, value := range fields {
		if _, known := t.defaults[name]; !known || name == "id" || name == "links" {
			continue // ActiveCampaign ignores what it does not know
		}
		raw, err := raw(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.values[name] = raw
	}
	if t.plural == "contacts" {
		delete(t.emails, before)
		t.emails[strings.ToLower(r.text("email"))] = r.id
	}
	if at.IsZero() {
		return nil
	}
	r.updated = at
	t.mark(r, t.changed, s.stamp(at))
	t.mark(r, t.plain, at.In(s.zone).Format(time.DateTime))
	return nil
}

func (t *table) mark(r *row, names []string, text string) {
	for _, name := range names {
		r.values[name] = strconv.Quote(text)
	}
}

// raw is a value as the account keeps it: texts for all that is no list.
func raw(value any) (string, error) {
	switch x := value.(type) {
	case nil:
		return "null", nil
	case int:
		return strconv.Quote(strconv.Itoa(x)), nil
	case float64:
		return strconv.Quote(strconv.FormatFloat(x, 'f', -1, 64)), nil
	case json.Number:
		return strconv.Quote(x.String()), nil
	}
	out, err := json.Marshal(value)
	return string(out), err
}

// add makes a row; the caller holds mu.
func (t *table) add(s *Server, fields map[string]any, at time.Time) (*row, error) {
	t.last++
	r := &row{id: t.last, values: map[string]string{}, created: at}
	for name, value := range t.defaults {
		r.values[name] = value
	}
	if !at.IsZero() {
		t.mark(r, t.made, s.stamp(at))
		t.mark(r, t.plainMade, at.In(s.zone).Format(time.DateTime))
	}
	if err := t.put(s, r, fields, at); err != nil {
		t.last--
		return nil, err
	}
	t.rows[r.id], t.order = r, append(t.order, r.id)
	if contact := r.text("contact"); contact != "" {
		t.by[contact] = append(t.by[contact], r.id)
	}
	return r, nil
}

// remove deletes a row for good; nothing tells of it afterwards.
func (t *table) remove(r *row) {
	delete(t.rows, r.id)
	if t.plural == "contacts" {
		delete(t.emails, strings.ToLower(r.text("email")))
	}
	if i, ok := slices.BinarySearch(t.order, r.id); ok {
		t.order = slices.Delete(t.order, i, i+1)
	}
	contact := r.text("contact")
	t.by[contact] = slices.DeleteFunc(t.by[contact], func(id int64) bool { return id == r.id })
}

// find returns the rows for which keep holds, in the order of their ids.
func (t *table) find(keep func(*row) bool) (list []*row) {
	for _, id := range t.order {
		if r := t.rows[id]; keep(r) {
			list = append(list, r)
		}
	}
	return list
}

// show writes a row, with more members beside its own; a value here goes before the row's. The ids of what is side-loaded
// stand before the links.
func (t *table) show(base string, r *row, more map[string]string) string {
	var parts []string
	member := func(name, value string) { parts = append(parts, strconv.Quote(name)+":"+value) }
	for _, name := range t.names {
		value := r.values[name]
		switch name {
		case "id":
			value = strconv.Quote(digits(r.id))
		case "links":
			value = t.linksOf(base, r.id)
			for _, extra := range t.foreign(more) {
				member(extra, more[extra])
			}
		}
		if own, ok := more[name]; ok {
			value = own
		}
		member(name, value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// foreign returns the names that are no members of a row by itself.
func (t *table) foreign(more map[string]string) []string {
	return slices.DeleteFunc(sorted(more), func(name string) bool { _, own := t.defaults[name]; return own })
}

func (t *table) linksOf(base string, id int64) string {
	parts := make([]string, len(t.links))
	for i, name := range t.links {
		parts[i] = strconv.Quote(name) + ":" + strconv.Quote(base+"/"+t.plural+"/"+digits(id)+"/"+name)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
