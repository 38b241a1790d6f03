package ledger

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// reason is why an entity changed, for its log.
type reason struct{ Cause, Actor, Why string }

const (
	causeSource = "changed at its source"
	causeOther  = "what is known of others changed"
)

// logChanges writes the log of the entities that were there before this transaction and changed in it. What is born
// has no entry, so that a first pass over a vendor pays nothing.
func (c *change) logChanges(g *regrouping) error {
	if err := c.silenceForgotten(); err != nil {
		return err
	}
	for _, name := range c.toLog(g) {
		slot, err := c.entity(name)
		if err != nil {
			return err
		}
		if slot.was == nil && !c.part(slot) {
			continue
		}
		e, err := c.entry(name, slot)
		if err != nil {
			return err
		}
		if err := c.putLog(e); err != nil {
			return err
		}
	}
	return nil
}

// silenceForgotten takes the values out of the logs of the entities whose records were forgotten in this transaction:
// that which they belonged to, and that which they were alone.
func (c *change) silenceForgotten() error {
	names := map[string]bool{}
	for key, was := range c.touched {
		if c.forgotten(key) && was.kind != "" {
			names[entityID(was.kind, was.id)] = true
			names[c.entityWas(key)] = true
		}
	}
	delete(names, "")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := c.silence(name); err != nil {
			return err
		}
	}
	return nil
}

// toLog lists the entities that changed, and those that somebody decided about.
func (c *change) toLog(g *regrouping) []string {
	names := maps.Clone(g.e.changed)
	for key := range c.reasons {
		if slot := c.metas[key]; slot != nil && slot.meta != nil && !slot.entity.isZero() {
			names[entityID(slot.kind, slot.entity)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// part reports whether a new entity is a part of a former one.
func (c *change) part(slot *entSlot) bool {
	if slot.now == nil {
		return false
	}
	return slices.ContainsFunc(slot.now.members, func(key recKey) bool { return c.entityWas(key) != "" })
}

// entityWas returns the entity that a record belonged to before this transaction, "" for none. A record that was not
// touched has the same kind as then.
func (c *change) entityWas(key recKey) string {
	slot := c.metas[key]
	if slot == nil || slot.former.isZero() {
		return ""
	}
	kind := slot.kind
	if was := c.touched[key]; was != nil {
		kind = was.kind
	}
	if kind == "" {
		return ""
	}
	return entityID(kind, slot.former)
}

// entityNow returns the entity that a record belongs to, "" for none.
func (c *change) entityNow(key recKey) string {
	slot := c.metas[key]
	if slot == nil || slot.meta == nil || slot.entity.isZero() {
		return ""
	}
	return entityID(slot.kind, slot.entity)
}

// entry describes what became of one entity.
func (c *change) entry(name string, slot *entSlot) (LogEntry, error) {
	e := LogEntry{Entity: name}
	c.because(&e, slot)
	if slot.was != nil {
		for _, key := range slot.was.members {
			if now := c.entityNow(key); now != "" && now != name && !slices.Contains(e.SplitInto, now) {
				e.SplitInto = append(e.SplitInto, now)
			}
		}
	}
	if slot.now != nil {
		c.origins(&e, slot)
	} else if len(e.SplitInto) == 1 {
		e.Into, e.SplitInto = e.SplitInto[0], nil
	}
	slices.Sort(e.SplitInto)
	slices.Sort(e.MergedFrom)
	slices.Sort(e.SplitFrom)
	return e, c.ops(&e, slot)
}

// origins says which entities the members of this one come from: those that are gone were merged into it, and those
// that are still there it was a part of.
func (c *change) origins(e *LogEntry, slot *entSlot) {
	for _, key := range slot.now.members {
		from := c.entityWas(key)
		if from == "" || from == e.Entity {
			continue
		}
		list := &e.MergedFrom
		if other := c.ents[from]; other != nil && other.now != nil {
			list = &e.SplitFrom
		}
		if !slices.Contains(*list, from) {
			*list = append(*list, from)
		}
	}
}

// because fills in why an entity changed and when that happened at the vendor.
func (c *change) because(e *LogEntry, slot *entSlot) {
	var members []recKey
	for _, n := range []*entity{slot.was, slot.now} {
		if n != nil {
			members = append(members, n.members...)
		}
	}
	r := reason{Cause: causeOther}
	for _, key := range members {
		if c.touched[key] == nil {
			continue
		}
		if said, ok := c.reasons[key]; ok {
			e.Cause, e.Actor, e.Why, e.Asserted = said.Cause, said.Actor, said.Why, time.Time{}
			return
		}
		r.Cause = causeSource
		if v := c.metas[key].state.version; v.After(e.Asserted) {
			e.Asserted = v
		}
	}
	e.Cause, e.Actor, e.Why = r.Cause, r.Actor, r.Why
}

// ops lists the fields in which the golden record differs from what it was before this transaction.
func (c *change) ops(e *LogEntry, slot *entSlot) error {
	if slot.was == nil || slot.now == nil || slot.was.etag == slot.now.etag {
		return nil
	}
	kind := canonical.KindOfID(e.Entity)
	was, err := c.readingWas().golden(kind, slot.was.members)
	if err != nil {
		return err
	}
	now, err := c.reading().golden(kind, slot.now.members)
	if err != nil {
		return err
	}
	secret := slices.ContainsFunc(slot.was.members, c.forgotten)
	for _, name := range fieldNames(&was, &now) {
		before, after := was.Get(name), now.Get(name)
		if bytes.Equal(before, after) {
			continue
		}
		if len(e.Ops) == maxOps {
			e.More++
			continue
		}
		op := LogOp{Path: name, New: clipValue(after), Source: sourceOf(&now, name)}
		if !secret {
			op.Old = clipValue(before)
		}
		e.Ops = append(e.Ops, op)
	}
	return nil
}

// forgotten reports whether a record's content was forgotten in this transaction: the log must not keep it.
func (c *change) forgotten(key recKey) bool {
	was := c.touched[key]
	return was != nil && !was.content.isZero() && c.metas[key].content.isZero()
}

func fieldNames(a, b *identity.Golden) []string {
	var names []string
	for _, g := range []*identity.Golden{a, b} {
		for i := range g.Fields {
			names = append(names, g.Fields[i].Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sourceOf returns the record that a field's value is from.
func sourceOf(g *identity.Golden, name string) string {
	for i := range g.Fields {
		if g.Fields[i].Name == name {
			return g.Sources[g.Origin(i).Source].Ref
		}
	}
	return ""
}

// metaWas returns a record as it was before this transaction.
func (c *change) metaWas(key recKey) (*meta, error) {
	if was := c.touched[key]; was != nil {
		return was, nil
	}
	return c.metaOf(key)
}

// bodyWas returns the content of a record as it was before this transaction.
func (c *change) bodyWas(key recKey) (*body, error) {
	slot, err := c.body(key)
	if err != nil {
		return nil, err
	}
	if slot.was == nil {
		return nil, damaged(bBody, key.String(), errMissing)
	}
	return slot.was, nil
}
