package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// progress is how far a walk over the whole ledger has come under one version of the rules.
type progress struct {
	Version uint64 `json:"version"`
	At      []byte `json:"at,omitempty"` // the last key done
	Done    bool   `json:"done,omitempty"`
}

func readProgress(r kv.Reader, l *Ledger, name string, version uint64) (progress, error) {
	p := progress{Version: version}
	row := r.Get(bState, l.at(name))
	if row == nil {
		return p, r.Err()
	}
	var old progress
	if err := json.Unmarshal(row, &old); err != nil {
		return p, damaged(bState, name, err)
	}
	if old.Version != version { // other rules: from the beginning
		return p, nil
	}
	return old, nil
}

func (c *change) putProgress(name string, p progress) error {
	row, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode progress of %s: %w", name, err)
	}
	return c.tx.Put(bState, c.l.at(name), row)
}

// Replan goes on marking every entity dirty whose kind has items of its own, after the rules of work or the list of
// targets changed; version names those. One call does one bounded piece; done says that the present version is through,
// and then a call costs one look-up.
func (l *Ledger) Replan(ctx context.Context, version string) (done bool, err error) {
	number := xxhash.Sum64String(version)
	var p progress
	err = l.view(ctx, "read progress", func(r kv.Reader) error {
		p, err = readProgress(r, l, "replan", number)
		return err
	})
	if err != nil || p.Done {
		return p.Done, err
	}
	err = l.update(ctx, "mark entities for new rules", func(c *change) error {
		p, err := readProgress(c.tx, l, "replan", number)
		if err != nil {
			return err
		}
		from := []byte(l.ws)
		if p.At != nil {
			from = after(append([]byte(l.ws), p.At...))
		}
		n := 0
		p.Done = true
		for key := range c.tx.Scan(bEnt, []byte(l.ws), from) {
			if n == pieceSize {
				p.Done = false
				break
			}
			n++
			id := string(key[len(l.ws):])
			p.At = []byte(id)
			if !l.reach(canonical.KindOfID(id)).Own {
				continue
			}
			if err := c.mark(l.targets, id); err != nil {
				return err
			}
		}
		done = p.Done
		return c.putProgress("replan", p)
	})
	return done, err
}

// Spread goes on marking what refers to records with very many referrers. One call does one bounded piece; done says
// that nothing is left.
func (l *Ledger) Spread(ctx context.Context) (done bool, err error) {
	prefix := l.under("spread")
	idle := true
	err = l.view(ctx, "look for marks to spread", func(r kv.Reader) error {
		for range r.Scan(bState, prefix, nil) {
			idle = false
			break
		}
		return nil
	})
	if err != nil || idle {
		return idle, err
	}
	err = l.update(ctx, "spread dirty marks", func(c *change) error {
		for key, row := range c.tx.Scan(bState, prefix, nil) {
			return c.spreadOn(recKey(key[len(prefix):]), row)
		}
		return nil
	})
	return false, err
}

// spreadOn marks the next referrers of one record.
func (c *change) spreadOn(key recKey, row []byte) error {
	size, n := binary.Uvarint(row)
	if n <= 0 || size != uint64(len(row)-n) {
		return damaged(bState, "spread "+key.String(), errShort)
	}
	kinds := canonical.Kinds()
	slot, err := c.meta(key)
	if err != nil {
		return err
	}
	if slot.meta != nil && slot.kind != "" {
		kinds = c.l.reach(slot.kind).Referrers
	}
	e := &effects{c: c, dirty: map[string]bool{}}
	prefix := c.l.under(string(key))
	looked := 0
	next := recKey("")
	for full := range c.tx.Scan(bRev, prefix, append(prefix[:len(prefix):len(prefix)], row[n:]...)) {
		from := recKey(full[len(prefix):])
		if looked++; looked > spreadInline {
			next = from
			break
		}
		if err := e.pointed(key, from, kinds, 0); err != nil {
			return err
		}
	}
	if _, err := e.mark(); err != nil {
		return err
	}
	if next == "" {
		return c.tx.Delete(bState, c.l.at("spread", string(key)))
	}
	return e.spread(key, next)
}
