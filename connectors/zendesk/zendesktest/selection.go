package zendesktest

import (
	"cmp"
	"iter"
	"net/url"
	"slices"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// selection is what a list is about: the rows of one or several sets of a table that it keeps.
type selection struct {
	t    *table
	sets []*ordered.Set
	keep func(*row) bool // nil keeps all
}

// in selects from sets what lists of the table show.
func (t *table) in(sets ...*ordered.Set) selection {
	sel := selection{t: t, sets: sets}
	if t.unlisted != nil {
		sel.keep = func(o *row) bool { return !t.unlisted(o) }
	}
	return sel
}

// after returns the size rows with ids above one, after skipping so many, from all sets together.
func (sel selection) after(id uint64, skip, size int) []*row {
	var out []*row
	for _, set := range sel.sets {
		from := set.Rank(ordered.Key{ID: id + 1})
		out = append(out, sel.some(set.Between(from, set.Len(), false), skip+size)...)
	}
	slices.SortFunc(out, byID)
	return out[min(skip, len(out)):min(skip+size, len(out))]
}

// before returns the size rows with the highest ids below one, ascending.
func (sel selection) before(id uint64, size int) []*row {
	var out []*row
	for _, set := range sel.sets {
		out = append(out, sel.some(set.Between(0, set.Rank(ordered.Key{ID: id}), true), size)...)
	}
	slices.SortFunc(out, byID)
	return out[max(0, len(out)-size):]
}

// newest returns the size rows with the highest ids, descending, after skipping so many.
func (sel selection) newest(skip, size int) []*row {
	var out []*row
	for _, set := range sel.sets {
		out = append(out, sel.some(set.Between(0, set.Len(), true), skip+size)...)
	}
	slices.SortFunc(out, func(a, b *row) int { return byID(b, a) })
	return out[min(skip, len(out)):min(skip+size, len(out))]
}

// some returns the first rows that are kept, at most so many, all of them for -1.
func (sel selection) some(keys iter.Seq[ordered.Key], most int) []*row {
	var out []*row
	for k := range keys {
		if len(out) == most {
			break
		}
		if o := sel.t.rows[k.ID]; sel.keep == nil || sel.keep(o) {
			out = append(out, o)
		}
	}
	return out
}

func byID(a, b *row) int { return cmp.Compare(a.id, b.id) }

// size returns how many rows are kept.
func (sel selection) size() int {
	n := 0
	for _, set := range sel.sets {
		if sel.keep == nil {
			n += set.Len()
			continue
		}
		n += len(sel.some(set.Between(0, set.Len(), false), -1))
	}
	return n
}

// page returns the page of cursor paging that a query asks for, and whether there is more in its direction.
func (sel selection) page(q url.Values) ([]*row, bool, *failure) {
	size, f := cursorSize(q, maxPage)
	if f != nil {
		return nil, false, f
	}
	var id uint64
	direction := "page[after]"
	if q.Get("page[before]") != "" {
		direction = "page[before]"
	}
	if cursor := q.Get(direction); cursor != "" {
		var ok bool
		if id, ok = readPosition(cursor); !ok {
			return nil, false, badCursor(direction)
		}
	}
	if direction == "page[before]" {
		rows := sel.before(id, size+1)
		return rows[max(0, len(rows)-size):], len(rows) > size, nil
	}
	rows := sel.after(id, 0, size+1)
	return rows[:min(size, len(rows))], len(rows) > size, nil
}
