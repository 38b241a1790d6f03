package ledger

import (
	"context"
	"errors"

	"github.com/millrace/millrace/router/ledger/kv"
)

// wish notes, in the transaction that stores a vendor's deletion for privacy, that the record's customer is to be erased.
func (c *change) wish(key recKey) error { return c.tx.Put(bErased, c.l.at(wishRow, string(key)), nil) }

// EraseWished erases one customer whose vendor deleted a record of it for privacy. done says that there was none. It
// returns the report of the erasure.
func (l *Ledger) EraseWished(ctx context.Context) (done bool, report Erasure, err error) {
	var key recKey
	id := ""
	err = l.view(ctx, "look for wishes to erase", func(r kv.Reader) error {
		for row := range below(r, bErased, l.under(wishRow)) {
			key = row
			break
		}
		if key == "" {
			return r.Err()
		}
		s := &Snap{l: l, r: r}
		id, err = s.owner(key)
		return err
	})
	if err != nil || key == "" {
		return true, report, err
	}
	if id != "" {
		report, err = l.Erase(ctx, id, EraseOptions{By: "vendor", Why: "deleted for privacy at " + refOf(key).Connection, Suppress: true, known: true})
		if err == nil || !errors.Is(err, ErrNotFound) {
			return false, report, err
		}
	}
	return false, report, l.update(ctx, "end wish to erase", func(c *change) error { // nothing is known of it any more
		return c.tx.Delete(bErased, l.at(wishRow, string(key)))
	})
}

// forgetLog removes the change log of the entity that a forgotten record is in, which holds what the record said, and has
// the log of this transaction tell no values.
func (c *change) forgetLog(slot *metaSlot) error {
	c.erasing = true
	if slot.kind == "" {
		return nil
	}
	names := map[string]bool{entityID(slot.kind, slot.id): true}
	if !slot.entity.isZero() {
		names[entityID(slot.kind, slot.entity)] = true
	}
	for _, name := range sortedKeys(names) {
		if _, err := c.deleteUnder(bLog, name); err != nil {
			return err
		}
	}
	return nil
}

// forgetName removes the row of a forgotten record whose id tells who it is about. What the row was for, refusing what is
// not newer than the deletion, a keyed hash of the reference does.
func (c *change) forgetName(key recKey, slot *metaSlot) error {
	ref := refOf(key)
	if len(c.l.barKeys) == 0 || slot.dead || !personalID(ref.ID) {
		return nil
	}
	b := bar{at: c.now, group: c.macs().group(ref.String()), upTo: slot.forgotten}
	if _, err := c.putBar(barRef+ref.String(), b); err != nil {
		return err
	}
	slot.removed, slot.dirty, slot.into = true, true, ""
	return nil
}
