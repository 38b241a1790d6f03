package sheet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// Row is what a row says.
type Row struct {
	ID      string
	Profile *canonical.Profile
}

// Unread counts the values of a field that are not what the field needs, such as a birthday that is no date. They are
// taken for unknown.
type Unread struct {
	Field string `json:"field"`
	Count int    `json:"count"`
}

// bound is a field with the places of its columns in one table.
type bound struct {
	slot    slot
	columns []int
	order   dateOrder
}

// Rows turns the rows of tables into profiles. Every column that the map names must be in one of the tables at least,
// and the id in all; ids must differ. Values go through the normal forms of the catalogue. The error is a *MapError for a
// column that is not there, and names file and line for a row; it contains no value.
func (m *Map) Rows(tables []*Table) ([]Row, []Unread, error) {
	if err := m.checkColumns(tables); err != nil {
		return nil, nil, err
	}
	type seenAt struct {
		table *Table
		line  int
	}
	var rows []Row
	seen := map[string]seenAt{}
	unread := map[slot]int{}
	for _, t := range tables {
		id, fields := t.Column(m.id.text), m.bind(t)
		for n, cells := range t.Rows {
			key := strings.TrimSpace(cells[id])
			if key == "" {
				return nil, nil, fmt.Errorf("%s:%d: the row has no value in the column %q, which tells rows apart", t.Path, t.Lines[n], m.id.text)
			}
			if first, ok := seen[key]; ok {
				return nil, nil, fmt.Errorf("%s:%d: the row has the same %q as %s:%d", t.Path, t.Lines[n], m.id.text, first.table.Path, first.line)
			}
			seen[key] = seenAt{t, t.Lines[n]}
			rows = append(rows, Row{key, m.profile(fields, cells, unread)})
		}
	}
	var counts []Unread
	for s, n := range unread {
		counts = append(counts, Unread{string(s), n})
	}
	slices.SortFunc(counts, func(a, b Unread) int { return strings.Compare(a.Field, b.Field) })
	return rows, counts, nil
}

func (m *Map) checkColumns(tables []*Table) error {
	for _, t := range tables {
		if t.Column(m.id.text) < 0 {
			return m.noColumn(m.id, t)
		}
	}
	for _, f := range m.fields {
		for _, c := range f.columns {
			if !slices.ContainsFunc(tables, func(t *Table) bool { return t.Column(c.text) >= 0 }) {
				return m.noColumn(c, tables[0])
			}
		}
	}
	return nil
}

func (m *Map) noColumn(c place0, t *Table) error {
	return m.mistake(c.line, "%s has no column %q%s It has %s", t.Path, c.text, suggestion(c.text, t.Header), strings.Join(t.Header, ", "))
}

// bind finds the columns of the fields in one table.
func (m *Map) bind(t *Table) []bound {
	var list []bound
	for _, f := range m.fields {
		b := bound{slot: f.slot}
		for _, c := range f.columns {
			if i := t.Column(c.text); i >= 0 {
				b.columns = append(b.columns, i)
			}
		}
		if f.slot == birthday && len(b.columns) == 1 {
			b.order = orderOf(t, b.columns[0])
		}
		list = append(list, b)
	}
	return list
}

// profile makes the claims of one row.
func (m *Map) profile(fields []bound, cells []string, unread map[slot]int) *canonical.Profile {
	r := rowMaker{m: m, unread: unread, texts: map[string]string{}}
	for _, f := range fields {
		for _, text := range r.values(f, cells) {
			r.take(f, text)
		}
	}
	p := &canonical.Profile{Kind: m.kind}
	for name, value := range r.claims() {
		data, err := json.Marshal(value)
		if err != nil {
			continue // texts and lists of texts always have a JSON form
		}
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: data})
	}
	slices.SortFunc(p.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	return p
}
