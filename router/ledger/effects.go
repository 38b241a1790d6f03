package ledger

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// effects gathers whose items may show something else after this transaction.
type effects struct {
	c       *change
	changed map[string]bool           // entities whose golden record changed, that came or went
	around  map[recKey]canonical.Kind // their records: what refers to them, and what they refer to, may show it
	dirty   map[string]bool
}

// spreadInline is how many referrers of one record are marked in the transaction that changes it; the rest follow in
// the background, so that a customer with a million contacts does not make one endless transaction.
const spreadInline = 1000

// mark leaves the dirty marks and returns whom it marked, ascending.
func (e *effects) mark() ([]string, error) {
	for name := range e.changed {
		if e.c.l.reach(canonical.KindOfID(name)).Own {
			e.dirty[name] = true
		}
	}
	if err := e.survivors(); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(e.around)) {
		if err := e.referrers(key, e.around[key]); err != nil {
			return nil, err
		}
		if err := e.referenced(key, e.around[key]); err != nil {
			return nil, err
		}
	}
	if err := e.beyond(); err != nil {
		return nil, err
	}
	list := slices.Sorted(maps.Keys(e.dirty))
	for _, name := range list {
		if err := e.c.mark(e.c.l.targets, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// referrers marks the entities that refer to a record and show something of its kind. A record whose kind is not
// known (merged away before it was ever read) may be referred to by anything.
func (e *effects) referrers(key recKey, kind canonical.Kind) error {
	if kind == "" {
		return e.follow(key, "", canonical.Kinds(), 0)
	}
	kinds := e.c.l.reach(kind).Referrers
	if len(kinds) == 0 {
		return nil
	}
	return e.follow(key, "", kinds, 0)
}

// survivors sees to what records were merged into: what refers to such a record refers to that now, or did. A record that
// belongs to an entity joins that of its survivor, which changes by it; one that a rule keeps out, or that was never read, leaves
// no other sign.
func (e *effects) survivors() error {
	for key, was := range e.c.touched {
		for _, into := range []recKey{was.into, e.c.metas[key].into} {
			if err := e.survivor(into); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *effects) survivor(into recKey) error {
	if into == "" {
		return nil
	}
	slot, err := e.entityAt(into)
	if err != nil || slot == nil {
		return err
	}
	name := entityID(slot.kind, slot.entity)
	ent, err := e.c.entity(name)
	if err != nil || ent.now == nil {
		return err
	}
	for _, member := range ent.now.members { // what the entity refers to may be another's word
		e.around[member] = slot.kind
	}
	if e.c.l.reach(slot.kind).Own {
		e.dirty[name] = true
	}
	return nil
}

// follow marks the entities of the kinds through everything that points at a record, from a record on ("" = the first), and
// at records that the vendor merged into it. What is too much for one transaction is left to the background.
func (e *effects) follow(key, from recKey, kinds []canonical.Kind, hops int) error {
	n := 0
	for from := range e.c.l.pointing(e.c.tx, key, from, kinds) {
		if n++; n > spreadInline {
			return e.spread(key, from, kinds)
		}
		if err := e.pointed(key, from, kinds, hops); err != nil {
			return err
		}
	}
	return nil
}

func (e *effects) pointed(key, from recKey, kinds []canonical.Kind, hops int) error {
	slot, err := e.c.meta(from)
	if err != nil {
		return err
	}
	if slot.meta != nil && slot.entity.isZero() && slot.into == key && hops < maxHops {
		return e.follow(from, "", kinds, hops+1)
	}
	return e.reached(from, kinds)
}

// referenced marks the entities that a record refers to, or referred to before, and that show something of its kind.
func (e *effects) referenced(key recKey, kind canonical.Kind) error {
	if kind == "" {
		return nil
	}
	return e.above(key, kind, e.c.l.reach(kind).Referenced)
}

// above marks the entities of some kinds that a record refers to, or referred to before.
func (e *effects) above(key recKey, kind canonical.Kind, kinds []canonical.Kind) error {
	if len(kinds) == 0 {
		return nil
	}
	named, err := e.named(key, kind)
	if err != nil {
		return err
	}
	for _, target := range named {
		if err := e.reached(target, kinds); err != nil {
			return err
		}
	}
	return nil
}

// reached marks the entity of a record when it is of one of the kinds.
func (e *effects) reached(key recKey, kinds []canonical.Kind) error {
	slot, err := e.entityAt(key)
	if err == nil && slot != nil && slices.Contains(kinds, slot.kind) {
		e.dirty[entityID(slot.kind, slot.entity)] = true
	}
	return err
}

// maxHops bounds how far a chain of vendor merges is followed.
const maxHops = 16
