package ledger

import (
	"slices"

	"github.com/millrace/millrace/connectors"
)

// late reports whether an arrival's content comes too late for the register and still says something of the past: not
// what the register holds for that time already.
func (m *meta) late(a *arrival) bool {
	return len(a.rec.Data) > 0 && a.rec.Deleted.Kind != connectors.Privacy && a.stamp.after(m.forgotten) &&
		m.content.after(a.stamp) && (a.stamp.hash != m.content.hash || !m.content.version.Equal(a.stamp.version))
}

// takeLate keeps what a late arrival says. One that cannot be mapped says nothing: a newer version is known.
func (c *change) takeLate(a *arrival, slot *metaSlot) error {
	if !a.mapped {
		c.l.mapRecord(a)
	}
	if a.err != nil || a.filter != "" {
		return nil
	}
	if err := c.keepConsents(a.key, a.stamp, a.body.fresh); err != nil {
		return err
	}
	return c.putPast(a.key, a.stamp, saidBy(a.body.fresh))
}

// keepPast keeps what the content says that is about to be replaced. next is what comes instead, nil when the same was
// said again at a later time.
func (c *change) keepPast(key recKey, slot *metaSlot, at stamp, next *arrival) error {
	if _, ok := histOf[slot.kind]; !ok || slot.content.isZero() {
		return nil
	}
	b, err := c.body(key)
	if err != nil || b.now == nil {
		return err
	}
	p, err := b.now.decodeProfile(key)
	if err != nil {
		return err
	}
	if next == nil {
		if err := c.keepConsents(key, at, &p); err != nil {
			return err
		}
	}
	was := saidBy(&p)
	if next != nil {
		now := said{}
		if next.filter == "" {
			now = saidBy(next.body.fresh)
		}
		if !slices.Equal(was.claims, now.claims) || !slices.Equal(was.moments, now.moments) {
			c.recall(key)
		}
		was.moments = slices.DeleteFunc(was.moments, func(m moment) bool { return slices.Contains(now.moments, m) })
		if at == slot.content { // other rules: what they no longer say was said all the same
			was.claims = slices.DeleteFunc(was.claims, func(c claim) bool {
				return slices.ContainsFunc(now.claims, func(o claim) bool { return o.field == c.field })
			})
		}
	}
	return c.putPast(key, slot.content, was)
}

// putPast writes rows for what a version said.
func (c *change) putPast(key recKey, at stamp, s said) error {
	if len(s.claims) > 0 {
		if err := c.putSaid(key, at, s.claims); err != nil {
			return err
		}
	}
	for _, m := range s.moments {
		if _, err := c.putMoment(key, at, m); err != nil {
			return err
		}
	}
	return nil
}

// putMoment writes the row of a moment and reports whether nobody had told of it.
func (c *change) putMoment(key recKey, at stamp, m moment) (bool, error) {
	row := c.l.at(string(key), histMoment+string([]byte{m.field})+string(appendTime(nil, m.at))+m.value)
	old := c.tx.Get(bHist, row)
	if old != nil {
		d := dec{b: old}
		if d.byte(); !at.after(d.stamp()) {
			return false, nil
		}
	}
	e := enc{histForm}
	e.stamp(at)
	if old == nil {
		c.recall(key)
	}
	return old == nil, c.tx.Put(bHist, row, e)
}

func (c *change) putSaid(key recKey, at stamp, claims []claim) error {
	row := c.l.at(string(key), histSaid+string(appendTime(nil, at.version)))
	news := true
	if old := c.tx.Get(bHist, row); old != nil {
		was, before, err := decodeSaid(old)
		if err != nil {
			return damaged(bHist, key.String(), err)
		}
		was.version = at.version
		if was.after(at) {
			return nil
		}
		if was == at {
			claims = merged(claims, before)
		}
		if news = !slices.Equal(claims, before); was == at && !news {
			return nil
		}
	}
	if news {
		c.recall(key)
	}
	e := enc{histForm}
	e.time(at.seen)
	e.fixed(at.hash)
	for _, one := range claims {
		e.byte(one.field)
		e.text(one.value)
	}
	return c.tx.Put(bHist, row, e)
}

// merged adds the claims of fields that the first list has none of.
func merged(claims, more []claim) []claim {
	for _, one := range more {
		if !slices.ContainsFunc(claims, func(c claim) bool { return c.field == one.field }) {
			claims = append(claims, one)
		}
	}
	return claims
}

// decodeSaid reads a row; the stamp lacks the version, which is in the key.
func decodeSaid(row []byte) (stamp, []claim, error) {
	d := dec{b: row}
	if d.byte() != histForm {
		d.fail()
	}
	at := stamp{seen: d.time(), hash: d.fixed()}
	var list []claim
	for len(d.b) > 0 {
		list = append(list, claim{d.byte(), d.text()})
	}
	return at, list, d.end()
}

// recall notes that a record says something else of the past now: what is derived from histories may have changed,
// although no golden record did.
func (c *change) recall(key recKey) {
	if c.past == nil {
		c.past = map[recKey]bool{}
	}
	c.past[key] = true
}

// recalled marks the entities of such records, and what shows something of them.
func (c *change) recalled(e *effects) error {
	for key := range c.past {
		slot, err := c.meta(key)
		if err != nil {
			return err
		}
		if slot.meta == nil || slot.entity.isZero() {
			continue
		}
		e.changed[entityID(slot.kind, slot.entity)] = true
		e.around[key] = slot.kind
	}
	return nil
}
