package ledger

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// carry notes which keys of other items an entity's object may carry. Whoever waited for a key (Snap.Carried) is marked
// when it is free.
func (c *change) carry(target, entity string, old, k *Link) error {
	var before, after []string
	if old != nil {
		before = old.foreign()
	}
	if k.Link != "" {
		after = k.foreign()
	}
	for _, key := range before {
		if slices.Contains(after, key) {
			continue
		}
		if err := c.tx.Delete(bState, c.l.at(stateCarried, target, key, entity)); err != nil {
			return err
		}
		if err := c.wake(target, ownerOf(key)); err != nil {
			return err
		}
	}
	for _, key := range after {
		if err := c.tx.Put(bState, c.l.at(stateCarried, target, key, entity), nil); err != nil {
			return err
		}
	}
	return nil
}

// ownerOf returns the entity that a key names, "" for none.
func ownerOf(key string) string {
	_, entity, _ := strings.Cut(key, "/")
	return entity
}

// wake marks an entity for one target when there is one.
func (c *change) wake(target, entity string) error {
	if _, _, err := parseEntityID(entity); err != nil {
		return nil // not a key of ours
	}
	slot, err := c.entity(entity)
	if err != nil || slot.now == nil {
		return err
	}
	return c.mark([]string{target}, entity)
}

// Waits reports whether what a target shows of an entity waits to be handed to another, or another's to it: then nothing
// may be written or closed, only what is in doubt be looked for and settled as Quiet.
func (s *Snap) Waits(target, entity string) (bool, error) {
	if s.r.Get(bState, s.l.at(stateHeir, target, entity)) != nil {
		return true, nil
	}
	for range s.r.Scan(bState, s.l.under(stateLegacy, target, entity), nil) {
		return true, nil
	}
	return false, s.r.Err()
}

// Carried reports whether the object of another entity may still carry the key of an item, after a merge. The item must
// not be made or looked for until then; its entity is marked when the key is free.
func (s *Snap) Carried(target, key string) (bool, error) { return s.l.carried(s.r, target, key) }

func (l *Ledger) carried(r kv.Reader, target, key string) (bool, error) {
	for range r.Scan(bState, l.under(stateCarried, target, key), nil) {
		return true, nil
	}
	return false, r.Err()
}

// LinkOf returns the object that shows an item of an entity and is open, "" when there is none.
func (s *Snap) LinkOf(target, entity, key string) (connectors.Link, error) {
	row := s.r.Get(bLink, s.l.at(target, entity, key))
	if row == nil {
		return "", s.r.Err()
	}
	k, _, err := decodeLinkRow(key, row)
	if k.Closed {
		return "", err
	}
	return k.Link, err
}
