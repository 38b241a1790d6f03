package ledger

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// resolve derives everything that follows from the touched records: index rows, who is the same, entities, and the
// dirty marks. It returns the entities that are now dirty. Only the components around touched records are looked at,
// and each is clustered anew from all its evidence, so the result is what clustering everything would give.
func (c *change) resolve() ([]string, error) {
	if len(c.touched) == 0 {
		return nil, nil
	}
	moved, err := c.index()
	if err != nil {
		return nil, err
	}
	w := &walk{c: c, moved: moved, holders: map[string][]recKey{}, seen: map[recKey]bool{}}
	e := &effects{c: c, changed: map[string]bool{}, around: map[recKey]canonical.Kind{}, dirty: map[string]bool{}}
	for _, key := range slices.Sorted(maps.Keys(c.touched)) {
		if w.seen[key] {
			continue
		}
		component, err := w.component(key)
		if err != nil {
			return nil, err
		}
		if err := c.recluster(w, component, e); err != nil {
			return nil, err
		}
	}
	return e.mark()
}

// recluster divides one component into entities and stores what changed.
func (c *change) recluster(w *walk, component []recKey, e *effects) error {
	former, err := c.formerEntities(component, e)
	if err != nil {
		return err
	}
	members, slots, err := c.membersOf(w, component)
	if err != nil {
		return err
	}
	current := map[string]bool{}
	for _, cluster := range c.l.resolver.Cluster(members, nil).Clusters {
		kind := members[cluster[0]].Kind
		id := slots[cluster[0]].id
		keys := make([]recKey, len(cluster))
		for i, n := range cluster {
			keys[i] = component0(members[n].Ref)
			if slots[n].entity != id {
				slots[n].entity, slots[n].dirty = id, true
			}
		}
		slices.Sort(keys)
		name := entityID(kind, id)
		current[name] = true
		if err := c.putEntity(name, kind, keys, e); err != nil {
			return err
		}
	}
	return c.retire(former, current, e)
}

// component0 turns a member's reference back into its key; both were made from each other.
func component0(ref string) recKey {
	key, _ := keyOfText(ref)
	return key
}

// formerEntities lists the entities that the component's records belonged to, by name, with the record whose latent
// id the name was made of. A record that is no member any more leaves its entity here.
func (c *change) formerEntities(component []recKey, e *effects) (map[string]bool, error) {
	former := map[string]bool{}
	for _, key := range component {
		slot, err := c.meta(key)
		if err != nil {
			return nil, err
		}
		kind := slot.kind
		if was := c.touched[key]; was != nil {
			kind = was.kind
		}
		if kind != "" && !slot.entity.isZero() {
			former[entityID(kind, slot.entity)] = true
		}
		if !slot.member() {
			e.around[key] = kind
			if !slot.entity.isZero() {
				slot.entity, slot.dirty = latent{}, true
			}
		}
	}
	return former, nil
}

// membersOf returns the component as package identity wants it.
func (c *change) membersOf(w *walk, component []recKey) ([]identity.Member, []*metaSlot, error) {
	var members []identity.Member
	var slots []*metaSlot
	for _, key := range component {
		slot, err := c.meta(key)
		if err != nil {
			return nil, nil, err
		}
		if !slot.member() {
			continue
		}
		keys, err := w.usable(key, slot)
		if err != nil {
			return nil, nil, err
		}
		b, err := c.body(key)
		if err != nil {
			return nil, nil, err
		}
		member := identity.Member{Ref: key.String(), Kind: slot.kind, Live: slot.live(), Keys: keys}
		if identity.Compares(slot.kind) && b.now != nil {
			p, err := b.now.decodeProfile(key)
			if err != nil {
				return nil, nil, err
			}
			member.Facts = c.l.resolver.FactsOf(&p)
		}
		members = append(members, member)
		slots = append(slots, slot)
	}
	ages := slices.Clone(slots)
	slices.SortFunc(ages, func(a, b *metaSlot) int { return compareIDs(a.id, b.id) })
	for i := range members {
		age, _ := slices.BinarySearchFunc(ages, slots[i].id, func(s *metaSlot, id latent) int { return compareIDs(s.id, id) })
		members[i].First = uint64(age) + 1
	}
	return members, slots, nil
}

// putEntity stores an entity when its members or its golden record changed, and notes that it did.
func (c *change) putEntity(name string, kind canonical.Kind, members []recKey, e *effects) error {
	slot, err := c.entity(name)
	if err != nil {
		return err
	}
	g, err := golden(c.l.survivorship, kind, members, c.metaOf, c.bodyOf)
	if err != nil {
		return err
	}
	etag := uint64(0)
	if !g.Deleted() {
		etag = g.Hash() | 1 // 0 means that nothing is left
	}
	if slot.now != nil && slot.now.etag == etag && slices.Equal(slot.now.members, members) {
		return nil
	}
	// A deleted record that joins or leaves changes nothing of the golden record, but what refers to it now refers to
	// this entity, and that may be shown on either side.
	now := entity{members: members, etag: etag, created: c.now, updated: c.now}
	if now.version, err = c.sequence(); err != nil {
		return err
	}
	if slot.now != nil {
		now.created = slot.now.created
	}
	if slot.now != nil || etag != 0 { // one that is born dead was never seen by anyone
		e.changed[name] = true
	}
	for _, key := range members {
		e.around[key] = kind
	}
	slot.now = &now
	return nil
}

func (c *change) metaOf(key recKey) (*meta, error) {
	slot, err := c.meta(key)
	if err != nil {
		return nil, err
	}
	if slot.meta == nil {
		return nil, damaged(bMeta, key.String(), errMissing)
	}
	return slot.meta, nil
}

func (c *change) bodyOf(key recKey) (*body, error) {
	slot, err := c.body(key)
	if err != nil {
		return nil, err
	}
	if slot.now == nil {
		return nil, damaged(bBody, key.String(), errMissing)
	}
	return slot.now, nil
}

// retire removes the entities that the component no longer has, leaves an alias to the record their id came from,
// and marks them so that targets close what they show of them.
func (c *change) retire(former, current map[string]bool, e *effects) error {
	for _, name := range slices.Sorted(maps.Keys(former)) {
		if current[name] {
			continue
		}
		slot, err := c.entity(name)
		if err != nil {
			return err
		}
		if slot.now == nil {
			continue
		}
		_, id, err := parseEntityID(name)
		if err != nil {
			return err
		}
		if err := c.leaveAlias(name, id, slot.now.members); err != nil {
			return err
		}
		slot.now = nil
		e.changed[name] = true
	}
	return nil
}

// leaveAlias points an entity's name at the one of its members that its id came from.
func (c *change) leaveAlias(name string, id latent, members []recKey) error {
	for _, key := range members {
		m, err := c.metaOf(key)
		if err != nil {
			return err
		}
		if m.id != id {
			continue
		}
		if err := c.tx.Put(bAlias, c.l.at(name), []byte(key)); err != nil {
			return err
		}
	}
	return nil
}
