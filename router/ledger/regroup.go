package ledger

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// putEntity stores an entity when its members or its golden record changed, and notes that it did.
func (c *change) putEntity(name string, kind canonical.Kind, members []recKey, e *effects) error {
	slot, err := c.entity(name)
	if err != nil {
		return err
	}
	g, err := c.reading().golden(kind, members)
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
	if slot.now == nil {
		if err := c.reborn(name); err != nil {
			return err
		}
	}
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

// retire removes the entities that the components no longer have, leaves an alias to the record their id came from, gives
// what targets show of them to the entity that has the record now, and marks them so that what is left is closed.
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
		heir, err := c.leaveAlias(name, id, slot.now.members)
		if err != nil {
			return err
		}
		slot.now = nil
		e.changed[name] = true
		if heir == "" {
			continue
		}
		if err := c.inherit(name, heir); err != nil {
			return err
		}
	}
	return nil
}

// leaveAlias points an entity's name at the one of its members that its id came from, or at the oldest of those that
// still belong to an entity, and returns the name of that entity, "" for none.
func (c *change) leaveAlias(name string, id latent, members []recKey) (heir string, err error) {
	var alias recKey
	var least latent
	for _, key := range members {
		m, err := c.metaOf(key)
		if err != nil {
			return "", err
		}
		if c.metas[key].removed { // nothing may name it
			continue
		}
		owner, err := c.ownerName(key)
		if err != nil {
			return "", err
		}
		first := m.id == id && (owner != "" || alias == "")
		if first || owner != "" && (heir == "" || least != id && compareIDs(m.id, least) < 0) {
			alias, heir, least = key, owner, m.id
		}
	}
	if alias == "" {
		return "", nil
	}
	return heir, c.tx.Put(bAlias, c.l.at(name), []byte(alias))
}
