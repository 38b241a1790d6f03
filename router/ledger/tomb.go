package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Rows of bErased begin with one of these.
const (
	tombRow = "tomb" // + keyed hash of an entity's id → when it was erased
	waitRow = "wait" // + target, entity → it still has to be redacted, or rewritten without the customer
	wishRow = "wish" // + record → its vendor deleted it for privacy, so its customer is to be erased
)

const (
	countTombs   = "tombs"
	countWaiting = "erasing"
	stateCompact = "compact" // since when freed pages hold what was erased
)

// tomb is what stays of an erased customer. The id is hashed with the key of the suppression list, because the id of an
// entity is made of a vendor's, and that may be the hash of an e-mail address.
type tomb struct {
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Why string    `json:"why,omitempty"`
}

func readTomb(r kv.Reader, l *Ledger, id string) (*tomb, error) {
	m := l.newMacs()
	for n := range m.list {
		row := r.Get(bErased, l.at(tombRow, m.name(n, barEntity+id)))
		if row == nil {
			continue
		}
		t := new(tomb)
		if err := json.Unmarshal(row, t); err != nil {
			return nil, damaged(bErased, id, err)
		}
		return t, nil
	}
	return nil, r.Err()
}

// Erased reports whether the customer that had this id was erased, and when. One that came back is not.
func (s *Snap) Erased(id string) (time.Time, bool, error) {
	t, err := readTomb(s.r, s.l, id)
	if err != nil || t == nil {
		return time.Time{}, false, err
	}
	return t.At, true, nil
}

// note leaves the tombs and asks for a compaction.
func (e *eraser) note() error {
	row, err := json.Marshal(tomb{At: e.c.now, By: e.o.By, Why: e.o.Why})
	if err != nil {
		return fmt.Errorf("encode erasure: %w", err)
	}
	for _, id := range e.ids {
		old, err := readTomb(e.c.tx, e.c.l, id)
		if err != nil {
			return err
		}
		if old == nil {
			e.c.add(countTombs, 1)
		}
		if err := e.c.tx.Put(bErased, e.c.l.at(tombRow, e.c.macs().name(0, barEntity+id)), row); err != nil {
			return err
		}
	}
	at, err := json.Marshal(e.c.now)
	if err != nil {
		return fmt.Errorf("encode erasure: %w", err)
	}
	return e.c.tx.Put(bState, e.c.l.at(stateCompact), at)
}

// unearth takes the tomb of an entity away that is alive again, because it was not suppressed or no longer is.
func (c *change) unearth(id string) error {
	some, err := c.hasTombs()
	if err != nil || !some {
		return err
	}
	m := c.macs()
	for n := range m.list {
		key := c.l.at(tombRow, m.name(n, barEntity+id))
		if c.tx.Get(bErased, key) == nil {
			continue
		}
		c.add(countTombs, -1)
		if err := c.tx.Delete(bErased, key); err != nil {
			return err
		}
	}
	return nil
}

func parseLinkKey(text string) (linkName, bool) {
	target, rest, _ := strings.Cut(text, nul)
	entity, item, ok := strings.Cut(rest, nul)
	return linkName{target, entity, item}, ok
}

// shown empties what is known of the objects that show the customer or name it, and marks their entities, so that
// delivery redacts the ones and rewrites the others.
func (e *eraser) shown() error {
	targets, err := e.c.linkTargets()
	if err != nil {
		return err
	}
	for _, target := range targets {
		for _, id := range e.ids {
			if err := e.shownOf(target, id); err != nil {
				return err
			}
		}
	}
	if err := e.unsay(targets); err != nil {
		return err
	}
	for _, n := range e.plan.links {
		if slices.Contains(e.ids, n.entity) {
			continue
		}
		if err := e.shownBeside(n); err != nil {
			return err
		}
	}
	return nil
}

// shownOf does so for one of the customer's ids.
func (e *eraser) shownOf(target, id string) error {
	if err := e.c.disinherit(target, id); err != nil { // nobody takes over what is redacted
		return err
	}
	if err := e.letter(deadKey{DeadItem, target + "/" + id}); err != nil {
		return err
	}
	if err := e.c.dropRechecks(target, id); err != nil {
		return err
	}
	if err := e.c.schedule(target, id, time.Time{}); err != nil {
		return err
	}
	links, err := readLinks(e.c.tx, e.c.l, target, id)
	if err != nil || len(links) == 0 {
		return err
	}
	for i := range links {
		if err := e.forgetItem(target, id, &links[i]); err != nil {
			return err
		}
	}
	return e.mark(target, id)
}

// shownBeside does so for an item of another entity.
func (e *eraser) shownBeside(n linkName) error {
	row := e.c.tx.Get(bLink, e.c.l.at(n.target, n.entity, n.item))
	if row == nil {
		return e.c.tx.Err()
	}
	k, err := decodeLink(n.item, row)
	if err != nil {
		return err
	}
	if k.Item != nil && k.Item.Once {
		k.Again = true
		k.Item = e.emptied(k.Item)
	} else {
		k.Item = nil // the next delivery compares with the object itself
	}
	if row, err = k.encode(); err != nil {
		return err
	}
	if err := e.c.tx.Put(bLink, e.c.l.at(n.target, n.entity, n.item), row); err != nil {
		return err
	}
	return e.mark(n.target, n.entity)
}

