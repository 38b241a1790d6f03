package salesforce

import (
	"context"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// fill reads, by id, the rows that have a value in a field that was not read before: a field that is added, or shown to
// the user, moves no row's stamp. Polling then goes on where it was.
func (a *account) fill(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	l, err := a.known(ctx, o, 0)
	if err != nil {
		return connectors.Page{}, err
	}
	if len(l.present(c.New)) == 0 { // they are gone again
		c.ID, c.New, c.Phase = "", nil, polling
		return connectors.Page{Next: c.String(), More: true}, nil
	}
	f, err := a.rows(ctx, "fill "+o.name, o, l, wanted{order: byID, where: func(l *layout) []string {
		return []string{after(c.ID), l.having(c.New)}
	}})
	if err != nil {
		return connectors.Page{}, err
	}
	c.ID = f.id
	if !f.more {
		c.ID, c.New, c.Phase = "", nil, polling
	}
	return connectors.Page{Records: f.records, Next: c.String(), More: true}, nil
}

// maxHaving is how many new fields are looked for one by one; with more all rows are read.
const maxHaving = 20

// having is the condition for rows with a value in one of the fields, none when the vendor cannot filter by them.
func (l *layout) having(names []string) string {
	present := l.present(names)
	if len(present) > maxHaving {
		return ""
	}
	var any []string
	for _, f := range present {
		if !f.filterable {
			return ""
		}
		any = append(any, f.name+" != null")
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// present returns those of the named fields that can be read.
func (l *layout) present(names []string) []field {
	var list []field
	for _, name := range names {
		if i, ok := l.index[name]; ok {
			list = append(list, l.fields[i])
		}
	}
	return list
}
