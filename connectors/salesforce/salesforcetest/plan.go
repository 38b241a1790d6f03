package salesforcetest

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/soql"
	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// plan is a bound query: what to show, and how to find the rows without looking at all of them.
type plan struct {
	t      *table
	q      *soql.Query
	nodes  []node
	match  predicate
	order  []orderKey
	bounds bounds
	all    bool // deleted rows too
}

type orderKey struct {
	get             getter
	f               *Field
	desc, nullsLast bool
}

// plan binds a query of t.
func (b binder) plan(t *table, q *soql.Query, all bool) (*plan, error) {
	p := &plan{t: t, q: q, all: all, bounds: t.bounds(q.Where)}
	var err error
	if p.nodes, err = b.items(t, q); err != nil {
		return nil, err
	}
	if p.match, err = b.where(t, q.Where); err != nil {
		return nil, err
	}
	for _, o := range q.Order {
		refs, f, err := b.field(t, o.Path, o.At)
		if err != nil {
			return nil, err
		}
		if !f.filterable() || f.Type == "address" {
			return nil, b.fail(o.At, "INVALID_FIELD", "field '%s' can not be sorted in a query call", f.Name)
		}
		p.order = append(p.order, orderKey{b.getter(t, refs, f), f, o.Desc, o.NullsLast})
	}
	if q.Offset > 2000 {
		return nil, b.fail(0, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
	}
	return p, nil
}

// query parses and binds a text; all is queryAll. mu is held for reading.
func (s *Server) query(text string, all bool) (*plan, error) {
	b := binder{s, text}
	q, err := soql.Parse(text)
	if err != nil {
		if e, ok := err.(*soql.Error); ok {
			return nil, b.fail(e.At, "MALFORMED_QUERY", "%s", e.Msg)
		}
		return nil, err
	}
	t := s.table(q.From)
	if t == nil {
		return nil, b.fail(q.FromAt, "INVALID_TYPE", "sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", q.From)
	}
	return b.plan(t, q, all)
}

// ordering says how the rows come out of an index: by id, by SystemModstamp and id, or in neither order.
type ordering int

const (
	byNothing ordering = iota
	byID
	byStamp
)

// wants says which index has the order the query asks for, and whether it is read backwards. Without ORDER BY the
// vendor promises no order; ours is that of ids.
func (p *plan) wants() (ordering, bool) {
	if len(p.order) == 0 {
		return byID, false
	}
	first := p.order[0]
	switch {
	case first.f.system == sysID && len(p.order) == 1:
		return byID, first.desc
	case first.f.system != sysStamp || len(p.order) > 2:
		return byNothing, false
	case len(p.order) == 2 && (p.order[1].f.system != sysID || p.order[1].desc != first.desc):
		return byNothing, false
	}
	return byStamp, first.desc
}

// rows yields the rows that match in the order asked for, before OFFSET and LIMIT; mu is held for reading.
func (p *plan) rows() iter.Seq[*row] {
	want, backwards := p.wants()
	if serials, ok := p.candidates(p.q.Where); ok {
		return p.sorted(p.matching(slices.Values(serials)), want == byID && !backwards)
	}
	stamped := ordered.Compare(p.bounds.lo, lowest) > 0 || ordered.Compare(p.bounds.hi, highest) < 0
	if want == byStamp || (stamped && want != byID) {
		return p.sorted(p.matching(serialsOf(between(&p.t.stamps, p.bounds.lo, p.bounds.hi, backwards))), want == byStamp)
	}
	lo, hi := ordered.Key{ID: p.bounds.idLo}, ordered.Key{ID: p.bounds.idHi}
	// A narrow span of time beats the order of ids when there is no LIMIT: everything must be seen anyway.
	if stamped && p.q.Limit < 0 {
		return p.sorted(p.matching(serialsOf(between(&p.t.stamps, p.bounds.lo, p.bounds.hi, false))), false)
	}
	return p.sorted(p.matching(serialsOf(between(&p.t.ids, lo, hi, backwards))), want == byID)
}

func serialsOf(keys iter.Seq[ordered.Key]) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for k := range keys {
			if !yield(k.ID) {
				return
			}
		}
	}
}

// matching keeps the committed rows that meet the condition.
func (p *plan) matching(serials iter.Seq[uint64]) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for serial := range serials {
			o := p.t.rows[serial]
			if o == nil || o.seen == nil || (o.seen.deleted && !p.all) || !p.match(o, o.seen) {
				continue
			}
			if !yield(o) {
				return
			}
		}
	}
}

// sorted orders rows unless they come in order already.
func (p *plan) sorted(rows iter.Seq[*row], ready bool) iter.Seq[*row] {
	if ready {
		return rows
	}
	return func(yield func(*row) bool) {
		for _, o := range slices.SortedStableFunc(rows, p.compare) {
			if !yield(o) {
				return
			}
		}
	}
}

func (p *plan) compare(a, b *row) int {
	for _, k := range p.order {
		if c := k.compare(k.get(a, a.seen), k.get(b, b.seen)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.serial, b.serial)
}

func (k orderKey) compare(a, b any) int {
	if a == nil || b == nil {
		switch {
		case a == nil && b == nil:
			return 0
		case (a == nil) == k.nullsLast:
			return 1
		}
		return -1
	}
	c := 0
	switch x := a.(type) {
	case float64:
		c = cmp.Compare(x, b.(float64))
	case bool:
		if y := b.(bool); x != y {
			c = map[bool]int{false: -1, true: 1}[x]
		}
	case string:
		y := b.(string)
		if k.f.texty() {
			x, y = strings.ToLower(x), strings.ToLower(y)
		}
		c = cmp.Compare(x, y)
	}
	if k.desc {
		return -c
	}
	return c
}

// candidates finds the few rows that an equality with an id or an indexed value leaves, ascending.
func (p *plan) candidates(x soql.Expr) ([]uint64, bool) {
	switch x := x.(type) {
	case soql.And:
		for _, part := range x {
			if serials, ok := p.candidates(part); ok {
				return serials, true
			}
		}
	case *soql.Cond:
		f := p.t.field(x.Path[0])
		if len(x.Path) != 1 || f == nil || (x.Op != "=" && x.Op != "IN") {
			return nil, false
		}
		values, indexed := p.t.by[f.slot], f.system == sysID
		if values == nil && !indexed {
			return nil, false
		}
		return p.lookup(f, x.Values)
	}
	return nil, false
}

// lookup finds the rows with one of the values; a null among them needs a scan.
func (p *plan) lookup(f *Field, literals []soql.Literal) ([]uint64, bool) {
	var out []uint64
	for _, l := range literals {
		if l.Kind != soql.String || l.Text == "" {
			return nil, false
		}
		if f.system == sysID {
			if o := p.t.find(l.Text); o != nil {
				out = append(out, o.serial)
			}
			continue
		}
		if rows := p.t.by[f.slot][folded(f, l.Text)]; rows != nil {
			out = slices.AppendSeq(out, serialsOf(between(rows, lowest, highest, false)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

// serials returns the rows that the query selects, after OFFSET and LIMIT.
func (p *plan) serials() []uint64 {
	var out []uint64
	skip := max(0, p.q.Offset)
	for o := range p.rows() {
		if p.q.Limit >= 0 && len(out) >= p.q.Limit {
			break
		}
		if skip > 0 {
			skip--
			continue
		}
		out = append(out, o.serial)
	}
	return out
}
