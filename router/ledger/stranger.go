package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// A record that is kept only with somebody who is known (mapping.Known) leaves nothing here as long as nobody is, but a sighting:
// that there was one, in which stream and how early, under the keyed hashes of the addresses and domains that would make
// it known, as the suppression list keeps them. When a live customer comes to hold one of them, the stream has a gap from
// then on, and polling reads it again. What was kept once stays when those leave whom it was known by: it happened.

// RuleUnknown is the rule that Counts.ByRule names for records nobody of which is known (invariant 7).
const RuleUnknown = "unknown correspondents"

// BecameKnown is the kind of a gap that is no fault: records were passed over whose correspondents are known now.
const BecameKnown = "correspondents became known"

// strangerTerm begins what is hashed for a stranger, which an entry of the suppression list must not be taken for.
const strangerTerm = "stranger:"

const countStrangers = "strangers"

// strange reports whether nobody of an arrival is known, and notes the sighting then, if it is not known itself. It does
// not change the arrival: when the transaction runs again, somebody may be.
func (c *change) strange(a *arrival, slot *metaSlot) (bool, error) {
	if a.known == nil || a.filter != "" || a.err != nil || slot.meta != nil && slot.kind != "" {
		return false, nil
	}
	for _, address := range a.known.Addresses {
		known, err := c.acquainted(address)
		if known || err != nil {
			return false, err
		}
	}
	return true, c.sight(a)
}

// passOver is strange for an arrival of which nothing is stored yet.
func (c *change) passOver(a *arrival, slot *metaSlot) (bool, error) {
	if slot.meta != nil && !slot.content.isZero() || len(a.rec.Data) == 0 || a.rec.Deleted.Kind == connectors.Privacy {
		return false, nil
	}
	if !a.mapped {
		c.l.mapRecord(a)
		if err := c.screen(a); err != nil {
			return false, err
		}
	}
	strange, err := c.strange(a, slot)
	if !strange || err != nil || slot.meta == nil || !slot.dead {
		return strange, err
	}
	slot.dead, slot.dirty = false, true // it could not be mapped before
	return true, c.unbury(deadKey{DeadRecord, a.key.String()})
}

// emptied takes the content of an arrival that a rule kept out until now, and of which nobody is known: nothing is left but
// its name. When somebody is known, the same content is new.
func (c *change) emptied(a *arrival, slot *metaSlot) error {
	slot.content, slot.mapping, slot.kind, slot.filter, slot.dirty = a.stamp, 0, "", RuleUnknown, true
	c.bodies[a.key].now = &body{}
	return c.revive(a, slot)
}

// acquainted reports whether a live customer holds an address, or an organization its domain. Whoever was erased and is to
// stay away is not known, not even by where they work.
func (c *change) acquainted(address string) (bool, error) {
	some, err := c.hasBars()
	if err != nil {
		return false, err
	}
	if some {
		b, err := c.bar(barTerm(canonical.Person, identity.EmailSpace, address))
		if err != nil || b != nil && b.whole {
			return false, err
		}
	}
	for _, one := range []string{address, c.l.domainMark(address)} {
		if one == "" {
			continue
		}
		list, err := c.holders(one)
		if err != nil || len(list) > 0 {
			return len(list) > 0, err
		}
	}
	return false, nil
}

