package ledger

import (
	"context"
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
	number := uint64(0)
	var p progress
	err = l.view(ctx, "read progress", func(r kv.Reader) error {
		w, err := l.woken(r)
		if err != nil {
			return err
		}
		if w.Back > 0 { // what was planned while our clock was ahead
			version += fmt.Sprint(" back ", w.Back)
		}
		number = xxhash.Sum64String(version)
		p, err = readProgress(r, l, "replan", number)
		return err
	})
	if err != nil || p.Done {
		return p.Done, err
	}
	err = l.patiently(ctx, "mark entities for new rules", func(c *change) error {
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
