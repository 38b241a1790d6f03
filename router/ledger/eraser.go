package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// eraser is one erasure inside of its transaction.
type eraser struct {
	c       *change
	o       EraseOptions
	plan    *erasurePlan
	done    Erasure
	members []recKey
	ids     []string // every id that the entity has or had
	group   [16]byte
}

// run does everything in an order in which what is still needed is still there.
func (e *eraser) run(id string) error {
	c := e.c
	s := &Snap{l: c.l, r: c.tx}
	var err error
	if e.members, err = s.membersOf(id); err != nil {
		return err
	}
	if len(e.members) == 0 {
		return e.already(id)
	}
	if e.done.Entity, err = s.Current(id); err != nil {
		return err
	}
	for _, step := range []func() error{e.name, e.suppress, e.consents, e.records, e.others, e.letters, e.inbox, e.failures, e.resolve,
		e.pairs, e.logs, e.places, e.shown, e.note} {
		if err := step(); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// already answers for a customer that is not here: erased before, or never known.
func (e *eraser) already(id string) error {
	t, err := readTomb(e.c.tx, e.c.l, id)
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("erase %s: %w", id, ErrNotFound)
	}
	e.done = Erasure{Entity: id, At: t.At, By: t.By, Why: t.Why, Already: true}
	return nil
}

// name gathers the ids that stood for the customer: one for each record, for it may have been an entity by itself.
func (e *eraser) name() error {
	e.c.erasing = true
	e.group = e.c.macs().group(e.done.Entity)
	ids := map[string]bool{e.done.Entity: true}
	for _, key := range e.members {
		m, err := e.c.metaOf(key)
		if err != nil {
			return err
		}
		ids[entityID(m.kind, m.id)] = true
	}
	e.ids = slices.Sorted(maps.Keys(ids))
	for _, id := range e.ids {
		if id != e.done.Entity {
			e.done.Former = append(e.done.Former, id)
		}
	}
	e.done.Refs = refTexts(e.members)
	return nil
}

// suppress writes the bars: the references always, what else names the customer when it shall stay away.
func (e *eraser) suppress() error {
	for _, key := range e.members {
		m, err := e.c.metaOf(key)
		if err != nil {
			return err
		}
		b := bar{whole: e.o.Suppress, at: e.c.now, group: e.group}
		if !b.whole {
			b.upTo = e.upTo(m)
		}
		if err := e.bar(barRef+key.String(), b); err != nil {
			return err
		}
		if !e.o.Suppress {
			continue
		}
		if err := e.barKeys(key, m); err != nil {
			return err
		}
	}
	return nil
}

// upTo is the newest stamp of what is erased. The same version read again has a later Seen, so that is set aside unless
// it is all there is.
func (e *eraser) upTo(m *meta) stamp {
	last := m.state
	if m.content.after(last) {
		last = m.content
	}
	if last.version.IsZero() {
		return stamp{seen: e.c.now, hash: ^uint64(0)}
	}
	return stamp{version: last.version, seen: lastSeen, hash: ^uint64(0)}
}

var lastSeen = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (e *eraser) bar(term string, b bar) error {
	fresh, err := e.c.putBar(term, b)
	if fresh && b.whole {
		e.done.Suppressed++
	}
	return err
}

// barKeys bars the keys of a record that nobody else holds.
func (e *eraser) barKeys(key recKey, m *meta) error {
	slot, err := e.c.body(key)
	if err != nil || slot.now == nil {
		return err
	}
	p, err := slot.now.decodeProfile(key)
	if err != nil {
		return err
	}
	for i := range slot.now.keys {
		k := &slot.now.keys[i]
		if !names(m.kind, k) {
			continue
		}
		if e.shared(k) || k.Space == identity.PhoneSpace && !mobileIn(&p, k.Value) {
			e.done.Shared++
			continue
		}
		if err := e.bar(barTerm(m.kind, k.Space, k.Value), bar{whole: true, at: e.c.now, group: e.group}); err != nil {
			return err
		}
	}
	return nil
}

// shared reports whether a record of somebody else holds the key.
func (e *eraser) shared(k *identity.Key) bool {
	for holder := range below(e.c.tx, bKey, e.c.l.under(term(k))) {
		if !slices.Contains(e.members, holder) {
			return true
		}
	}
	return false
}

// records removes the rows of the customer's own records.
func (e *eraser) records() error {
	c := e.c
	for _, key := range e.members {
		slot, err := c.meta(key)
		if err != nil {
			return err
		}
		if err := c.touch(key, slot); err != nil {
			return err
		}
		if err := e.letter(deadKey{DeadRecord, key.String()}); err != nil {
			return err
		}
		slot.content, slot.kind, slot.filter, slot.mapping, slot.into = stamp{}, "", "", 0, ""
		slot.dead, slot.removed, slot.dirty = false, true, true
		c.bodies[key].now = nil
		if err := c.tx.Delete(bErased, c.l.at(wishRow, string(key))); err != nil {
			return err
		}
		if row := c.tx.Get(bRef, c.l.at(string(key))); row != nil {
			c.add(countRefs+refOf(key).Connection, -1)
			if err := c.tx.Delete(bRef, c.l.at(string(key))); err != nil {
				return err
			}
		}
		n, err := c.deleteUnder(bHist, string(key))
		if err != nil {
			return err
		}
		e.done.History += n
	}
	return nil
}

// deleteUnder removes all rows whose keys begin with the parts, and counts them.
func (c *change) deleteUnder(bucket kv.Bucket, parts ...string) (int, error) {
	n := 0
	for key := range c.tx.Scan(bucket, c.l.under(parts...), nil) {
		n++
		if err := c.tx.Delete(bucket, slices.Clone(key)); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (e *eraser) letter(k deadKey) error {
	if e.c.tx.Get(bDead, e.c.l.at(string(k.kind), k.name)) == nil {
		return nil
	}
	e.done.Letters++
	return e.c.unbury(k)
}

// resolve lets everything follow from the records' end, and takes away the aliases that it leaves.
func (e *eraser) resolve() error {
	marked, err := e.c.resolve()
	if err != nil {
		return err
	}
	for _, id := range marked {
		for _, target := range e.c.l.targets {
			if err := e.await(target, id); err != nil {
				return err
			}
		}
	}
	for _, id := range e.ids {
		if err := e.c.tx.Delete(bAlias, e.c.l.at(id)); err != nil {
			return err
		}
		slot, err := e.c.entity(id)
		if err != nil {
			return err
		}
		slot.now = nil
	}
	return nil
}

// pairs removes decisions and reviews about the records, which are kept in both directions.
func (e *eraser) pairs() error {
	for _, bucket := range []kv.Bucket{bDecide, bReview} {
		for _, key := range e.members {
			if err := e.pairsOf(bucket, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *eraser) pairsOf(bucket kv.Bucket, key recKey) error {
	prefix := e.c.l.under(string(key))
	var others []string
	for row := range e.c.tx.Scan(bucket, prefix, nil) {
		others = append(others, string(row[len(prefix):]))
	}
	for _, other := range others {
		e.done.Decisions++
		if err := e.c.tx.Delete(bucket, e.c.l.at(string(key), other)); err != nil {
			return err
		}
		if err := e.c.tx.Delete(bucket, e.c.l.at(other, string(key))); err != nil {
			return err
		}
	}
	return e.c.tx.Err()
}

// logs removes the change logs of the customer, and the rows of others' logs that name it.
func (e *eraser) logs() error {
	for _, id := range e.ids {
		n, err := e.c.deleteUnder(bLog, id)
		if err != nil {
			return err
		}
		e.done.Log += n
	}
	for _, name := range e.plan.logs {
		key := e.c.l.at(name)
		if e.c.tx.Get(bLog, key) == nil {
			continue
		}
		e.done.Log++
		if err := e.c.tx.Delete(bLog, key); err != nil {
			return err
		}
	}
	return nil
}

// namesMember reports whether a row holds a reference of the customer whose id tells who it is.
func (e *eraser) namesMember(row []byte) bool {
	return slices.ContainsFunc(e.members, func(k recKey) bool {
		id := refOf(k).ID
		return personalID(id) && strings.Contains(string(row), id)
	})
}

// places takes ids that tell who somebody is out of the notes on how far background work has come: it does a little
// again instead.
func (e *eraser) places() error {
	for _, name := range []string{"remap", "replan"} {
		key := e.c.l.at(name)
		row := e.c.tx.Get(bState, key)
		if row == nil {
			continue
		}
		var p progress
		if err := json.Unmarshal(row, &p); err != nil {
			return damaged(bState, name, err)
		}
		if !slices.Contains(e.members, recKey(p.At)) {
			continue
		}
		group, _, _ := strings.Cut(string(p.At), textMark)
		p.At = []byte(group)
		if err := e.c.putProgress(name, p); err != nil {
			return err
		}
	}
	for _, key := range e.members {
		if err := e.c.tx.Delete(bState, e.c.l.at(stateSpread, string(key))); err != nil {
			return err
		}
	}
	return nil
}
