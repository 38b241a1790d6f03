package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// others cleans the records that the plan found. What refers to the customer is searched for single names too, all else
// only for full names, addresses and numbers. A person who has one of those, too, is left alone: it is theirs as well.
func (e *eraser) others() error {
	for _, key := range slices.Sorted(maps.Keys(e.plan.about)) {
		if slices.Contains(e.members, key) {
			continue
		}
		hit, err := e.clean(key, e.plan.about[key])
		if err != nil {
			return err
		}
		if hit {
			e.done.Named = append(e.done.Named, key.String())
		}
		still, err := e.stillNames(key)
		if err != nil {
			return err
		}
		if still {
			e.done.Kept = append(e.done.Kept, key.String())
		}
	}
	return nil
}

// clean takes the customer's traces out of one record.
func (e *eraser) clean(key recKey, related bool) (bool, error) {
	slot, err := e.c.meta(key)
	if err != nil || slot.meta == nil {
		return false, err
	}
	customer := slot.kind == canonical.Person || slot.kind == canonical.Organization
	switch {
	case slot.kind == canonical.Owner, slot.kind == canonical.Pipeline:
		return false, nil
	case slot.content.isZero():
		return false, e.cleanLetter(deadKey{DeadRecord, key.String()}, e.plan.traces.loose)
	}
	b, err := e.c.body(key)
	if err != nil || b.now == nil {
		return false, err
	}
	if slot.kind == canonical.Interaction {
		took, err := e.tookPart(key, b.now)
		if err != nil {
			return false, err
		}
		if related || took {
			return true, e.bare(key, slot, b)
		}
	}
	re := e.plan.traces.strict
	switch {
	case customer:
		p, err := b.now.decodeProfile(key)
		if err != nil || e.owns(&p) {
			return false, err
		}
		if slot.kind == canonical.Organization {
			re = e.plan.traces.sparing(&p)
		}
	case related:
		re = e.plan.traces.loose
	}
	if err := e.cleanLetter(deadKey{DeadRecord, key.String()}, re); err != nil || len(b.now.packed) == 0 {
		return false, err
	}
	raw, err := b.now.raw(key)
	if err != nil {
		return false, err
	}
	data, hit := scrubJSON(re, raw)
	if !hit {
		return false, nil
	}
	return true, e.put(key, slot, data)
}

// stillNames reports whether a record holds something of the customer after it was cleaned, because it is its own: an
// address that both have, one at the customer's domain, the same name.
func (e *eraser) stillNames(key recKey) (bool, error) {
	slot, err := e.c.meta(key)
	if err != nil || slot.meta == nil || slot.kind == canonical.Owner || slot.kind == canonical.Pipeline {
		return false, err
	}
	b, err := e.c.body(key)
	if err != nil || b.now == nil || len(b.now.packed) == 0 {
		return false, err
	}
	raw, err := b.now.raw(key)
	return err == nil && found(e.plan.traces.loose, raw), err
}

// owns reports whether a customer says of itself what the erased one says: a namesake, or a person with a shared address.
func (e *eraser) owns(p *canonical.Profile) bool {
	t := &e.plan.traces
	if p.Kind == canonical.Organization {
		return found(t.titles, p.Get("name")) || found(t.titles, p.Get("legal_name"))
	}
	for _, f := range p.Fields {
		name, _, _ := strings.Cut(f.Name, ".")
		if (name == "name" || name == "emails" || name == "phones") && found(t.strict, f.Value) {
			return true
		}
	}
	given, family := gjson.ParseBytes(p.Get("name.given")).String(), gjson.ParseBytes(p.Get("name.family")).String()
	return found(t.strict, []byte(given+" "+family))
}

// put stores cleaned content in place of what the vendor sent, under the same stamp: the same version sent again is
// known already and does not bring anything back.
func (e *eraser) put(key recKey, slot *metaSlot, data []byte) error {
	rec := connectors.Record{Ref: refOf(key), Version: slot.content.version, Seen: slot.content.seen, Data: data}
	a := arrival{rec: &rec, key: key, stamp: slot.content, stored: true}
	e.c.l.mapRecord(&a)
	if err := e.c.touch(key, slot); err != nil {
		return err
	}
	if a.err != nil { // it cannot be mapped without the customer: nothing of it is kept
		a.suppress()
	}
	slot.kind, slot.filter, slot.mapping, slot.scrubbed, slot.dirty = a.kind, a.filter, e.c.l.mapping, true, true
	e.c.bodies[key].now = a.body
	return nil
}

const participants = "participants"

// tookPart reports whether the customer is among the participants of an interaction that does not refer to it.
func (e *eraser) tookPart(key recKey, b *body) (bool, error) {
	p, err := b.decodeProfile(key)
	return err == nil && found(e.plan.traces.strict, p.Get(participants)), err
}

// bare leaves of an interaction what kind it was, when, and what it was about. Neither text nor participants stay.
func (e *eraser) bare(key recKey, slot *metaSlot, b *bodySlot) error {
	p, err := b.now.decodeProfile(key)
	if err != nil {
		return err
	}
	if err := e.c.touch(key, slot); err != nil {
		return err
	}
	kept := canonical.Profile{Kind: p.Kind}
	for _, f := range p.Fields {
		switch {
		case f.Name == participants && !canonical.IsNull(f.Value):
			kept.Fields = append(kept.Fields, canonical.Field{Name: participants, Value: json.RawMessage(`[{"name":"erased"}]`)})
		case e.impersonal(p.Kind, f):
			kept.Fields = append(kept.Fields, f)
		}
	}
	slot.scrubbed, slot.dirty = true, true
	b.now = &body{profile: kept.AppendBinary(nil), fresh: &kept, targets: targetsOf(&kept, key)}
	e.c.l.correspond(&kept, b.now)
	return nil
}

