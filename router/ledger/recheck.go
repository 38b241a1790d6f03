package ledger

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// stateRecheck begins the rows of what is looked for once more: target, entity, item key.
const stateRecheck = "recheck"

// Recheck is an item whose object was made, or found, after a call about it had been in doubt. The look before it was made
// cannot see what takes effect later, so the target is looked through again when nothing can be under way any more
// (invariant 4).
type Recheck struct {
	Key      string
	Due      time.Time
	Since    time.Time // of the first call in doubt
	Projects []string  // that the object may be in
}

// putRecheck notes that the object behind k is to be looked for again.
func (c *change) putRecheck(target, entity string, k *Link) error {
	r := Recheck{Key: k.Key, Due: k.Recheck, Since: k.Since, Projects: k.Projects}
	return c.tx.Put(bState, c.l.at(stateRecheck, target, entity, k.Key), r.encode())
}

func (r Recheck) encode() []byte {
	var e enc
	e.time(r.Due)
	e.time(r.Since)
	e.texts(r.Projects)
	return e
}

func decodeRecheck(key string, row []byte) (Recheck, error) {
	d := dec{b: row}
	r := Recheck{Key: key, Due: d.time(), Since: d.time(), Projects: d.texts()}
	if err := d.end(); err != nil {
		return r, damaged(bState, key, err)
	}
	return r, nil
}

// Rechecks returns which objects of an entity are to be looked for again by now.
func (s *Snap) Rechecks(target, entity string) ([]Recheck, error) {
	var list []Recheck
	prefix := s.l.under(stateRecheck, target, entity)
	for full, row := range s.r.Scan(bState, prefix, nil) {
		r, err := decodeRecheck(string(full[len(prefix):]), row)
		if err != nil {
			return nil, err
		}
		if !r.Due.After(s.now) {
			list = append(list, r)
		}
	}
	return list, s.r.Err()
}

// Recheck marks the entities of which a target is to be looked through again by now, unless they are marked, and says
// whether there were any.
func (l *Ledger) Recheck(ctx context.Context, target string) (marked bool, err error) {
	var due []string
	err = l.view(ctx, "look for what may be doubled", func(r kv.Reader) error {
		due, err = l.dueRechecks(r, target)
		return err
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	err = l.update(ctx, "mark what may be doubled", func(c *change) error {
		for _, entity := range due {
			if c.tx.Get(bDirty, l.at(target, entity)) != nil {
				continue
			}
			if err := c.mark([]string{target}, entity); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil, err
}

// dueRechecks returns the entities with something to look for by now and without a mark, a bounded number of them.
func (l *Ledger) dueRechecks(r kv.Reader, target string) ([]string, error) {
	var due []string
	prefix, now := l.under(stateRecheck, target), plain(l.now())
	for full, row := range r.Scan(bState, prefix, nil) {
		entity, key, _ := strings.Cut(string(full[len(prefix):]), nul)
		one, err := decodeRecheck(key, row)
		if err != nil {
			return nil, err
		}
		if one.Due.After(now) || len(due) > 0 && due[len(due)-1] == entity || r.Get(bDirty, l.at(target, entity)) != nil {
			continue
		}
		if due = append(due, entity); len(due) == pieceSize {
			break
		}
	}
	return due, r.Err()
}

// recheck notes what a second look found: nothing, the object that is known, or an older one, which goes on.
func (c *change) recheck(target string, s *Settlement) error {
	for i := range s.Looked {
		k := s.Looked[i]
		if err := c.tx.Delete(bState, c.l.at(stateRecheck, target, s.Entity, k.Key)); err != nil {
			return err
		}
		if k.Link == "" {
			continue
		}
		old, err := c.knownLink(target, s.Entity, k.Key)
		if err != nil {
			return err
		}
		if old != nil && old.Link == k.Link {
			continue
		}
		goesOn := Link{Key: k.Key, Link: k.Link, Made: k.Since, Projects: k.Projects}
		if old != nil { // what was told on the other is not told again
			goesOn.join(old)
			goesOn.Unsay = old.Unsay
		}
		if err := c.putLink(target, s.Entity, old, &goesOn); err != nil {
			return err
		}
	}
	return nil
}

// dropRechecks forgets what was to be looked for of an entity that is erased: projects may be named after it.
func (c *change) dropRechecks(target, entity string) error {
	var keys [][]byte
	for key := range c.tx.Scan(bState, c.l.under(stateRecheck, target, entity), nil) {
		keys = append(keys, bytes.Clone(key))
	}
	for _, key := range keys {
		if err := c.tx.Delete(bState, key); err != nil {
			return err
		}
	}
	return c.tx.Err()
}
