package salesforcetest

import (
	"math"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/soql"
	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// bounds is where the rows that meet a condition can be: from lo to hi (exclusive) in the order of SystemModstamp and id,
// and from idLo to idHi (exclusive) in the order of ids. It may be too wide, never too narrow.
type bounds struct {
	lo, hi     ordered.Key
	idLo, idHi uint64
}

var anywhere = bounds{lowest, highest, 0, math.MaxUint64}

// bounds finds them in a condition on SystemModstamp and Id, in particular in the two forms in which a reader goes on
// after a row: "SystemModstamp > x OR (SystemModstamp = x AND Id > y)" and "Id > y".
func (t *table) bounds(x soql.Expr) bounds {
	out := anywhere
	switch x := x.(type) {
	case soql.And:
		for _, part := range x {
			out = out.meet(t.bounds(part))
		}
		return out.narrow()
	case soql.Or:
		out = t.bounds(x[0])
		for _, part := range x[1:] {
			out = out.hull(t.bounds(part))
		}
	case *soql.Cond:
		if len(x.Path) != 1 || len(x.Values) != 1 {
			return out
		}
		switch f := t.field(x.Path[0]); {
		case f == nil:
		case f.system == sysStamp && x.Values[0].Kind == soql.DateTime:
			out.stamp(x)
		case f.system == sysID && x.Values[0].Kind == soql.String:
			out.id(t, x)
		}
	}
	return out
}

// stamp narrows by a comparison of SystemModstamp, which has whole seconds while the literal may have parts.
func (b *bounds) stamp(c *soql.Cond) {
	at, ok := parseTime(c.Values[0].Text)
	if !ok {
		return
	}
	floor := at.Unix()
	ceil := at.Add(time.Second - 1).Unix()
	switch c.Op {
	case "=":
		b.lo, b.hi = ordered.Key{At: ceil}, ordered.Key{At: floor + 1}
	case ">":
		b.lo = ordered.Key{At: floor + 1}
	case ">=":
		b.lo = ordered.Key{At: ceil}
	case "<":
		b.hi = ordered.Key{At: ceil}
	case "<=":
		b.hi = ordered.Key{At: floor + 1}
	}
}

// id narrows by a comparison of Id.
func (b *bounds) id(t *table, c *soql.Cond) {
	id, ok := canonicalID(c.Values[0].Text)
	if !ok {
		return
	}
	serial, exact := t.serialOf(id)
	after := serial
	if exact {
		after++
	}
	switch c.Op {
	case "=":
		b.idLo, b.idHi = serial, after
	case ">":
		b.idLo = after
	case ">=":
		b.idLo = serial
	case "<":
		b.idHi = serial
	case "<=":
		b.idHi = after
	}
}

// meet is where both can be.
func (b bounds) meet(c bounds) bounds {
	if ordered.Compare(c.lo, b.lo) > 0 {
		b.lo = c.lo
	}
	if ordered.Compare(c.hi, b.hi) < 0 {
		b.hi = c.hi
	}
	b.idLo, b.idHi = max(b.idLo, c.idLo), min(b.idHi, c.idHi)
	return b
}

// hull is where one of them can be.
func (b bounds) hull(c bounds) bounds {
	if ordered.Compare(c.lo, b.lo) < 0 {
		b.lo = c.lo
	}
	if ordered.Compare(c.hi, b.hi) > 0 {
		b.hi = c.hi
	}
	b.idLo, b.idHi = min(b.idLo, c.idLo), max(b.idHi, c.idHi)
	return b
}

// narrow uses the ids inside a single instant, where they are the order.
func (b bounds) narrow() bounds {
	if b.lo.ID == 0 && b.hi == (ordered.Key{At: b.lo.At + 1}) {
		b.lo.ID = b.idLo
		if b.idHi < math.MaxUint64 {
			b.hi = ordered.Key{At: b.lo.At, ID: b.idHi}
		}
	}
	return b
}
