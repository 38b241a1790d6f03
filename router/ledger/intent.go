package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/mapping/work"
)

// Intent announces a call that may create, change or close the object of an item.
type Intent struct {
	Entity  string
	Key     string // of the item
	Project string // of the item: where a crash may leave the object; "" = not known
	// Generation is that of the mark the call was planned from: when it is no longer the mark's, the plan is out of date
	// and the call must not be made. 0 = do not look.
	Generation uint64
	// Telling is the digest that the call leaves, nil = none. The item's object is known.
	Telling *work.Telling
}

func decodeIntent(name string, row []byte) (since time.Time, projects []string, err error) {
	d := dec{b: row}
	since, projects = d.time(), d.texts()
	if err := d.end(); err != nil {
		return since, nil, damaged(bIntent, name, err)
	}
	return since, projects, nil
}

// intend stores an intent, or adds its project to one that is known, which keeps its earlier time.
func (c *change) intend(target string, in Intent) error {
	if err := checkItemKey(in.Key); err != nil {
		return err
	}
	if in.Telling != nil {
		if err := c.telling(target, in.Entity, in.Key, in.Telling, false); err != nil {
			return err
		}
	}
	key := c.l.at(target, in.Entity, in.Key)
	since, projects := c.now, []string(nil)
	row := c.tx.Get(bIntent, key)
	if row != nil {
		var err error
		if since, projects, err = decodeIntent(in.Key, row); err != nil {
			return err
		}
	}
	known := in.Project == "" || slices.Contains(projects, in.Project)
	if known && row != nil {
		return nil
	}
	if !known {
		projects = append(projects, in.Project)
	}
	var e enc
	e.time(since)
	e.texts(projects)
	return c.tx.Put(bIntent, key, e)
}

// Intend makes the intents durable. It must return before the call is made, so that after a crash the target is asked
// to look for the item before it creates it again (invariant 4). An intent that is known keeps its earlier time.
//
// Entities in stale changed since the call was planned, and nothing was announced of them. A merge may have given their
// objects to another entity: calling the target now would change, or close, what shows somebody else.
func (l *Ledger) Intend(ctx context.Context, target string, intents []Intent) (stale []string, err error) {
	err = l.update(ctx, "announce items", func(c *change) error {
		stale = nil
		fresh := map[string]bool{}
		for _, in := range intents {
			ok, looked := fresh[in.Entity]
			if !looked {
				var err error
				if ok, err = c.fresh(target, in); err != nil {
					return err
				}
				if fresh[in.Entity] = ok; !ok {
					stale = append(stale, in.Entity)
				}
			}
			if !ok {
				continue
			}
			if err := c.intend(target, in); err != nil {
				return err
			}
		}
		return nil
	})
	return stale, err
}

// fresh reports whether the mark is still the one that an intent was planned from.
func (c *change) fresh(target string, in Intent) (bool, error) {
	if in.Generation == 0 {
		return true, nil
	}
	row := c.tx.Get(bDirty, c.l.at(target, in.Entity))
	if row == nil {
		return false, c.tx.Err()
	}
	m, err := decodeDirty(in.Entity, row)
	return err == nil && m.Generation == in.Generation, err
}
