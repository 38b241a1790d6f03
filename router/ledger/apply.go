package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Apply stores a batch, everything that follows from it and its cursor in one transaction (invariant 1). Records are
// taken in whatever order they come; the end state is the same (invariant 2). One that cannot be mapped becomes a dead
// letter and the cursor moves on (invariant 7). ErrStale says that the stream is no longer at From; nothing was
// stored then. Applying a batch of Fetch or Replay twice changes nothing the second time.
func (l *Ledger) Apply(ctx context.Context, b Batch) (Outcome, error) {
	if err := b.check(); err != nil {
		return Outcome{}, err
	}
	return l.apply(ctx, &b)
}

func (l *Ledger) apply(ctx context.Context, b *Batch) (Outcome, error) {
	what := "apply " + b.Connection + "/" + b.Stream
	arrivals, err := l.prepare(ctx, b)
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", what, err)
	}
	var out Outcome
	if b.Kind == Poll || b.Kind == Sweep {
		ctx = kv.Patient(ctx)
	}
	err = l.update(ctx, what, func(c *change) error {
		out = Outcome{}
		return c.apply(b, arrivals, &out)
	})
	return out, err
}

func (c *change) apply(b *Batch, arrivals []arrival, out *Outcome) error {
	s, err := c.move(b, out)
	if err != nil {
		return err
	}
	pass := uint32(0)
	if b.Kind == Sweep {
		pass = s.Sweep.Pass
	}
	for i := range arrivals {
		fate, err := c.take(&arrivals[i], pass)
		if err != nil {
			return err
		}
		fate.count(out, &arrivals[i])
	}
	if err := c.settleRefs(b, arrivals, out); err != nil {
		return err
	}
	if out.Changed, err = c.resolve(); err != nil {
		return err
	}
	if b.Kind == Replay {
		return nil
	}
	s.Counts.add(out.Counts)
	return c.putStream(&s)
}

// fate is what became of one record.
type fate uint8

const (
	applied fate = iota
	unchanged
	stale
	filtered
	strange // filtered, because nobody is known
	dead
)

func (f fate) count(out *Outcome, a *arrival) {
	out.Read++
	switch f {
	case applied:
		out.Applied++
		out.Warnings += a.warnings
	case unchanged:
		out.Unchanged++
	case stale:
		out.Stale++
	case filtered, strange:
		out.Filtered++
		if out.ByRule == nil {
			out.ByRule = map[string]int64{}
		}
		rule := a.filter
		if f == strange {
			rule = RuleUnknown
		}
		out.ByRule[rule]++
	case dead:
		out.Dead++
	}
}

// take puts one arrival into the registers of its record.
func (c *change) take(a *arrival, pass uint32) (fate, error) {
	if kept, err := c.turnAway(a); kept || err != nil {
		return filtered, err
	}
	if a.bad != nil {
		return dead, c.buryRecord(a, badName(a.rec.Ref), a.bad)
	}
	if a.about != "" {
		return c.tell(a)
	}
	slot, err := c.meta(a.key)
	if err != nil {
		return dead, err
	}
	if over, err := c.passOver(a, slot); over || err != nil {
		return strange, err
	}
	if slot.meta == nil {
		slot.meta, slot.dirty = &meta{id: latentOf(a.key)}, true
	}
	slot.removed = false // forgotten in this transaction, and here again with something newer
	if pass != 0 && (slot.pass != pass || slot.missed != 0) {
		slot.pass, slot.missed, slot.dirty = pass, 0, true
	}
	f := stale
	if a.stamp == slot.state {
		f = unchanged
	}
	if a.stamp.after(slot.state) {
		if f, err = c.takeState(a, slot); err != nil {
			return f, err
		}
	}
	if a.rec.Deleted.Kind == connectors.Privacy {
		if c.l.eraseOnWish && !slot.entity.isZero() {
			return applied, c.wish(a.key)
		}
		forgot, err := c.forget(a, slot)
		if forgot {
			f = applied
		}
		return f, err
	}
	if slot.late(a) {
		return f, c.takeLate(a, slot)
	}
	if !slot.wants(a) {
		return f, nil
	}
	return c.takeContent(a, slot, f)
}

// takeState moves the state register, which is the newest word on whether the record is deleted.
func (c *change) takeState(a *arrival, slot *metaSlot) (fate, error) {
	known := !slot.state.isZero()
	slot.state, slot.dirty = a.stamp, true
	if a.rec.Deleted.Kind == connectors.NotDeleted {
		slot.missed = 0 // the vendor has just shown it
	}
	into := recKey("")
	if a.rec.Deleted.Kind == connectors.Merged && !a.rec.Deleted.Into.IsZero() {
		if into, _ = keyOf(a.rec.Deleted.Into); into == a.key { // prepare has checked that it can be a key
			into = ""
		}
	}
	if slot.deleted == a.rec.Deleted.Kind && slot.into == into && known {
		return unchanged, nil
	}
	if err := c.touch(a.key, slot); err != nil {
		return dead, err
	}
	slot.deleted, slot.into = a.rec.Deleted.Kind, into
	return applied, nil
}

