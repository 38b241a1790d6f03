package ledger

import "github.com/millrace/millrace/connectors"

// buryRecord keeps an arrival that cannot be stored. The letter holds the newest such version, whatever the order of
// arrival (invariant 2).
func (c *change) buryRecord(a *arrival, name string, cause error) error {
	k := deadKey{DeadRecord, name}
	rec := a.rec
	old, err := readDead(c.tx, c.l, k)
	if err != nil {
		return err
	}
	if old != nil {
		if before := old.record(); stampOf(&before).after(a.stamp) {
			rec = &before
		}
	}
	data := rec.Data
	if len(data) > maxData { // a letter of this size could not be stored either; the vendor still has it
		data = nil
	}
	return c.bury(k, Dead{Ref: rec.Ref, Cause: clip(cause.Error()), Tries: 1, Version: rec.Version, Seen: rec.Seen,
		Deleted: rec.Deleted, Data: data})
}

func (d *Dead) record() connectors.Record {
	return connectors.Record{Ref: d.Ref, Version: d.Version, Seen: d.Seen, Deleted: d.Deleted, Data: d.Data}
}

// revive removes the letter of a record once content as new as the letter's is in the ledger.
func (c *change) revive(a *arrival, slot *metaSlot) error {
	return c.endLetter(a.key, slot, slot.content)
}

// forgetDead removes a letter that is not newer than a deletion for privacy.
func (c *change) forgetDead(key recKey, slot *metaSlot) error {
	return c.endLetter(key, slot, slot.forgotten)
}

func (c *change) endLetter(key recKey, slot *metaSlot, upTo stamp) error {
	if !slot.dead {
		return nil
	}
	k := deadKey{DeadRecord, key.String()}
	letter, err := readDead(c.tx, c.l, k)
	if err != nil {
		return err
	}
	if letter != nil {
		if rec := letter.record(); stampOf(&rec).after(upTo) {
			return nil
		}
	}
	slot.dead, slot.dirty = false, true
	return c.unbury(k)
}
