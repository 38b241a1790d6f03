package ledger

import (
	"cmp"
	"slices"
	"strings"
)

// When entities merge, what targets show of the one that goes is handed to the one that stays, in the transaction of the
// merge: people go on in the object they know. Of two objects for one item the older stays and the other is left behind
// under its old name, to be closed with a pointer.
//
// An object must never belong to two items: what shows a living customer would be closed in the name of the other. So
// nothing is handed over while a call about either may be under way or in doubt. The merge then waits: both entities are
// asked what became of their calls (Snap.Waits), and the settlement that leaves no doubt hands over. A call is only made
// when Intend finds its plan up to date, so none can begin behind the back of a merge.
//
// Three kinds of row in the state bucket hold this together:
//
//	heir, target, entity         the entity that waits to take its links over
//	legacy, target, heir, entity the same, to be found by the heir
//	carried, target, key, entity an object of the entity may still carry the key of another's item in the target
const (
	stateHeir    = "heir"
	stateLegacy  = "legacy"
	stateCarried = "carried"
)

// inherit hands what all targets show of a retired entity to the one its records are in now.
func (c *change) inherit(from, heir string) error {
	for _, target := range c.l.targets {
		for _, other := range c.legacies(target, from) { // they wait for from, which passes them on
			if err := c.await(target, other, heir); err != nil {
				return err
			}
		}
		if _, err := c.handOver(target, from, heir); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// reborn takes back the wish to hand over what belongs to an entity that is there again.
func (c *change) reborn(name string) error {
	for _, target := range c.l.targets {
		if err := c.disinherit(target, name); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// disinherit takes back the wish to hand over what is shown of an entity. Its heir waited for nothing.
func (c *change) disinherit(target, name string) error {
	heir := c.heir(target, name)
	if heir == "" {
		return nil
	}
	if err := c.forgetHeir(target, name); err != nil {
		return err
	}
	return c.wake(target, heir)
}

// heir returns the entity that waits to take over what is shown of another, "" for none.
func (c *change) heir(target, from string) string {
	return string(c.tx.Get(bState, c.l.at(stateHeir, target, from)))
}

// handOver moves the links of an entity that is gone to its heir, or notes that they wait for a call to end. It reports
// whether it moved any.
func (c *change) handOver(target, from, to string) (bool, error) {
	mine, err := readLinks(c.tx, c.l, target, from)
	if err != nil {
		return false, err
	}
	if len(mine) == 0 {
		return false, c.forgetHeir(target, from)
	}
	theirs, err := readLinks(c.tx, c.l, target, to)
	if err != nil {
		return false, err
	}
	inDoubt := func(k Link) bool { return k.InDoubt }
	if slices.ContainsFunc(mine, inDoubt) || slices.ContainsFunc(theirs, inDoubt) {
		return false, c.await(target, from, to)
	}
	moved := false
	for i := range mine {
		rule, ours := strings.CutSuffix(mine[i].Key, "/"+from)
		if !ours {
			continue // nobody can tell whose it would be
		}
		key := rule + "/" + to
		at := slices.IndexFunc(theirs, func(k Link) bool { return k.Key == key })
		var other *Link
		if at >= 0 {
			other = &theirs[at]
		}
		if other != nil && !mine[i].stays(other) {
			if err := c.tellOn(target, to, other, &mine[i]); err != nil {
				return false, err
			}
			continue
		}
		if err := c.exchange(target, from, to, &mine[i], other, key); err != nil {
			return false, err
		}
		moved = true
	}
	return moved, c.forgetHeir(target, from)
}

// stays reports whether of two objects for one item k is the one that people should go on with.
func (k *Link) stays(other *Link) bool {
	if k.Closed != other.Closed {
		return !k.Closed
	}
	if c := k.Made.Compare(other.Made); c != 0 || !k.Made.IsZero() {
		return c < 0 // of those made together the heir's own stays, which costs nothing
	}
	// Nobody knows when they were made. In most tools later objects have larger numbers.
	return cmp.Or(cmp.Compare(len(k.Link), len(other.Link)), cmp.Compare(k.Link, other.Link)) < 0
}

// exchange gives a link to the heir under its key, and the heir's own, if any, to the entity that is gone.
func (c *change) exchange(target, from, to string, k, other *Link, key string) error {
	mine, theirs := renamed(k, key), Link{Key: k.Key}
	if other != nil {
		theirs = renamed(other, k.Key)
		mine.join(other)
	}
	if err := c.putLink(target, to, other, &mine); err != nil {
		return err
	}
	return c.putLink(target, from, k, &theirs)
}

// tellOn notes on the heir's own object, which stays, what was told on the other.
func (c *change) tellOn(target, to string, own, other *Link) error {
	if !other.tells() {
		return nil
	}
	both := *own
	both.join(other)
	return c.putLink(target, to, own, &both)
}

// renamed returns a link as that of another item, which its object carries the old keys of.
func renamed(k *Link, key string) Link {
	n := *k
	if n.Key = key; len(k.Carries) == 0 {
		n.Carries = []string{k.Key}
	}
	if len(n.Carries) == 1 && n.Carries[0] == key {
		n.Carries = nil
	}
	return n
}

// await notes that an entity's links are for an heir when no call is in doubt any more. Another heir has waited in vain.
func (c *change) await(target, from, to string) error {
	if c.heir(target, from) == to {
		return nil
	}
	if err := c.disinherit(target, from); err != nil {
		return err
	}
	if err := c.tx.Put(bState, c.l.at(stateLegacy, target, to, from), nil); err != nil {
		return err
	}
	return c.tx.Put(bState, c.l.at(stateHeir, target, from), []byte(to))
}

func (c *change) forgetHeir(target, from string) error {
	to := c.heir(target, from)
	if to == "" {
		return c.tx.Err()
	}
	if err := c.tx.Delete(bState, c.l.at(stateLegacy, target, to, from)); err != nil {
		return err
	}
	return c.tx.Delete(bState, c.l.at(stateHeir, target, from))
}

// legacies lists the entities that wait to be taken over by one.
func (c *change) legacies(target, heir string) []string {
	var list []string
	prefix := c.l.under(stateLegacy, target, heir)
	for key := range c.tx.Scan(bState, prefix, nil) {
		list = append(list, string(key[len(prefix):]))
	}
	return list
}

// heirOf returns the entity that the records of a gone one are in now, "" for none.
func (c *change) heirOf(entity string) (string, error) {
	key := c.tx.Get(bAlias, c.l.at(entity))
	if key == nil {
		return "", c.tx.Err()
	}
	return c.ownerName(recKey(key))
}

// ownerName returns the entity that a record belongs to, following vendor merges, "" for none.
func (c *change) ownerName(key recKey) (string, error) {
	for range maxHops {
		slot, err := c.meta(key)
		if err != nil || slot.meta == nil {
			return "", err
		}
		if !slot.entity.isZero() {
			return entityID(slot.kind, slot.entity), nil
		}
		if slot.into == "" {
			return "", nil
		}
		key = slot.into
	}
	return "", nil
}
