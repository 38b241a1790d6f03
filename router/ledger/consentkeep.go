package ledger

import (
	"maps"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// keepConsents keeps what one version of a record says of consent, whether or not it is the newest. What a person says is
// kept by manualConsents, with the addresses of the customer.
func (c *change) keepConsents(key recKey, at stamp, p *canonical.Profile) error {
	if p == nil || refOf(key).Connection == identity.ManualConnection {
		return nil
	}
	list := permissionsIn(p)
	for i := range list {
		terms, err := c.consentTerms(key, p, list[i].Channel)
		if err != nil {
			return err
		}
		for _, t := range terms {
			if err := c.addConsents(t, key, sayingsOf(&list[i], at)); err != nil {
				return err
			}
		}
	}
	if p.Kind != canonical.Person {
		return nil
	}
	return c.followPerson(key, p)
}

// repeatConsents notes that a record of consent was said again by a later version: an opt-in from between the two lifts
// nothing. Of people, keepPast does it.
func (c *change) repeatConsents(key recKey, slot *metaSlot, at stamp) error {
	if slot.kind != canonical.Consent {
		return nil
	}
	p, err := c.profileOf(key)
	if err != nil {
		return err
	}
	return c.keepConsents(key, at, p)
}

// consentTerms lists what a record's word about a channel is about: its addresses, else those of the person it names and
// that person's record, else the record itself.
func (c *change) consentTerms(key recKey, p *canonical.Profile, channel string) ([]string, error) {
	terms := addressesOf(p, spaceOf(channel))
	if len(terms) > 0 {
		return terms, nil
	}
	person, err := keyOfText(textOf(p, "person"))
	if p.Kind != canonical.Consent || err != nil {
		return []string{refTerm(key)}, nil
	}
	terms = []string{refTerm(person)}
	of, err := c.profileOf(person)
	if err != nil || of == nil {
		return terms, err
	}
	return append(terms, addressesOf(of, spaceOf(channel))...), nil
}

// profileOf returns what a record says now, nil when nothing is known of it.
func (c *change) profileOf(key recKey) (*canonical.Profile, error) {
	slot, err := c.meta(key)
	if err != nil || slot.meta == nil || slot.kind == "" || slot.content.isZero() {
		return nil, err
	}
	b, err := c.bodyOf(key)
	if err != nil {
		return nil, err
	}
	p, err := b.decodeProfile(key)
	return &p, err
}

// followPerson makes what records of consent say of a person's record about the addresses that it has now.
func (c *change) followPerson(key recKey, p *canonical.Profile) error {
	some, err := c.hasConsents()
	if err != nil || !some {
		return err
	}
	rows, err := c.reading().consentRows(refTerm(key))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.by == key || row.by == "" {
			continue
		}
		if err := c.sayAlso(row, p); err != nil {
			return err
		}
	}
	return nil
}

// sayAlso makes what a row says count for a person's addresses, and what its record says now, of which no word need be kept.
func (c *change) sayAlso(row spokenBy, p *canonical.Profile) error {
	of, err := c.reading().profile(row.by)
	if err != nil {
		return err
	}
	if of != nil {
		for _, now := range permissionsIn(of) {
			row.consents = &consents{said: append(slices.Clip(row.said), saying{channel: now.Channel})}
		}
	}
	for _, s := range row.said {
		for _, t := range addressesOf(p, spaceOf(s.channel)) {
			words := []saying{s}
			if s.what == 0 { // it only waits, and the row says that it speaks of the address
				words = nil
			}
			if err := c.addConsents(t, row.by, words); err != nil {
				return err
			}
		}
	}
	return nil
}

// addConsents adds words to the row of a term and a record, which is made when there is none.
func (c *change) addConsents(t string, by recKey, said []saying) error {
	row, err := c.consentRow(t, by)
	if err != nil {
		return err
	}
	known := row != nil
	if !known {
		row = &consents{}
	}
	changed := false
	for _, s := range said {
		changed = row.add(s) || changed
	}
	if known && !changed {
		return nil
	}
	if err := c.putConsents(t, by, row); err != nil {
		return err
	}
	if strings.HasPrefix(t, hashTerm+nul) {
		return nil // nobody knows whose it is
	}
	return c.noteTerm(by, t, true)
}

