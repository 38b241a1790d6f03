package ledger

import (
	"context"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

const stateSpread = "spread"

// spread leaves the rest of what points at a record, of some kinds, to the background. What is left already is joined with
// it, so that neither is forgotten.
func (e *effects) spread(key, from recKey, kinds []canonical.Kind) error {
	at := e.c.l.at(stateSpread, string(key))
	if row := e.c.tx.Get(bState, at); row != nil {
		before, others, err := decodeSpread(key, row)
		if err != nil {
			return err
		}
		from, kinds = min(from, before), union(slices.Clone(kinds), others)
	}
	var row enc
	row.text(string(from))
	row.uint(uint64(len(kinds)))
	for _, k := range kinds {
		row.text(string(k))
	}
	return e.c.tx.Put(bState, at, row)
}

// decodeSpread returns where marking goes on and which kinds it marks. Older rows do not say: those are all.
func decodeSpread(key recKey, row []byte) (from recKey, kinds []canonical.Kind, err error) {
	d := dec{b: row}
	from, kinds = recKey(d.text()), canonical.Kinds()
	if d.err == nil && len(d.b) > 0 {
		kinds = nil
		for range d.count() {
			kinds = append(kinds, canonical.Kind(d.text()))
		}
	}
	if err := d.end(); err != nil {
		return "", nil, damaged(bState, stateSpread+" "+key.String(), err)
	}
	return from, kinds, nil
}

// Spread goes on marking what refers to records with very many referrers. One call does one bounded piece; done says
// that nothing is left.
func (l *Ledger) Spread(ctx context.Context) (done bool, err error) {
	prefix := l.under(stateSpread)
	idle := true
	err = l.view(ctx, "look for marks to spread", func(r kv.Reader) error {
		idle = !anything(r, bState, prefix)
		return nil
	})
	if err != nil || idle {
		return idle, err
	}
	err = l.patiently(ctx, "spread dirty marks", func(c *change) error {
		for key, row := range c.tx.Scan(bState, prefix, nil) {
			return c.spreadOn(recKey(key[len(prefix):]), row)
		}
		return nil
	})
	return false, err
}

// spreadOn marks the next of what points at one record.
func (c *change) spreadOn(key recKey, row []byte) error {
	from, kinds, err := decodeSpread(key, row)
	if err != nil {
		return err
	}
	if err := c.tx.Delete(bState, c.l.at(stateSpread, string(key))); err != nil {
		return err
	}
	e := &effects{c: c, dirty: map[string]bool{}}
	if err := e.follow(key, from, kinds, 0); err != nil {
		return err
	}
	_, err = e.mark()
	return err
}
