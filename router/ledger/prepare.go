package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// arrival is one record of a batch on its way into the ledger.
type arrival struct {
	rec      *connectors.Record
	key      recKey
	stamp    stamp
	bad      error // its reference cannot be stored
	mapped   bool  // the fields below are set
	kind     canonical.Kind
	filter   string
	body     *body
	known    *mapping.Known // kept only if somebody of these is; nil = in any case
	stream   string         // of the page; "" of what was fetched by reference
	about    recKey         // not blank: it is no record, but tells of the past of this one
	warnings int
	err      error // it cannot be mapped
	stored   bool  // it is the ledger's own copy
}

// prepare does what needs no transaction: names, hashes, and the mapping of what a first look says is new. Arrivals
// come back in the order of their keys, so that their rows are written side by side; equal keys keep their order.
func (l *Ledger) prepare(ctx context.Context, b *Batch) ([]arrival, error) {
	list := make([]arrival, len(b.Records))
	for i := range list {
		a := &list[i]
		a.rec, a.stamp = &b.Records[i], stampOf(&b.Records[i])
		if b.Kind == Poll || b.Kind == Sweep {
			a.stream = b.Stream
		}
		a.key, a.bad = keyOf(a.rec.Ref)
		if a.bad == nil && b.Kind != Replay && a.rec.Ref.Connection != b.Connection {
			a.bad = errors.New("record belongs to another connection than its page")
		}
		if a.bad == nil && len(a.rec.Data) > maxData {
			a.bad = fmt.Errorf("record has %d bytes, more than %d", len(a.rec.Data), maxData)
		}
		if into := a.rec.Deleted.Into; a.bad == nil && !into.IsZero() {
			_, a.bad = keyOf(into)
		}
	}
	slices.SortStableFunc(list, func(x, y arrival) int { return strings.Compare(string(x.key), string(y.key)) })
	var fresh []int
	err := l.view(ctx, "compare records", func(r kv.Reader) error {
		fresh = fresh[:0]
		for i := range list {
			if list[i].bad != nil {
				continue
			}
			m, err := readMeta(r, l, list[i].key)
			if err != nil {
				return err
			}
			if m == nil {
				m = &meta{}
			}
			if a := &list[i]; m.wants(a) && !l.same(m, a) || m.late(a) {
				fresh = append(fresh, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, i := range fresh {
		l.mapRecord(&list[i])
	}
	return list, nil
}

// wants reports whether the arrival's content is newer than the register and may be kept.
func (m *meta) wants(a *arrival) bool {
	return len(a.rec.Data) > 0 && a.rec.Deleted.Kind != connectors.Privacy && a.stamp.after(m.forgotten) &&
		!m.content.after(a.stamp)
}

// same reports whether the arrival's content is what the register holds, mapped by the rules of today. What the vendor
// sends again of a scrubbed record is the same whatever the rules: taking it would bring back what was erased.
func (l *Ledger) same(m *meta, a *arrival) bool {
	return !m.content.isZero() && m.content.hash == a.stamp.hash && (m.mapping == l.mapping || m.scrubbed && !a.stored)
}

// mapRecord fills in what mapping says. A panic of the mapper is an error of this one record: the page goes on, and
// the record becomes a dead letter (invariant 7).
func (l *Ledger) mapRecord(a *arrival) {
	defer func() {
		if p := recover(); p != nil {
			a.err = fmt.Errorf("map %s: mapper panicked (%T)", a.rec.Ref, p)
		}
	}()
	a.mapped, a.kind, a.filter, a.body, a.about, a.known, a.err = true, "", "", nil, "", nil, nil
	p, out, err := l.mapper.Map(*a.rec)
	if err != nil {
		a.err = err // a Mapper names the record
		return
	}
	if p.Past != "" {
		if a.about, a.err = keyOfText(p.Past); a.err != nil {
			return
		}
	}
	a.body, a.warnings = &body{packed: s2.Encode(nil, a.rec.Data)}, len(out.Warnings)
	if out.Filtered != "" {
		a.filter = out.Filtered
		return
	}
	if kindByte(p.Kind) == 0 {
		a.err = fmt.Errorf("map %s: there is no kind %q", a.rec.Ref, p.Kind)
		return
	}
	a.kind, a.known = p.Kind, out.Known
	a.body.profile, a.body.fresh = p.AppendBinary(make([]byte, 0, 1024)), &p
	a.body.keys = l.resolver.Keys(&p, a.rec.Ref.String())
	a.body.targets = targetsOf(&p, a.key)
	l.correspond(&p, a.body)
}

// badName names the dead letter of a record whose reference cannot be a key.
func badName(ref connectors.Ref) string {
	return fmt.Sprintf("#%016x", xxhash.Sum64String(ref.String()))
}