// noteTerm keeps the list of the terms that a record has rows of.
func (c *change) noteTerm(by recKey, t string, has bool) error {
	list, err := c.consentRow(refTerm(by), "")
	if err != nil {
		return err
	}
	if list == nil {
		list = &consents{}
	}
	at, found := slices.BinarySearch(list.terms, t)
	switch {
	case found == has:
		return nil
	case has:
		list.terms = slices.Insert(slices.Clip(list.terms), at, t)
	default:
		list.terms = slices.Delete(slices.Clone(list.terms), at, at+1)
	}
	if len(list.terms) == 0 {
		list = nil
	}
	return c.putConsents(refTerm(by), "", list)
}

// consentRow returns a row, nil when there is none.
func (c *change) consentRow(t string, by recKey) (*consents, error) {
	row := c.tx.Get(bConsent, c.l.at(t, string(by)))
	if row == nil {
		return nil, c.tx.Err()
	}
	return decodeConsents(row)
}

// putConsents writes a row, or takes it away when it is nil, and remembers how it was before the transaction.
func (c *change) putConsents(t string, by recKey, row *consents) error {
	key := c.l.at(t, string(by))
	old := c.tx.Get(bConsent, key)
	if _, known := c.consentsWas[string(key)]; !known {
		if c.consentsWas == nil {
			c.consentsWas = map[string][]byte{}
		}
		c.consentsWas[string(key)] = slices.Clone(old)
	}
	c.speak(t)
	n := int64(0)
	switch {
	case row == nil && old == nil:
		return c.tx.Err()
	case row == nil:
		n = -1
	case old == nil:
		n = 1
	}
	c.add(countConsents, n)
	if strings.HasPrefix(t, hashTerm+nul) {
		c.add(countHashed, n)
	}
	if row == nil {
		return c.tx.Delete(bConsent, key)
	}
	return c.tx.Put(bConsent, key, row.encode())
}

// hasConsents reports whether anything was ever said of consent, for the cost of one look-up a transaction.
func (c *change) hasConsents() (bool, error) { return c.anyOf(&c.consents, countConsents) }

// hasHashed likewise reports whether an erasure left anything of it.
func (c *change) hasHashed() (bool, error) { return c.anyOf(&c.hashed, countHashed) }

func (c *change) anyOf(stored **int64, name string) (bool, error) {
	if *stored == nil {
		n, err := readCount(c.tx, c.l, name)
		if err != nil {
			return false, err
		}
		*stored = &n
	}
	return **stored+c.counts[name] > 0 || len(c.consentsWas) > 0, nil
}

// reconsent makes the golden records anew of the customers that are not looked at anyway and of which another one's
// record says something: by an address that both have, or by reference.
func (c *change) reconsent(g *regrouping) error {
	some, err := c.hasConsents()
	if err != nil || !some {
		return err
	}
	about := map[recKey]bool{}
	for key := range c.touched {
		if err := c.spokenFor(key, about); err != nil {
			return err
		}
	}
	for t := range c.spoken {
		if err := c.concerned(t, about); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(about)) {
		slot, err := g.e.entityAt(key)
		if err != nil {
			return err
		}
		if slot == nil || slot.kind != canonical.Person || g.current[entityID(slot.kind, slot.entity)] {
			continue
		}
		id := entityID(slot.kind, slot.entity)
		ent, err := c.entity(id)
		if err != nil || ent.now == nil {
			return err
		}
		g.current[id] = true
		if err := c.putEntity(id, slot.kind, ent.now.members, g.e); err != nil {
			return err
		}
	}
	return nil
}

// spokenFor notes the terms of a touched record, and adds the person that a record of consent names.
func (c *change) spokenFor(key recKey, about map[recKey]bool) error {
	list, err := c.consentRow(refTerm(key), "")
	if err != nil || list == nil {
		return err
	}
	for _, t := range list.terms {
		c.speak(t)
	}
	for _, b := range []*body{c.bodies[key].was, c.bodies[key].now} {
		if b == nil {
			continue
		}
		for _, named := range b.targets {
			about[named] = true
		}
	}
	return nil
}

func (c *change) speak(t string) {
	if c.spoken == nil {
		c.spoken = map[string]bool{}
	}
	c.spoken[t] = true
}

// concerned adds the records that have the address of a term, whether or not it is a key, and those that said something of
// it.
func (c *change) concerned(t string, about map[recKey]bool) error {
	list := holdersOf(c.tx, c.l, t, mostHolders)
	if address, is := strings.CutPrefix(t, identity.EmailSpace+nul); is {
		list = append(list, holdersOf(c.tx, c.l, mailSpace+nul+address, mostHolders)...)
	}
	for _, key := range list {
		about[key] = true
	}
	rows, err := c.reading().consentRows(t)
	for _, row := range rows {
		about[row.by] = true
	}
	delete(about, "")
	return err
}
