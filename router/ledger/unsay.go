package ledger

import (
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// unsay has the digests taken back that may name the customer: those on the objects of whoever it had to do with, and of their
// organizations. What a comment says is not kept, so it is all of them on such an object, and not only the latest.
func (e *eraser) unsay(targets []string) error {
	near, err := e.contacts()
	if err != nil {
		return err
	}
	for _, target := range targets {
		for _, id := range near {
			if err := e.unsayOn(target, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// contacts lists the other customers that share something that happened with this one, or that it refers to, ascending.
func (e *eraser) contacts() ([]string, error) {
	around := &effects{c: e.c}
	found := map[string]bool{}
	var add func(key recKey, hops int) error
	add = func(key recKey, hops int) error {
		slot, err := around.entityAt(key)
		if err != nil || slot == nil {
			return err
		}
		switch id := entityID(slot.kind, slot.entity); slot.kind {
		case canonical.Person, canonical.Organization:
			if found[id] || slices.Contains(e.ids, id) {
				return nil
			}
			found[id] = true
		case canonical.Interaction:
		default:
			return nil
		}
		if hops == 0 {
			return nil
		}
		list, err := around.named(key, slot.kind)
		for _, other := range list {
			if err := add(other, hops-1); err != nil {
				return err
			}
		}
		return err
	}
	for key := range e.plan.about {
		if err := add(key, 2); err != nil { // an e-mail, who else got it, and where they work
			return nil, err
		}
	}
	return sortedKeys(found), nil
}

func (e *eraser) unsayOn(target, id string) error {
	links, err := readLinks(e.c.tx, e.c.l, target, id)
	if err != nil {
		return err
	}
	for i := range links {
		k := &links[i]
		if k.Link == "" || k.Told.Day == "" && k.Telling == nil {
			continue
		}
		k.Unsay = true
		row, err := k.encode()
		if err != nil {
			return err
		}
		if err := e.c.tx.Put(bLink, e.c.l.at(target, id, k.Key), row); err != nil {
			return err
		}
		if err := e.mark(target, id); err != nil {
			return err
		}
	}
	return nil
}