// sight notes what would make an arrival known, where it was, and how early.
func (c *change) sight(a *arrival) error {
	if len(c.l.barKeys) == 0 {
		return fmt.Errorf("pass over %s: %w", a.rec.Ref, errNoBarKey)
	}
	stream, err := c.streamOf(a)
	if err != nil {
		return err
	}
	at := plain(a.rec.Version)
	for _, t := range []time.Time{plain(a.rec.Seen), c.now} { // no time to come: it was there to be read
		if t.Before(at) && !t.IsZero() {
			at = t
		}
	}
	for _, address := range a.known.Addresses {
		for _, one := range []string{address, c.l.domainMark(address)} {
			if one == "" {
				continue
			}
			if err := c.noteSighting(one, a.rec.Ref.Connection, stream, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *change) noteSighting(address, connection, stream string, at time.Time) error {
	key := c.l.at(c.macs().name(0, strangerTerm+address), connection, stream)
	switch row := c.tx.Get(bStranger, key); {
	case row == nil:
		c.add(countStrangers, 1)
	default:
		before, err := decodeSighting(row)
		if err != nil || !at.Before(before) {
			return err
		}
	}
	var row enc
	row.time(at)
	return c.tx.Put(bStranger, key, row)
}

func decodeSighting(row []byte) (time.Time, error) {
	d := dec{b: row}
	at := d.time()
	if err := d.end(); err != nil {
		return at, damaged(bStranger, "a stranger", err)
	}
	return at, nil
}

// streamOf returns the stream that has an arrival: that of its page, or, for what was fetched by reference, the stream whose
// pages its object comes with.
func (c *change) streamOf(a *arrival) (string, error) {
	if a.stream != "" {
		return a.stream, nil
	}
	connection, object := a.key.object()
	for key, row := range c.tx.Scan(bStream, c.l.under(connection), nil) {
		var s Stream
		if err := json.Unmarshal(row, &s); err != nil {
			return "", damaged(bStream, fmt.Sprintf("%q", key), err)
		}
		if s.Object == object || slices.Contains(s.Along, object) { // what was only ever fetched says no object
			return s.Stream, nil
		}
	}
	return object, c.tx.Err()
}

// meet looks for sightings of those whom a record makes known.
func (c *change) meet(was, now *meta, slot *bodySlot) error {
	if n, err := c.strangers(); n == 0 || err != nil {
		return err
	}
	before := heldBy(was, slot.was)
	for _, address := range heldBy(now, slot.now) {
		if slices.Contains(before, address) {
			continue
		}
		if err := c.met(address); err != nil {
			return err
		}
	}
	return nil
}

// strangers returns how many sightings there are.
func (c *change) strangers() (int64, error) {
	if c.sightings == nil {
		n, err := readCount(c.tx, c.l, countStrangers)
		if err != nil {
			return 0, err
		}
		c.sightings = &n
	}
	return *c.sightings + c.counts[countStrangers], nil
}

// heldBy lists the e-mail addresses of a live customer, and the domains of an organization after an @.
func heldBy(m *meta, b *body) []string {
	if m == nil || b == nil || !m.live() || m.kind != canonical.Person && m.kind != canonical.Organization {
		return nil
	}
	list := slices.Clone(b.mail)
	for i := range b.keys {
		switch k := &b.keys[i]; k.Space {
		case identity.EmailSpace:
			list = append(list, k.Value)
		case identity.DomainSpace:
			list = append(list, "@"+k.Value)
		}
	}
	return list
}

// met turns the sightings of an address or a domain into gaps.
func (c *change) met(address string) error {
	m := c.macs()
	for n := range m.list {
		prefix := c.l.under(m.name(n, strangerTerm+address))
		found := map[string]time.Time{}
		for key, row := range c.tx.Scan(bStranger, prefix, nil) {
			at, err := decodeSighting(row)
			if err != nil {
				return err
			}
			found[string(key[len(prefix):])] = at
		}
		for name, at := range found {
			connection, stream, _ := strings.Cut(name, nul)
			g := Gap{Connection: connection, Stream: stream, From: at, Kind: BecameKnown, Reason: "what was passed over is read again"}
			if err := c.openGap(&g); err != nil {
				return err
			}
			c.add(countStrangers, -1)
			if err := c.tx.Delete(bStranger, append(slices.Clone(prefix), name...)); err != nil {
				return err
			}
		}
	}
	return c.tx.Err()
}

// streamName is a stream of a connection.
type streamName struct{ connection, stream string }

// passedOver returns how early each stream had something of strangers, when other rules passed it over than those that hold
// now: they may let it in, and of what they would have to be asked nothing is stored. It is nil when the rules are the same or
// the ledger's first.
func (l *Ledger) passedOver(ctx context.Context) (map[streamName]time.Time, error) {
	anew := false
	err := l.view(ctx, "look for other rules", func(r kv.Reader) error {
		row := r.Get(bState, l.at("remap"))
		p, err := readProgress(r, l, "remap", l.mapping)
		anew = row != nil && p.At == nil && !p.Done
		return err
	})
	if err != nil || !anew {
		return nil, err
	}
	early := map[streamName]time.Time{}
	err = l.eachRow(ctx, bStranger, []byte(l.ws), []byte(l.ws), func(key, row []byte) error {
		at, err := decodeSighting(row)
		if err != nil {
			return err
		}
		parts := strings.Split(string(key), nul)
		name := streamName{parts[len(parts)-2], parts[len(parts)-1]}
		if first, known := early[name]; !known || at.Before(first) {
			early[name] = at
		}
		return nil
	})
	return early, err
}

// reconsider has what was passed over read again.
func (c *change) reconsider(early map[streamName]time.Time) error {
	for name, at := range early {
		g := Gap{Connection: name.connection, Stream: name.stream, From: at, Kind: BecameKnown, Reason: "what other rules passed over is read again"}
		if err := c.openGap(&g); err != nil {
			return err
		}
	}
	return nil
}