// impersonal reports whether a field of an interaction tells nothing of who took part.
func (e *eraser) impersonal(kind canonical.Kind, f canonical.Field) bool {
	def, err := canonical.Lookup(kind, f.Name)
	if err != nil {
		return false
	}
	switch def.Type {
	case canonical.Enum, canonical.Time, canonical.Date, canonical.Bool, canonical.Integer, canonical.Decimal:
		return true
	case canonical.Ref, canonical.Refs:
		for ref := range refsIn(f.Value) {
			if key, err := keyOfText(ref); err != nil || slices.Contains(e.members, key) {
				return false
			}
		}
		return def.To != canonical.Person
	}
	return false
}

// letters cleans dead letters of others that hold an address or a number, and those that were found by reference.
func (e *eraser) letters() error {
	var hits []deadKey
	for key, row := range e.c.tx.Scan(bDead, []byte(e.c.l.ws), nil) {
		var d Dead
		if err := json.Unmarshal(row, &d); err != nil {
			return damaged(bDead, fmt.Sprintf("%q", key), err)
		}
		if e.plan.traces.near(d.Data) || d.Delivery != nil && e.plan.traces.delivery(d.Delivery) || e.namesMember(row) {
			if k, err := parseDeadID(d.ID); err == nil {
				hits = append(hits, k)
			}
		}
	}
	for _, k := range hits {
		if err := e.cleanLetter(k, e.plan.traces.strict); err != nil {
			return err
		}
	}
	return e.c.tx.Err()
}

// cleanLetter takes the customer's traces out of a letter. What is no JSON loses its content and keeps its name.
func (e *eraser) cleanLetter(k deadKey, re *regexp.Regexp) error {
	d, err := readDead(e.c.tx, e.c.l, k)
	if err != nil || d == nil {
		return err
	}
	if slices.ContainsFunc(e.members, func(m recKey) bool { return refOf(m) == d.Ref && personalID(d.Ref.ID) }) {
		return e.letter(k)
	}
	hit := false
	if found(re, d.Data) {
		d.Data, hit = cleaned(re, d.Data), true
	}
	if _, named := replace(re, d.Cause); named {
		d.Cause, hit = "cleaned by an erasure", true
	}
	if d.Delivery != nil {
		hit = e.plan.traces.cleanDelivery(d.Delivery) || hit
	}
	if !hit {
		return nil
	}
	e.done.Letters++
	row, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode dead letter %s: %w", k.id(), err)
	}
	return e.c.tx.Put(bDead, e.c.l.at(string(k.kind), k.name), row)
}

// cleaned is data without matches, empty when it is no JSON that could be cleaned.
func cleaned(re *regexp.Regexp, data []byte) []byte {
	if !json.Valid(data) {
		return nil
	}
	out, _ := scrubJSON(re, data)
	return out
}

// delivery reports whether a webhook delivery names the customer.
func (t *traces) delivery(d *Delivery) bool {
	if found(t.strict, d.Request.Body) || found(t.strict, []byte(d.Request.URL)) {
		return true
	}
	for _, values := range d.Request.Header {
		for _, v := range values {
			if found(t.strict, []byte(v)) {
				return true
			}
		}
	}
	return false
}

// cleanDelivery takes the customer out of a delivery and reports whether it was there. A body that cannot be cleaned
// goes as a whole: polling brings what it hinted at.
func (t *traces) cleanDelivery(d *Delivery) bool {
	if !t.delivery(d) {
		return false
	}
	if found(t.strict, d.Request.Body) {
		d.Request.Body = cleaned(t.strict, d.Request.Body)
	}
	if found(t.strict, []byte(d.Request.URL)) {
		d.Request.URL = ""
	}
	for name, values := range d.Request.Header {
		if slices.ContainsFunc(values, func(v string) bool { return found(t.strict, []byte(v)) }) {
			delete(d.Request.Header, name)
		}
	}
	return true
}

// inbox cleans deliveries that wait to be parsed; one whose body is gone is taken out.
func (e *eraser) inbox() error {
	for key, row := range e.c.tx.Scan(bInbox, []byte(e.c.l.ws), nil) {
		d, err := e.c.l.readDelivery(key, row)
		if err != nil {
			return err
		}
		if !e.plan.traces.cleanDelivery(&d) {
			continue
		}
		e.done.Deliveries++
		if err := e.putDelivery(slices.Clone(key), &d); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) putDelivery(key []byte, d *Delivery) error {
	if len(d.Request.Body) == 0 || d.Request.URL == "" {
		e.c.add(countInbox, -1)
		return e.c.tx.Delete(bInbox, key)
	}
	return e.c.tx.Put(bInbox, key, d.row())
}

// failures takes the customer out of the last errors of streams, which name references, and those may be addresses.
func (e *eraser) failures() error {
	return e.eachStream(func(s *Stream) bool {
		if _, hit := replace(e.plan.traces.strict, s.Failure.Error); !hit && !e.namesMember([]byte(s.Failure.Error)) {
			return false
		}
		s.Failure.Error = "cleaned by an erasure"
		return true
	})
}

func (e *eraser) eachStream(fn func(*Stream) bool) error {
	for key, row := range e.c.tx.Scan(bStream, []byte(e.c.l.ws), nil) {
		var s Stream
		if err := json.Unmarshal(row, &s); err != nil {
			return damaged(bStream, fmt.Sprintf("%q", key), err)
		}
		if !fn(&s) {
			continue
		}
		if err := e.c.putStream(&s); err != nil {
			return err
		}
	}
	return nil
}