// takeContent moves the content register, unless the arrival cannot be mapped.
func (c *change) takeContent(a *arrival, slot *metaSlot, f fate) (fate, error) {
	if c.l.same(slot.meta, a) {
		if err := c.restamp(a, slot); err != nil {
			return f, err
		}
		if slot.filter != "" {
			a.filter = slot.filter
			return filtered, nil
		}
		if f == stale { // the state is newer still, but this content was not known to be so new
			f = unchanged
		}
		return f, nil
	}
	if !a.mapped { // the record changed between the first look and this transaction
		c.l.mapRecord(a)
		if err := c.screen(a); err != nil {
			return f, err
		}
	}
	if a.err != nil {
		slot.dead, slot.dirty = true, true
		return dead, c.buryRecord(a, a.rec.Ref.String(), a.err)
	}
	unknown, err := c.strange(a, slot)
	if err != nil {
		return f, err
	}
	if err := c.touch(a.key, slot); err != nil {
		return f, err
	}
	if unknown {
		return strange, c.emptied(a, slot)
	}
	if err := c.keepPast(a.key, slot, a.stamp, a); err != nil {
		return f, err
	}
	slot.content, slot.mapping, slot.kind, slot.filter, slot.dirty = a.stamp, c.l.mapping, a.kind, a.filter, true
	slot.scrubbed = slot.scrubbed && a.stored
	c.bodies[a.key].now = a.body
	if err := c.keepConsents(a.key, a.stamp, a.body.fresh); err != nil {
		return f, err
	}
	if err := c.revive(a, slot); err != nil {
		return f, err
	}
	if a.filter == RuleSuppressed {
		slot.mapping = 0 // when it is lifted, the same content is new
	}
	if a.filter != "" {
		return filtered, nil
	}
	return applied, nil
}

// restamp notes that known content was seen again with a later stamp. Without it an older version that arrives later
// would win. A later version can also decide which of several records is believed.
func (c *change) restamp(a *arrival, slot *metaSlot) error {
	if a.stamp == slot.content {
		return nil
	}
	if !a.stamp.version.Equal(slot.content.version) {
		if err := c.touch(a.key, slot); err != nil {
			return err
		}
		if err := c.keepPast(a.key, slot, a.stamp, nil); err != nil {
			return err
		}
		if err := c.repeatConsents(a.key, slot, a.stamp); err != nil {
			return err
		}
	}
	slot.content, slot.dirty = a.stamp, true
	return c.revive(a, slot)
}

// forget obeys a deletion for privacy: what was known up to it goes, whatever came later than it stays.
func (c *change) forget(a *arrival, slot *metaSlot) (bool, error) {
	if a.stamp.after(slot.forgotten) {
		slot.forgotten, slot.dirty = a.stamp, true
	}
	if err := c.forgetDead(a.key, slot); err != nil {
		return false, err
	}
	if err := c.forgetPast(a.key, slot.forgotten); err != nil {
		return false, err
	}
	if err := c.forgetConsents(a.key, slot.forgotten.said()); err != nil {
		return false, err
	}
	if slot.content.isZero() || slot.content.after(slot.forgotten) {
		return false, nil
	}
	if err := c.touch(a.key, slot); err != nil {
		return false, err
	}
	if err := c.forgetLog(slot); err != nil {
		return false, err
	}
	slot.content, slot.kind, slot.filter, slot.mapping = stamp{}, "", "", 0
	c.bodies[a.key].now = nil
	return true, c.forgetName(a.key, slot)
}

func (c *change) settleRefs(b *Batch, arrivals []arrival, out *Outcome) error {
	for _, f := range b.Done {
		key, err := keyOf(f.Ref)
		if err != nil {
			return err
		}
		_, found := slices.BinarySearchFunc(arrivals, key, func(a arrival, k recKey) int {
			return compareKeys(a.key, k)
		})
		if !found {
			if err := c.missing(b, f, out); err != nil {
				return err
			}
		}
		if err := c.settleRef(key, f.Number); err != nil {
			return err
		}
	}
	return nil
}

// missing decides about a record that a fetch asked for and did not get. Only a hint that called it deleted makes it
// so; anything else may be a record too new for the vendor's own index, and is left to the next sweep.
func (c *change) missing(b *Batch, f FetchRef, out *Outcome) error {
	if f.Deleted.Kind == connectors.NotDeleted {
		out.Missing = append(out.Missing, f.Ref)
		return nil
	}
	key, err := keyOf(f.Ref)
	if err != nil {
		return err
	}
	slot, err := c.meta(key)
	if err != nil {
		return err
	}
	rec := connectors.Record{Ref: f.Ref, Version: f.At, Seen: b.seen(), Deleted: f.Deleted}
	if slot.meta != nil && slot.state.version.After(rec.Version) {
		rec.Version = slot.state.version // the vendor has just said that it is not there
	}
	a := arrival{rec: &rec, key: key, stamp: stampOf(&rec)}
	fate, err := c.take(&a, 0)
	if err == nil {
		fate.count(out, &a)
	}
	return err
}
