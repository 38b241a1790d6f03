package ledger

import (
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// beyond marks what shows the lifecycle of an entity that a changed one refers to, or referred to: the deal that shows
// its organization is a customer, when another deal of it was won. The entity's own mark is that of referenced.
func (e *effects) beyond() error {
	followed := map[string]bool{}
	for key, kind := range e.around {
		kinds := e.c.l.reach(kind).Beyond
		if len(kinds) == 0 {
			continue
		}
		slot, err := e.c.body(key)
		if err != nil {
			return err
		}
		for _, target := range slot.named() {
			if err := e.through(target, kinds, followed); err != nil {
				return err
			}
		}
	}
	return nil
}

// named lists the records that a body refers to, or did before this transaction.
func (s *bodySlot) named() []recKey {
	var list []recKey
	for _, b := range []*body{s.was, s.now} {
		if b != nil {
			list = append(list, b.targets...)
		}
	}
	return list
}

// through marks what is around the entity of a record when it is of one of the kinds.
func (e *effects) through(key recKey, kinds []canonical.Kind, followed map[string]bool) error {
	slot, err := e.entityAt(key)
	if err != nil || slot == nil || !slices.Contains(kinds, slot.kind) {
		return err
	}
	name := entityID(slot.kind, slot.entity)
	if followed[name] {
		return nil
	}
	followed[name] = true
	ent, err := e.c.entity(name)
	if err != nil || ent.now == nil {
		return err
	}
	for _, member := range ent.now.members {
		if err := e.referrers(member, slot.kind); err != nil {
			return err
		}
		if err := e.referenced(member, slot.kind); err != nil {
			return err
		}
	}
	return nil
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
