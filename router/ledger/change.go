package ledger

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// change is one running transaction: what it has read of small rows, and what it will write of them. Rows are kept
// here until flush so that each is written once, and in ascending order, which is what the engine is fast at.
type change struct {
	l      *Ledger
	tx     kv.Tx
	now    time.Time
	number uint64 // of the transaction, once asked for
	metas  map[recKey]*metaSlot
	bodies map[recKey]*bodySlot
	ents   map[string]*entSlot
	counts map[string]int64
	// touched are the records whose say may have changed, as they were before.
	touched   map[recKey]*meta
	past      map[recKey]bool     // records whose history changed
	trailed   map[recKey]bool     // records that addresses, or references, lead to or from otherwise than before
	held      map[string][]recKey // who holds an address or a domain, once asked for
	reasons   map[recKey]reason   // why records were touched, when it was not that they changed
	bars      *int64              // size of the suppression list before this transaction, once asked for
	sightings *int64              // likewise of sightings of strangers
	tombs     *int64              // likewise of erased entities
	// consents and hashed likewise count what was said of consent; consentsWas are rows of it as they were, spoken the terms
	// of those that changed.
	consents, hashed *int64
	consentsWas      map[string][]byte
	spoken           map[string]bool
	is               *reading // rows as they are in this transaction; nil until wanted
	mac              *macs
	erasing          bool // the log tells no values
}

type metaSlot struct {
	*meta          // nil = absent
	dirty   bool   // to be written
	was     state  // as stored, for the counters
	former  latent // the entity as stored
	removed bool   // erased: the row goes
}

// state is what the counters want to know of a record.
type state struct{ known, live bool }

func (m *meta) counted() state {
	return state{m != nil, m != nil && m.deleted == connectors.NotDeleted}
}

type bodySlot struct {
	was, now *body // nil = absent
}

func (l *Ledger) begin(tx kv.Tx) *change {
	return &change{l: l, tx: tx, now: plain(l.now()), metas: map[recKey]*metaSlot{}, bodies: map[recKey]*bodySlot{},
		ents: map[string]*entSlot{}, counts: map[string]int64{}, touched: map[recKey]*meta{},
		reasons: map[recKey]reason{}}
}

// sequence returns the number of this transaction, greater than that of every earlier one. It is the generation of
// the dirty marks and the version of the entities it writes.
func (c *change) sequence() (uint64, error) {
	if c.number != 0 {
		return c.number, nil
	}
	row := c.tx.Get(bState, c.l.at("sequence"))
	if row != nil && len(row) != 8 {
		return 0, damaged(bState, "sequence", errShort)
	}
	c.number = 1
	if row != nil {
		c.number = binary.BigEndian.Uint64(row) + 1
	}
	return c.number, nil
}

// meta returns the row of a record, with a nil meta when the ledger does not know it.
func (c *change) meta(key recKey) (*metaSlot, error) {
	if slot, ok := c.metas[key]; ok {
		return slot, nil
	}
	m, err := readMeta(c.tx, c.l, key)
	if err != nil {
		return nil, err
	}
	slot := &metaSlot{meta: m, was: m.counted()}
	if m != nil {
		slot.former = m.entity
	}
	c.metas[key] = slot
	return slot, nil
}

// body returns the large row of a record.
func (c *change) body(key recKey) (*bodySlot, error) {
	if slot, ok := c.bodies[key]; ok {
		return slot, nil
	}
	b, err := readBody(c.tx, c.l, key)
	if err != nil {
		return nil, err
	}
	slot := &bodySlot{was: b, now: b}
	c.bodies[key] = slot
	return slot, nil
}

// touch remembers how a record was before this transaction changes what it says.
func (c *change) touch(key recKey, slot *metaSlot) error {
	if c.touched[key] != nil {
		return nil
	}
	was := *slot.meta
	c.touched[key] = &was
	if slot.content.isZero() { // it has no body: spare the look-up
		c.bodies[key] = &bodySlot{}
		return nil
	}
	_, err := c.body(key)
	return err
}

func readMeta(r kv.Reader, l *Ledger, key recKey) (*meta, error) {
	row := r.Get(bMeta, l.at(string(key)))
	if row == nil {
		return nil, r.Err()
	}
	m, err := decodeMeta(row)
	if err != nil {
		return nil, damaged(bMeta, key.String(), err)
	}
	return m, nil
}

// add changes a counter; flush writes it.
func (c *change) add(name string, n int64) { c.counts[name] += n }

// flush writes what the change holds back.
func (c *change) flush() error {
	if err := c.flushMetas(); err != nil {
		return err
	}
	if err := c.flushBodies(); err != nil {
		return err
	}
	if err := c.flushEnts(); err != nil {
		return err
	}
	if err := c.flushCounts(); err != nil {
		return err
	}
	if c.number == 0 {
		return nil
	}
	return c.tx.Put(bState, c.l.at("sequence"), binary.BigEndian.AppendUint64(nil, c.number))
}

func (c *change) flushMetas() error {
	var buf enc
	for _, key := range slices.Sorted(maps.Keys(c.metas)) {
		slot := c.metas[key]
		if !slot.dirty {
			continue
		}
		c.tally(key, slot)
		if slot.removed {
			if err := c.tx.Delete(bMeta, c.l.at(string(key))); err != nil {
				return err
			}
			continue
		}
		buf = slot.encode(buf[:0])
		if err := c.tx.Put(bMeta, c.l.at(string(key)), buf); err != nil {
			return err
		}
	}
	return nil
}

// tally keeps the counters of the record's object right.
func (c *change) tally(key recKey, slot *metaSlot) {
	is := slot.counted()
	if slot.removed {
		is = state{}
	}
	if is == slot.was {
		return
	}
	group := key.group()
	switch {
	case is.known && !slot.was.known:
		c.add(countRecords+group, 1)
	case slot.was.known && !is.known:
		c.add(countRecords+group, -1)
	}
	if is.live != slot.was.live {
		n := int64(1)
		if slot.was.live {
			n = -1
		}
		c.add(countLive+group, n)
	}
}

func (c *change) flushBodies() error {
	var buf enc
	for _, key := range slices.Sorted(maps.Keys(c.bodies)) {
		slot := c.bodies[key]
		if slot.now == slot.was {
			continue
		}
		at := c.l.at(string(key))
		if slot.now == nil {
			if err := c.tx.Delete(bBody, at); err != nil {
				return err
			}
			continue
		}
		buf = slot.now.encode(buf[:0])
		if err := c.tx.Put(bBody, at, buf); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) flushCounts() error {
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		if c.counts[name] == 0 {
			continue
		}
		n, err := readCount(c.tx, c.l, name)
		if err != nil {
			return err
		}
		if n += c.counts[name]; n == 0 {
			err = c.tx.Delete(bCount, c.l.at(name))
		} else {
			err = c.tx.Put(bCount, c.l.at(name), binary.AppendVarint(nil, n))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readCount(r kv.Reader, l *Ledger, name string) (int64, error) {
	row := r.Get(bCount, l.at(name))
	if row == nil {
		return 0, r.Err()
	}
	n, size := binary.Varint(row)
	if size != len(row) {
		return 0, damaged(bCount, name, errShort)
	}
	return n, nil
}
