package ledger

import (
	"strings"

	"github.com/millrace/millrace/connectors"
)

// carry notes which entity's object carries a key that is another item's. Whoever waited for the key (Snap.Carried) is
// marked when it is free.
func (c *change) carry(target, entity string, old, k *Link) error {
	before, after := "", ""
	if old != nil && old.Carried() != old.Key {
		before = old.Carried()
	}
	if k.Link != "" && k.Carried() != k.Key {
		after = k.Carried()
	}
	if before != "" && before != after && c.carrier(target, before) == entity {
		if err := c.tx.Delete(bState, c.l.at(stateCarried, target, before)); err != nil {
			return err
		}
		if err := c.wake(target, ownerOf(before)); err != nil {
			return err
		}
	}
	if after == "" {
		return nil
	}
	return c.tx.Put(bState, c.l.at(stateCarried, target, after), []byte(entity))
}

// carrier returns the entity whose object carries a key that is another item's, "" for none.
func (c *change) carrier(target, key string) string {
	return string(c.tx.Get(bState, c.l.at(stateCarried, target, key)))
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

// Carried reports whether the object of another entity still carries the key of an item, after a merge. The item must not
// be made or looked for until then; its entity is marked when the key is free.
func (s *Snap) Carried(target, key string) (bool, error) {
	return s.r.Get(bState, s.l.at(stateCarried, target, key)) != nil, s.r.Err()
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
