package ledger

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Remapped says what one call of Remap did.
type Remapped struct {
	Done    bool // every record is mapped by the present rules
	Records int  // mapped anew by this call
	Dead    int  // of those, cannot be mapped any more; they keep their old profile until somebody looks
}

// remapBytes bounds the raw data one call of Remap holds in memory.
const remapBytes = 8 << 20

// Remap goes on mapping stored records anew after the mapping's version changed, without reading the vendor again; only
// what was passed over for want of somebody who is known is not stored, and its streams get a gap to be read again. One
// call does one bounded piece; when everything is done a call costs one look-up. Records that arrive meanwhile are
// mapped by the new rules in any case. Dead letters are not tried again: DeadReplay does that.
func (l *Ledger) Remap(ctx context.Context) (Remapped, error) {
	var out Remapped
	p, next, list, err := l.toRemap(ctx)
	if err != nil || p.Done {
		return Remapped{Done: p.Done}, err
	}
	for i := range list {
		if len(list[i].rec.Data) > 0 {
			l.mapRecord(&list[i])
		}
	}
	var strangers map[streamName]time.Time
	if p.At == nil {
		if strangers, err = l.passedOver(ctx); err != nil {
			return out, err
		}
	}
	err = l.patiently(ctx, "remap records", func(c *change) error {
		out = Remapped{}
		now, err := readProgress(c.tx, l, "remap", l.mapping)
		if err != nil {
			return err
		}
		if now.Done || string(now.At) != string(p.At) {
			return nil // another worker did this piece
		}
		if err := c.reconsider(strangers); err != nil {
			return err
		}
		for i := range list {
			if err := c.remap(&list[i], &out); err != nil {
				return err
			}
		}
		if _, err := c.resolve(); err != nil {
			return err
		}
		out.Done = next.Done
		return c.putProgress("remap", next)
	})
	return out, err
}

// toRemap reads the next piece of records that other rules mapped.
func (l *Ledger) toRemap(ctx context.Context) (p, next progress, list []arrival, err error) {
	err = l.view(ctx, "look for records to remap", func(r kv.Reader) error {
		if p, err = readProgress(r, l, "remap", l.mapping); err != nil || p.Done {
			return err
		}
		from := []byte(l.ws)
		if p.At != nil {
			from = after(append([]byte(l.ws), p.At...))
		}
		next = progress{Version: l.mapping, Done: true, At: p.At}
		looked, size := 0, 0
		for key, row := range r.Scan(bMeta, []byte(l.ws), from) {
			if looked++; looked > lookMost || len(list) == pieceSize || size > remapBytes {
				next.Done = false
				break
			}
			k := recKey(key[len(l.ws):])
			next.At = []byte(k)
			m, err := decodeMeta(row)
			if err != nil {
				return damaged(bMeta, k.String(), err)
			}
			if m.content.isZero() || m.mapping == l.mapping {
				continue
			}
			a, err := l.stored(r, k, m)
			if err != nil {
				return err
			}
			if len(a.rec.Data) == 0 && m.kind != canonical.Interaction { // an erasure left the profile alone
				continue
			}
			size += len(a.rec.Data)
			list = append(list, a)
		}
		return nil
	})
	return p, next, list, err
}

// stored returns the content of a record as if it arrived again.
func (l *Ledger) stored(r kv.Reader, key recKey, m *meta) (arrival, error) {
	b, err := readBody(r, l, key)
	if err != nil {
		return arrival{}, err
	}
	if b == nil {
		return arrival{}, damaged(bBody, key.String(), errMissing)
	}
	rec := &connectors.Record{Version: m.content.version, Seen: m.content.seen}
	if len(b.packed) > 0 {
		if rec.Data, err = b.raw(key); err != nil {
			return arrival{}, err
		}
	}
	if rec.Ref, err = key.ref(); err != nil {
		return arrival{}, err
	}
	if m.content == m.state {
		rec.Deleted.Kind = m.deleted
		if m.into != "" {
			if rec.Deleted.Into, err = m.into.ref(); err != nil {
				return arrival{}, err
			}
		}
	}
	return arrival{rec: rec, key: key, stamp: m.content, stored: true}, nil
}

// remap takes one record mapped by the present rules, unless something newer came meanwhile.
func (c *change) remap(a *arrival, out *Remapped) error {
	slot, err := c.meta(a.key)
	if err != nil || slot.meta == nil || slot.content != a.stamp || slot.mapping == c.l.mapping {
		return err
	}
	if len(a.rec.Data) == 0 {
		return c.lay(a.key)
	}
	f, err := c.takeContent(a, slot, unchanged)
	if err != nil {
		return err
	}
	out.Records++
	if f == dead {
		out.Dead++
	}
	return nil
}
