package ledger

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Settlement is what became of one dirty entity at a target.
type Settlement struct {
	Entity     string
	Generation uint64   // of the mark that was worked on; 0 = there was none, leave marks alone
	Wrote      []Link   // items now shown (or closed) behind Link; Item is what was written. Their intents are settled
	Adopted    []Link   // objects found by their keys, taken over unless a link is known; there may be no such entity yet
	Told       []ToldOn // digests that were left on objects, noted after Wrote
	Gone       []string // keys of items whose objects are deleted or were never made; their intents are settled
	// Looked are the outcomes of second looks (Recheck): Link is what was found, "" for nothing.
	Looked []Link
	// Next is when the entity is to be planned anew although nothing changed but the time; zero = that is not foreseen. It
	// counts when the mark goes.
	Next time.Time
	// Quiet says that no call about the entity is under way, so what was in doubt and has a link is no more than unknown.
	// It lets a merge that waits for that take place.
	Quiet bool
	// Retry, when its Error is not empty, keeps the mark: something is left to do after NotBefore.
	Retry Retry
	// Reject, when not empty, says that the target will never take an item of this entity as it is: a dead letter
	// is kept and the mark goes, until the entity changes or the letter is replayed.
	Reject string
}

// Retry says why and when to try a dirty entity again.
type Retry struct {
	Error     string // references only, no personal data
	NotBefore time.Time
}

// Settled says what Settle did with the marks.
type Settled struct {
	Cleared int // marks taken away
	Kept    int // entity changed meanwhile: the mark stays and is due
	Later   int // rescheduled
	Dead    int // dead letters made
	Adopted int // links taken over
	Moved   int // merges that waited for a call and took place: their entities are marked again
}

// Settle records in one transaction what a target answered. Links are recorded whether or not the entity changed
// meanwhile, because the objects exist; the mark goes only when its generation is still the same (invariant 3).
func (l *Ledger) Settle(ctx context.Context, target string, list []Settlement) (Settled, error) {
	var done Settled
	err := l.update(ctx, "settle items of "+target, func(c *change) error {
		done = Settled{}
		for i := range list {
			if err := c.adopt(target, &list[i], &done); err != nil {
				return err
			}
			if err := c.settleLinks(target, &list[i], c.now); err != nil {
				return err
			}
			if err := c.recheck(target, &list[i]); err != nil {
				return err
			}
			if err := c.settleMark(target, &list[i], &done); err != nil {
				return err
			}
			if err := c.settleMerges(target, &list[i], &done); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// adopt takes over links that are not known. The entity's id must be one, since it comes from the target.
func (c *change) adopt(target string, s *Settlement, done *Settled) error {
	for _, k := range s.Adopted {
		if _, _, err := parseEntityID(s.Entity); err != nil || checkItemKey(k.Key) != nil {
			continue // somebody wrote it by hand
		}
		carried, err := c.l.carried(c.tx, target, k.Key)
		if err != nil {
			return err
		}
		if carried || c.tx.Get(bLink, c.l.at(target, s.Entity, k.Key)) != nil {
			continue
		}
		done.Adopted++
		if err := c.settleLinks(target, &Settlement{Entity: s.Entity, Wrote: []Link{k}}, time.Time{}); err != nil {
			return err
		}
		if err := c.adoptForHeir(target, s.Entity); err != nil {
			return err
		}
	}
	return nil
}

// settleLinks stores links; made is when those were made that are new.
func (c *change) settleLinks(target string, s *Settlement, made time.Time) error {
	for i := range s.Wrote {
		k := s.Wrote[i]
		if err := checkItemKey(k.Key); err != nil {
			return err
		}
		old, err := c.knownLink(target, s.Entity, k.Key)
		if err != nil {
			return err
		}
		switch {
		case old != nil && old.Link == k.Link:
			k.Made = old.Made
		case !k.Since.IsZero(): // it was found: no call was made earlier
			k.Made = plain(k.Since)
		default:
			k.Made = made
		}
		k.recall(old, c.now)
		if err := c.forgetLate(s.Entity, &k); err != nil {
			return err
		}
		if err := c.putLink(target, s.Entity, old, &k); err != nil {
			return err
		}
		if !k.Recheck.IsZero() {
			if err := c.putRecheck(target, s.Entity, &k); err != nil {
				return err
			}
		}
		if err := c.tx.Delete(bIntent, c.l.at(target, s.Entity, k.Key)); err != nil {
			return err
		}
	}
	for i := range s.Told {
		if err := c.telling(target, s.Entity, s.Told[i].Key, &s.Told[i].Telling, true); err != nil {
			return err
		}
	}
	for _, name := range s.Gone {
		old, err := c.knownLink(target, s.Entity, name)
		if err != nil {
			return err
		}
		if err := c.putLink(target, s.Entity, old, &Link{Key: name}); err != nil {
			return err
		}
		if err := c.tx.Delete(bIntent, c.l.at(target, s.Entity, name)); err != nil {
			return err
		}
	}
	return nil
}

// knownLink returns a stored link without its item, nil when there is none.
func (c *change) knownLink(target, entity, name string) (*Link, error) {
	row := c.tx.Get(bLink, c.l.at(target, entity, name))
	if row == nil {
		return nil, c.tx.Err()
	}
	k, _, err := decodeLinkRow(name, row)
	return &k, err
}

// putLink stores a link in place of the one that is known, or removes that when the new one names no object. It keeps the
// number of open links right, and who carries whose key.
func (c *change) putLink(target, entity string, old, k *Link) error {
	was, open := old != nil && !old.Closed, k.Link != "" && !k.Closed
	switch {
	case open && !was:
		c.add(countLinks+target, 1)
	case was && !open:
		c.add(countLinks+target, -1)
	}
	if err := c.carry(target, entity, old, k); err != nil {
		return err
	}
	key := c.l.at(target, entity, k.Key)
	if k.Link == "" {
		return c.tx.Delete(bLink, key)
	}
	row, err := k.encode()
	if err != nil {
		return err
	}
	return c.tx.Put(bLink, key, row)
}

func (c *change) settleMark(target string, s *Settlement, done *Settled) error {
	if s.Generation == 0 {
		return nil
	}
	key := c.l.at(target, s.Entity)
	row := c.tx.Get(bDirty, key)
	if row == nil {
		return nil // another worker settled it
	}
	m, err := decodeDirty(s.Entity, row)
	if err != nil {
		return err
	}
	if m.Generation != s.Generation { // invariant 3: it changed while the target was written
		done.Kept++
		return nil
	}
	letter := deadKey{DeadItem, target + "/" + s.Entity}
	switch {
	case s.Reject != "":
		done.Dead++
		ref := connectors.Ref{Connection: target, Object: "item", ID: s.Entity}
		if err := c.bury(letter, Dead{Ref: ref, Cause: clip(s.Reject), Tries: m.Attempts + 1}); err != nil {
			return err
		}
	case s.Retry.Error != "":
		done.Later++
		m.Attempts++
		m.NotBefore, m.Error = plain(s.Retry.NotBefore), clip(s.Retry.Error)
		return c.tx.Put(bDirty, key, m.encode())
	default:
		if err := c.unbury(letter); err != nil {
			return err
		}
		if s.Quiet { // it was not planned, only looked for
			break
		}
		if err := c.schedule(target, s.Entity, s.Next); err != nil {
			return err
		}
	}
	if s.Reject == "" {
		done.Cleared++
	}
	c.add(countDirty+target, -1)
	if err := c.redacted(target, s.Entity); err != nil {
		return err
	}
	return c.tx.Delete(bDirty, key)
}
