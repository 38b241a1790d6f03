package ledger

import (
	"bytes"
	"iter"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// pointing yields the records that point at one, in order from a record on ("" = the first), as far as they may be of one
// of the kinds. Whole objects that hold records of others are jumped over: the deals of a customer are found behind a
// million of its e-mails with one step. Objects of unknown kinds are looked into, and so are those of the record's own
// kind, since what was merged into it points at it too.
func (l *Ledger) pointing(r kv.Reader, key, from recKey, kinds []canonical.Kind) iter.Seq[recKey] {
	return func(yield func(recKey) bool) {
		p := pointerScan{l: l, prefix: l.under(string(key)), own: l.kindOf(key.object()), kinds: kinds}
		for at := append(slices.Clip(p.prefix), from...); at != nil; {
			at = p.until(r, at, yield)
		}
	}
}

// pointerScan is one look for the records that point at one.
type pointerScan struct {
	l      *Ledger
	prefix []byte // of their rows
	own    canonical.Kind
	kinds  []canonical.Kind
}

// until yields the records from a row on until an object is to be jumped over, and returns the row to go on with; nil when
// nothing is left or wanted.
func (p *pointerScan) until(r kv.Reader, at []byte, yield func(recKey) bool) (next []byte) {
	var object []byte
	for full := range r.Scan(bRev, p.prefix, at) {
		row := full[len(p.prefix):]
		if object == nil || !bytes.HasPrefix(row, object) {
			object = append(object[:0], objectOf(row)...)
			if !p.mayBe(recKey(object)) {
				return behind(p.prefix, recKey(object))
			}
		}
		if !yield(recKey(row)) {
			return nil
		}
	}
	return nil
}

// mayBe reports whether records of an object may be of one of the kinds, or merged into the record.
func (p *pointerScan) mayBe(object recKey) bool {
	k := p.l.kindOf(object.object())
	return k == "" || k == p.own || slices.Contains(p.kinds, k)
}

// objectOf returns the part of a record's key that all records of its object have, with the zero byte that ends it.
func objectOf(key []byte) []byte {
	first := bytes.IndexByte(key, 0) + 1
	return key[:first+bytes.IndexByte(key[first:], 0)+1]
}

// behind returns the row after all those of an object.
func behind(prefix []byte, object recKey) []byte {
	next := append(slices.Clip(prefix), object...)
	next[len(next)-1]++ // the zero byte that ends the object
	return next
}
