package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Regold goes on making golden records anew after the rules of survivorship changed, and marks what shows something else
// now. One call does one bounded piece; done says that every entity follows the present rules, and then a call costs one
// look-up. An entity of one record is passed over quickly, for nothing is to be decided about it unless not
// all sources are heard.
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
	err = l.patiently(ctx, "make golden records by new rules", func(c *change) error {
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
	limited, err := c.limited()
	if err != nil {
		return false, err
	}
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
		if !was.alive() || len(was.members) == 1 && !limited[kind] {
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
	if err := c.putLimited(limited, p.Done); err != nil {
		return false, err
	}
	return p.Done, c.putProgress("regold", p)
}

// limited returns the kinds of which even a single record may not have the last word, by the present rules or by those
// that golden records may still follow.
func (c *change) limited() (map[canonical.Kind]bool, error) {
	kinds := map[canonical.Kind]bool{}
	if row := c.tx.Get(bState, c.l.at("regold kinds")); row != nil {
		if err := json.Unmarshal(row, &kinds); err != nil {
			return nil, damaged(bState, "regold kinds", err)
		}
	}
	for _, k := range canonical.Kinds() {
		if c.l.survivorship.Limits(k) {
			kinds[k] = true
		}
	}
	return kinds, c.tx.Err()
}

// putLimited remembers those kinds; when all is done, only what the present rules limit.
func (c *change) putLimited(kinds map[canonical.Kind]bool, done bool) error {
	for k := range kinds {
		if done && !c.l.survivorship.Limits(k) {
			delete(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return c.tx.Delete(bState, c.l.at("regold kinds"))
	}
	row, err := json.Marshal(kinds)
	if err != nil {
		return fmt.Errorf("encode kinds: %w", err)
	}
	return c.tx.Put(bState, c.l.at("regold kinds"), row)
}