// emptied keeps of an item where it is, unless that names somebody, and nothing that could.
func (e *eraser) emptied(it *connectors.Item) *connectors.Item {
	kept := hollow(it)
	if _, hit := replace(e.plan.traces.loose, kept.Project); hit {
		kept.Project = ""
	}
	return kept
}

// hollow keeps of an item where it is and which fields it has.
func hollow(it *connectors.Item) *connectors.Item {
	kept := &connectors.Item{Key: it.Key, Project: it.Project, Once: it.Once}
	for _, f := range it.Fields {
		kept.Fields = append(kept.Fields, connectors.Field{Name: f.Name, Kind: f.Kind})
	}
	return kept
}

// forgetLate empties the item of a link that is settled after its entity was erased: the call was under way.
func (c *change) forgetLate(entity string, k *Link) error {
	if k.Item == nil {
		return nil
	}
	some, err := c.hasTombs()
	if err != nil || !some {
		return err
	}
	slot, err := c.entity(entity)
	if err != nil || slot.now.alive() {
		return err
	}
	t, err := readTomb(c.tx, c.l, entity)
	if err == nil && t != nil {
		k.Item = hollow(k.Item)
	}
	return err
}

// hasTombs reports whether anybody was ever erased, for the cost of one look-up a transaction.
func (c *change) hasTombs() (bool, error) {
	if len(c.l.barKeys) == 0 {
		return false, nil
	}
	if c.tombs == nil {
		n, err := readCount(c.tx, c.l, countTombs)
		if err != nil {
			return false, err
		}
		c.tombs = &n
	}
	return *c.tombs > 0, nil
}

// forgetItem keeps of what an object was made to show where it is and nothing else.
func (e *eraser) forgetItem(target, entity string, k *Link) error {
	if k.Item == nil {
		return nil
	}
	k.Item = e.emptied(k.Item)
	row, err := k.encode()
	if err != nil {
		return err
	}
	return e.c.tx.Put(bLink, e.c.l.at(target, entity, k.Key), row)
}

// mark marks an entity for one target and remembers that the erasure waits for it.
func (e *eraser) mark(target, entity string) error {
	if !slices.Contains(e.c.l.targets, target) {
		if !slices.Contains(e.done.Left, target) {
			e.done.Left = append(e.done.Left, target)
		}
		return nil
	}
	if err := e.c.mark([]string{target}, entity); err != nil {
		return err
	}
	return e.await(target, entity)
}

// await remembers that the erasure is not over before the entity's mark is cleared.
func (e *eraser) await(target, entity string) error {
	key := e.c.l.at(waitRow, target, entity)
	if e.c.tx.Get(bErased, key) != nil {
		return nil
	}
	e.c.add(countWaiting, 1)
	e.done.Redact = append(e.done.Redact, target+"/"+entity)
	return e.c.tx.Put(bErased, key, nil)
}

// linkTargets lists the targets that anything was ever shown in, configured or not.
func (c *change) linkTargets() ([]string, error) {
	names := map[string]bool{}
	for _, t := range c.l.targets {
		names[t] = true
	}
	for _, bucket := range []kv.Bucket{bLink, bIntent} {
		for from := []byte(c.l.ws); ; {
			target := ""
			for key := range c.tx.Scan(bucket, []byte(c.l.ws), from) {
				target, _, _ = strings.Cut(string(key[len(c.l.ws):]), nul)
				break
			}
			if target == "" {
				break
			}
			names[target] = true
			from = []byte(c.l.ws + target + "\x01")
		}
	}
	return sortedKeys(names), c.tx.Err()
}

// redacted ends the wait for an entity whose mark is cleared.
func (c *change) redacted(target, entity string) error {
	key := c.l.at(waitRow, target, entity)
	if c.tx.Get(bErased, key) == nil {
		return c.tx.Err()
	}
	c.add(countWaiting, -1)
	return c.tx.Delete(bErased, key)
}

// Erasing is how far erasures are from being over.
type Erasing struct {
	Waiting int64     // entities at targets that still have to be redacted or rewritten
	Since   time.Time // when the first erasure whose bytes are still in freed pages was made; zero = none
}

// Erasing says what is left to do after erasures: deliver while something waits, then compact the store while Since is
// not zero.
func (l *Ledger) Erasing(ctx context.Context) (Erasing, error) {
	var out Erasing
	err := l.view(ctx, "read erasures", func(r kv.Reader) error {
		n, err := readCount(r, l, countWaiting)
		if err != nil {
			return err
		}
		out.Waiting = n
		if row := r.Get(bState, l.at(stateCompact)); row != nil {
			if err := json.Unmarshal(row, &out.Since); err != nil {
				return damaged(bState, stateCompact, err)
			}
		}
		return r.Err()
	})
	return out, err
}
