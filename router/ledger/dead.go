package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// DeadKind says what a dead letter holds.
type DeadKind string

// The kinds of dead letter.
const (
	DeadRecord   DeadKind = "record"   // a record that cannot be mapped or stored
	DeadItem     DeadKind = "item"     // an entity whose items a target rejects
	DeadDelivery DeadKind = "delivery" // a verified webhook that cannot be parsed
)

// Dead is something that needs a person (invariant 7). There is at most one for a record, an entity of a target or a
// delivery: a newer failure replaces it, a success removes it.
type Dead struct {
	ID       string              `json:"id"` // kind:name, for example record:hs-main/contacts/12
	Kind     DeadKind            `json:"kind"`
	Ref      connectors.Ref      `json:"ref"`   // what it is about; for an item connection is the target, id the entity
	Cause    string              `json:"cause"` // references only, no personal data
	Tries    int                 `json:"tries"`
	First    time.Time           `json:"first"` // our clock
	Last     time.Time           `json:"last"`
	Version  time.Time           `json:"version,omitzero"`
	Seen     time.Time           `json:"seen,omitzero"`
	Deleted  connectors.Deletion `json:"deleted,omitzero"`
	Data     []byte              `json:"data,omitempty"`     // the record, verbatim; personal data
	Delivery *Delivery           `json:"delivery,omitempty"` // personal data
}

type deadKey struct {
	kind DeadKind
	name string
}

func (k deadKey) id() string { return string(k.kind) + ":" + k.name }

func parseDeadID(id string) (deadKey, error) {
	kind, name, ok := strings.Cut(id, ":")
	switch DeadKind(kind) {
	case DeadRecord, DeadItem, DeadDelivery:
		if ok && name != "" && len(name) < 1500 {
			return deadKey{DeadKind(kind), name}, nil
		}
	}
	return deadKey{}, fmt.Errorf("%q is no id of a dead letter: %w", clip(id), ErrNotFound)
}

func readDead(r kv.Reader, l *Ledger, k deadKey) (*Dead, error) {
	row := r.Get(bDead, l.at(string(k.kind), k.name))
	if row == nil {
		return nil, r.Err()
	}
	d := new(Dead)
	if err := json.Unmarshal(row, d); err != nil {
		return nil, damaged(bDead, k.id(), err)
	}
	return d, nil
}

// bury keeps d under k. It takes over the first time and counts tries on from a letter that is there.
func (c *change) bury(k deadKey, d Dead) error {
	old, err := readDead(c.tx, c.l, k)
	if err != nil {
		return err
	}
	d.ID, d.Kind, d.First, d.Last = k.id(), k.kind, c.now, c.now
	if old == nil {
		c.add(countDead+string(k.kind), 1)
	} else {
		d.First, d.Tries = old.First, max(d.Tries, old.Tries+1)
	}
	row, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode dead letter %s: %w", d.ID, err)
	}
	return c.tx.Put(bDead, c.l.at(string(k.kind), k.name), row)
}

// unbury removes the letter under k, if there is one.
func (c *change) unbury(k deadKey) error {
	key := c.l.at(string(k.kind), k.name)
	if c.tx.Get(bDead, key) == nil {
		return nil
	}
	c.add(countDead+string(k.kind), -1)
	return c.tx.Delete(bDead, key)
}

// DeadList returns up to limit dead letters without their data, of one kind or of all (""), after the given id. They
// are ordered by id; next is "" at the end.
func (l *Ledger) DeadList(ctx context.Context, kind DeadKind, afterID string, limit int) (list []Dead, next string, err error) {
	err = l.view(ctx, "list dead letters", func(r kv.Reader) error {
		prefix := l.under()
		if kind != "" {
			prefix = l.under(string(kind))
		}
		from := prefix
		if afterID != "" {
			k, err := parseDeadID(afterID)
			if err != nil {
				return err
			}
			from = after(l.at(string(k.kind), k.name))
		}
		for key, row := range r.Scan(bDead, prefix, from) {
			if len(list) == limit {
				next = list[limit-1].ID
				break
			}
			var d Dead
			if err := json.Unmarshal(row, &d); err != nil {
				return damaged(bDead, fmt.Sprintf("%q", key), err)
			}
			d.Data, d.Delivery = nil, nil
			list = append(list, d)
		}
		return nil
	})
	return list, next, err
}

// DeadShow returns one dead letter with its data, ErrNotFound when there is none.
func (l *Ledger) DeadShow(ctx context.Context, id string) (Dead, error) {
	k, err := parseDeadID(id)
	if err != nil {
		return Dead{}, err
	}
	var d *Dead
	err = l.view(ctx, "read dead letter", func(r kv.Reader) error {
		d, err = readDead(r, l, k)
		if err == nil && d == nil {
			err = fmt.Errorf("dead letter %s: %w", id, ErrNotFound)
		}
		return err
	})
	if err != nil {
		return Dead{}, err
	}
	return *d, nil
}

// DeadDrop forgets a dead letter for good; ErrNotFound when there is none. The record stays as its last good version.
func (l *Ledger) DeadDrop(ctx context.Context, id string) error {
	k, err := parseDeadID(id)
	if err != nil {
		return err
	}
	return l.update(ctx, "drop dead letter", func(c *change) error {
		d, err := readDead(c.tx, l, k)
		if err != nil {
			return err
		}
		if d == nil {
			return fmt.Errorf("dead letter %s: %w", id, ErrNotFound)
		}
		if err := c.notDead(d); err != nil {
			return err
		}
		return c.unbury(k)
	})
}

// notDead takes the flag off the record's row.
func (c *change) notDead(d *Dead) error {
	if d.Kind != DeadRecord {
		return nil
	}
	key, err := keyOf(d.Ref)
	if err != nil {
		return nil //nolint:nilerr // a record whose reference cannot be a key has no row
	}
	slot, err := c.meta(key)
	if err != nil || slot.meta == nil {
		return err
	}
	slot.dead, slot.dirty = false, true
	return nil
}

// DeadReplay tries again: a record is mapped with the present rules and applied, an entity is marked dirty, a delivery
// goes back to the inbox. It returns whether the letter is gone; a record that still cannot be mapped keeps its
// letter with the new cause. ErrNotFound when there is none.
func (l *Ledger) DeadReplay(ctx context.Context, id string) (gone bool, err error) {
	d, err := l.DeadShow(ctx, id)
	if err != nil {
		return false, err
	}
	switch d.Kind {
	case DeadRecord:
		rec := connectors.Record{Ref: d.Ref, Version: d.Version, Seen: d.Seen, Deleted: d.Deleted, Data: d.Data}
		out, err := l.Apply(ctx, Batch{Connection: d.Ref.Connection, Stream: d.Ref.Object, Kind: Replay,
			Records: []connectors.Record{rec}})
		return err == nil && out.Dead == 0, err
	case DeadItem:
		return true, l.update(ctx, "replay item", func(c *change) error {
			if err := c.unbury(deadKey{d.Kind, d.Ref.Connection + "/" + d.Ref.ID}); err != nil {
				return err
			}
			return c.mark([]string{d.Ref.Connection}, d.Ref.ID)
		})
	default:
		return true, l.update(ctx, "replay delivery", func(c *change) error {
			if err := c.unbury(deadKey{d.Kind, strings.TrimPrefix(id, string(d.Kind)+":")}); err != nil {
				return err
			}
			return c.putInbox(d.Delivery)
		})
	}
}
