package ledger

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// beyond marks what is two steps away: what shows the lifecycle of an entity that a changed one refers to, or referred to
// (the deal that shows its organization is a customer, when another deal of it was won), and what shows the changed one
// through that entity (the deal that lists the tickets of its customer). The entity's own mark is that of referenced.
func (e *effects) beyond() error {
	done := map[step]bool{}
	for _, key := range slices.Sorted(maps.Keys(e.around)) {
		reach := e.c.l.reach(e.around[key])
		if len(reach.Beyond)+len(reach.Across)+len(reach.Above) == 0 {
			continue
		}
		named, err := e.named(key, e.around[key])
		if err != nil {
			return err
		}
		for _, target := range named {
			if err := e.through(target, &reach, done); err != nil {
				return err
			}
		}
	}
	return nil
}

// step is what was marked around an entity: everything, or what is of a kind and refers to it, or that it refers to.
type step struct {
	entity string
	to     canonical.Kind // "" = everything
	above  bool
}

// named lists the records that one refers to, or did before this transaction: of an interaction also those of whom its
// participants' addresses belong to.
func (e *effects) named(key recKey, kind canonical.Kind) ([]recKey, error) {
	slot, err := e.c.body(key)
	if err != nil {
		return nil, err
	}
	var list []recKey
	for _, b := range []*body{slot.was, slot.now} {
		if b == nil {
			continue
		}
		list = append(list, b.targets...)
		if kind != canonical.Interaction {
			continue
		}
		for _, address := range b.mail {
			holders, err := e.c.holders(address)
			if err != nil {
				return nil, err
			}
			list = append(list, holders...)
		}
	}
	return list, nil
}

// through marks what is around the entity of a record, as far as the reach of an entity that names the record goes.
func (e *effects) through(key recKey, reach *work.Reach, done map[step]bool) error {
	slot, err := e.entityAt(key)
	if err != nil || slot == nil {
		return err
	}
	once := func(to canonical.Kind, above bool, fn func(member recKey) error) error {
		at := step{entityID(slot.kind, slot.entity), to, above}
		if done[at] {
			return nil
		}
		done[at] = true
		ent, err := e.c.entity(at.entity)
		if err != nil || ent.now == nil {
			return err
		}
		for _, member := range ent.now.members {
			if err := fn(member); err != nil {
				return err
			}
		}
		return nil
	}
	if slices.Contains(reach.Beyond, slot.kind) {
		err = once("", false, func(member recKey) error {
			if err := e.referrers(member, slot.kind); err != nil {
				return err
			}
			return e.referenced(member, slot.kind)
		})
	}
	for _, way := range reach.Across {
		if way.Via != slot.kind || err != nil {
			continue
		}
		err = once(way.To, false, func(member recKey) error { return e.follow(member, "", []canonical.Kind{way.To}, 0) })
	}
	for _, way := range reach.Above {
		if way.Via != slot.kind || err != nil {
			continue
		}
		err = once(way.To, true, func(member recKey) error { return e.above(member, slot.kind, []canonical.Kind{way.To}) })
	}
	return err
}

// entityAt returns the row of the record that key leads to through vendor merges and that belongs to an entity, nil when
// there is none.
func (e *effects) entityAt(key recKey) (*metaSlot, error) {
	for range maxHops {
		slot, err := e.c.meta(key)
		if err != nil || slot.meta == nil {
			return nil, err
		}
		if !slot.entity.isZero() {
			return slot, nil
		}
		if slot.into == "" {
			return nil, nil
		}
		key = slot.into
	}
	return nil, nil
}
