package ledger

import (
	"errors"
	"slices"

	"github.com/millrace/millrace/mapping/identity"
)

var errMissing = errors.New("row is missing")

// walk gathers components: records that share usable identity keys, directly or through others.
type walk struct {
	c       *change
	moved   map[string]int      // change of a term's number of holders in this transaction
	holders map[string][]recKey // of terms looked up already
	seen    map[recKey]bool
}

// component returns the records around one touched record, ascending: all that share a usable key with it now or did
// before this transaction, and all that belonged to the same entities.
func (w *walk) component(start recKey) ([]recKey, error) {
	list := []recKey{start}
	w.seen[start] = true
	for i := 0; i < len(list); i++ {
		near, err := w.near(list[i])
		if err != nil {
			return nil, err
		}
		for _, key := range near {
			if w.seen[key] {
				continue
			}
			slot, err := w.c.meta(key)
			if err != nil {
				return nil, err
			}
			if slot.meta == nil || !slot.member() && w.c.touched[key] == nil {
				continue // a reference to what is not here, or not counted
			}
			w.seen[key] = true
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list, nil
}

// near returns the neighbours of one record.
func (w *walk) near(key recKey) ([]recKey, error) {
	slot, err := w.c.meta(key)
	if err != nil {
		return nil, err
	}
	b, err := w.c.body(key)
	if err != nil {
		return nil, err
	}
	list, err := w.through(nil, effective(slot.meta, b.now))
	if err != nil {
		return nil, err
	}
	kind := slot.kind
	if was := w.c.touched[key]; was != nil {
		kind = was.kind
		if list, err = w.through(list, effective(was, b.was)); err != nil {
			return nil, err
		}
	}
	self := identity.RefKey(key.String()) // whoever names this record
	list = append(list, w.lookUp(term(&self))...)
	if kind == "" || slot.entity.isZero() {
		return list, nil
	}
	ent, err := w.c.entity(entityID(kind, slot.entity))
	if err != nil {
		return nil, err
	}
	if ent.now != nil {
		list = append(list, ent.now.members...)
	}
	return list, nil
}

// through appends the holders of the keys, and the records that must-links name.
func (w *walk) through(list []recKey, keys []identity.Key) ([]recKey, error) {
	for i := range keys {
		k := &keys[i]
		t := term(k)
		holders := w.lookUp(t)
		if k.Strong || len(holders) <= identity.Limit || len(holders)-w.moved[t] <= identity.Limit {
			list = append(list, holders...)
		}
		if k.Strong && k.Space == identity.RefSpace {
			if named, err := keyOfText(k.Value); err == nil {
				list = append(list, named)
			}
		}
	}
	return list, w.c.tx.Err()
}

// lookUp returns the holders of a term. Of a weak one with very many only so many are read that it is certain to
// have been over the limit before this transaction and to be so after it.
func (w *walk) lookUp(t string) []recKey {
	if list, ok := w.holders[t]; ok {
		return list
	}
	most := identity.Limit + 1 + max(w.moved[t], 0)
	strong := isStrong(t)
	var list []recKey
	for key := range below(w.c.tx, bKey, w.c.l.under(t)) {
		list = append(list, key)
		if !strong && len(list) >= most {
			break
		}
	}
	w.holders[t] = list
	return list
}

func isStrong(t string) bool {
	for i := range len(t) {
		if t[i] == 0 {
			return i > 0 && t[i-1] == '!'
		}
	}
	return false
}

// usable returns a record's keys without the weak ones that too many records hold: the component does not contain all
// of those, so clustering could not tell.
func (w *walk) usable(key recKey, slot *metaSlot) ([]identity.Key, error) {
	b, err := w.c.body(key)
	if err != nil {
		return nil, err
	}
	keys := effective(slot.meta, b.now)
	keep := make([]identity.Key, 0, len(keys))
	for _, k := range keys {
		if k.Strong || len(w.lookUp(term(&k))) <= identity.Limit {
			keep = append(keep, k)
		}
	}
	return keep, nil
}
