package ledger

import (
	"context"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Regold goes on making golden records anew after the rules of survivorship changed, and marks what shows something else
// now. One call does one bounded piece; done says that every entity follows the present rules, and then a call costs one
// look-up. An entity of one record is passed over quickly, for nothing is to be decided about it.
func (l *Ledger) Regold(ctx context.Context) (done bool, err error) {
	version := xxhash.Sum64String(l.survivorship.Version())
	var p progress
	err = l.view(ctx, "read progress", func(r kv.Reader) error {
		p, err = readProgress(r, l, "regold", version)
		return err
	})
	if err != nil || p.Done {
		return p.Done, err
	}
	err = l.update(ctx, "make golden records by new rules", func(c *change) error {
		done, err = c.regold(version)
		return err
	})
	return done, err
}

// regold does the next piece.
func (c *change) regold(version uint64) (bool, error) {
	p, err := readProgress(c.tx, c.l, "regold", version)
	if err != nil {
		return false, err
	}
	from := []byte(c.l.ws)
	if p.At != nil {
		from = after(append([]byte(c.l.ws), p.At...))
	}
	e := &effects{c: c, changed: map[string]bool{}, around: map[recKey]canonical.Kind{}, dirty: map[string]bool{}}
	n, looked := 0, 0
	p.Done = true
	for key, row := range c.tx.Scan(bEnt, []byte(c.l.ws), from) {
		if looked++; n == pieceSize || looked > lookMost {
			p.Done = false
			break
		}
		id := string(key[len(c.l.ws):])
		p.At = []byte(id)
		was, err := decodeEntity(id, row)
		if err != nil {
			return false, err
		}
		kind := canonical.KindOfID(id)
		if !was.alive() || len(was.members) == 1 && !c.l.survivorship.Limits(kind) {
			continue
		}
		n++
		if err := c.putEntity(id, kind, was.members, e); err != nil {
			return false, err
		}
	}
	if _, err := e.mark(); err != nil {
		return false, err
	}
	return p.Done, c.putProgress("regold", p)
}
