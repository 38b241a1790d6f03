package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// entity is the stored part of an entity: who belongs to it, and a hash of what follows from that.
type entity struct {
	members          []recKey // ascending
	etag             uint64   // hash of the golden record; 0 = no live member is left
	version          uint64   // number of the transaction that last changed it
	created, updated time.Time
}

type entSlot struct {
	was, now *entity // nil = absent
}

func (n *entity) encode() []byte {
	var e enc
	e.byte(1)
	e.fixed(n.etag)
	e.uint(n.version)
	e.time(n.created)
	e.time(n.updated)
	e.uint(uint64(len(n.members)))
	for _, m := range n.members {
		e.text(string(m))
	}
	return e
}

func decodeEntity(id string, row []byte) (*entity, error) {
	d := dec{b: row}
	if d.byte() != 1 {
		d.fail()
	}
	n := &entity{etag: d.fixed(), version: d.uint(), created: d.time(), updated: d.time()}
	n.members = make([]recKey, d.count())
	for i := range n.members {
		n.members[i] = recKey(d.text())
	}
	if err := d.end(); err != nil {
		return nil, damaged(bEnt, id, err)
	}
	return n, nil
}

func readEntity(r kv.Reader, l *Ledger, id string) (*entity, error) {
	row := r.Get(bEnt, l.at(id))
	if row == nil {
		return nil, r.Err()
	}
	return decodeEntity(id, row)
}

// entity returns the row of an entity, with a nil now when there is none.
func (c *change) entity(id string) (*entSlot, error) {
	if slot, ok := c.ents[id]; ok {
		return slot, nil
	}
	n, err := readEntity(c.tx, c.l, id)
	if err != nil {
		return nil, err
	}
	slot := &entSlot{was: n, now: n}
	c.ents[id] = slot
	return slot, nil
}

func (c *change) flushEnts() error {
	for _, id := range slices.Sorted(maps.Keys(c.ents)) {
		slot := c.ents[id]
		if slot.now == slot.was {
			continue
		}
		c.tallyEntity(id, slot)
		if slot.now.alive() && !slot.was.alive() {
			if err := c.unearth(id); err != nil {
				return err
			}
		}
		if slot.now == nil {
			if err := c.tx.Delete(bEnt, c.l.at(id)); err != nil {
				return err
			}
			continue
		}
		if err := c.tx.Put(bEnt, c.l.at(id), slot.now.encode()); err != nil {
			return err
		}
	}
	return nil
}

func (n *entity) alive() bool { return n != nil && n.etag != 0 }

func (c *change) tallyEntity(id string, slot *entSlot) {
	name := countEntities + string(canonical.KindOfID(id))
	switch {
	case slot.now.alive() && !slot.was.alive():
		c.add(name, 1)
	case slot.was.alive() && !slot.now.alive():
		c.add(name, -1)
	}
}

// golden derives the golden record of members of one kind.
func (v *reading) golden(kind canonical.Kind, members []recKey) (identity.Golden, error) {
	sources := make([]identity.Source, len(members))
	for i, key := range members {
		m, err := v.meta(key)
		if err != nil {
			return identity.Golden{}, err
		}
		sources[i] = identity.Source{Ref: key.String(), Version: m.content.version, Live: m.live(),
			Profile: &canonical.Profile{Kind: kind}}
		if !sources[i].Live {
			continue
		}
		b, err := v.body(key)
		if err != nil {
			return identity.Golden{}, err
		}
		p, err := b.decodeProfile(key)
		if err != nil {
			return identity.Golden{}, err
		}
		sources[i].Profile = &p
	}
	if kind == canonical.Person {
		some, err := v.some()
		if err == nil && some {
			sources, err = v.hear(members, sources)
		}
		if err != nil {
			return identity.Golden{}, err
		}
	}
	return identity.Merge(kind, sources, v.l.survivorship), nil
}
