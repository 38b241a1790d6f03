package ledger

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// What happened to a customer is found by trails: rows of an interaction under each e-mail address, domain and record of
// whom it was with, newest first. They name addresses and not people. So nothing is rewritten when identities join or
// split or an address goes from one to another: who holds the address is asked when somebody reads.
//
// The way back, from an address to people, are the identity keys. Those leave out what names nobody, info@ for example;
// mail rows in the same bucket hold the rest.

const (
	mailSpace = "mail" // of trails: an address, or @ and a domain; of the index of keys: an address that is no key
	mostMail  = 500    // addresses of one interaction that are followed; a mail to more people is a circular
)

// correspond fills in the addresses of a body, and when it happened.
func (l *Ledger) correspond(p *canonical.Profile, b *body) {
	switch p.Kind {
	case canonical.Interaction:
		b.mail = l.participantsOf(p)
		b.when, _ = time.Parse(time.RFC3339Nano, textOf(p, "occurred_at"))
		b.when = plain(b.when)
	case canonical.Person, canonical.Organization:
		b.mail = plainAddresses(p, b.keys)
	}
	slices.Sort(b.mail)
	b.mail = slices.Compact(b.mail)
	b.laid = len(b.mail) > 0 || p.Kind == canonical.Interaction
}

// lay lays the trails of an interaction of which an erasure left the profile alone, in the ledger of an earlier version.
func (c *change) lay(key recKey) error {
	slot, err := c.meta(key)
	if err != nil || slot.meta == nil || slot.kind != canonical.Interaction {
		return err
	}
	if err := c.touch(key, slot); err != nil {
		return err
	}
	old := c.bodies[key].now
	if old == nil || old.laid {
		return nil
	}
	p, err := old.decodeProfile(key)
	if err != nil {
		return err
	}
	now := *old
	c.l.correspond(&p, &now)
	c.bodies[key].now = &now
	return nil
}

// plainAddresses lists the e-mail addresses of a customer that are none of its keys.
func plainAddresses(p *canonical.Profile, keys []identity.Key) (list []string) {
	value := p.Get("emails")
	if value == nil {
		return nil
	}
	gjson.ParseBytes(value).ForEach(func(_, e gjson.Result) bool {
		address := e.Get("address").Str
		if address != "" && !slices.Contains(keys, identity.Key{Space: identity.EmailSpace, Value: address}) {
			list = append(list, address)
		}
		return true
	})
	return list
}

// participantsOf lists the e-mail addresses of those who took part in an interaction, without ours, and @ before the
// domain of each that is an organization's.
func (l *Ledger) participantsOf(p *canonical.Profile) (list []string) {
	value := p.Get(participants)
	if value == nil {
		return nil
	}
	ours := textOf(p, "direction") == "outbound"
	gjson.ParseBytes(value).ForEach(func(_, e gjson.Result) bool {
		if ours && sends[e.Get("role").Str] {
			return true
		}
		address, _, err := canonical.CleanEmail(e.Get("address").Str)
		if err != nil {
			return true
		}
		list = append(list, address)
		if domain := l.domainMark(address); domain != "" {
			list = append(list, domain)
		}
		return len(list) < 2*mostMail
	})
	return list
}

// sends are the roles of who writes a mail.
var sends = map[string]bool{"from": true, "sender": true, "reply_to": true}

// domainMark returns @ and the domain of an address that tells an organization, "" for none: free mail tells nobody's.
func (l *Ledger) domainMark(address string) string {
	_, host, _ := strings.Cut(address, "@")
	domain, err := canonical.CleanDomain(host)
	if err != nil || !l.resolver.Own(domain) {
		return ""
	}
	return "@" + domain
}

// trailRows names the trails of a record: of an interaction that was not deleted.
func (c *change) trailRows(m *meta, b *body, key recKey) []string {
	if b == nil || !b.laid || m.kind != canonical.Interaction || !m.live() {
		return nil
	}
	when := backwards(b.when)
	list := make([]string, 0, len(b.mail)+len(b.targets))
	for _, a := range b.mail {
		list = append(list, c.l.ws+mailSpace+nul+a+nul+when+string(key))
	}
	for _, t := range b.targets {
		list = append(list, c.l.ws+identity.RefSpace+nul+string(t)+nul+when+string(key))
	}
	return list
}

// trailTime is the length of the time in a trail.
const trailTime = 8

// backwards returns bytes that are the smaller the later an instant is.
func backwards(t time.Time) string {
	var b [trailTime]byte
	binary.BigEndian.PutUint64(b[:], ^(uint64(t.UnixMicro()) ^ 1<<63))
	return string(b[:])
}

// mailRows names the rows of a customer's addresses that are no keys.
func (c *change) mailRows(m *meta, b *body, key recKey) []string {
	if b == nil || !m.member() || m.kind == canonical.Interaction {
		return nil
	}
	list := make([]string, len(b.mail))
	for i, a := range b.mail {
		list[i] = c.l.ws + mailSpace + nul + a + nul + string(key)
	}
	return list
}

// retrail notes that what leads to a record, or from it, changed.
func (c *change) retrail(key recKey, changed bool) {
	if !changed {
		return
	}
	if c.trailed == nil {
		c.trailed = map[recKey]bool{}
	}
	c.trailed[key] = true
}

// retrailed sees to it that what changed of the trails is marked, also where no golden record did: trails are laid in the ledger
// of an earlier version when Remap comes to a record.
func (e *effects) retrailed() {
	for key := range e.c.trailed {
		if _, known := e.around[key]; known {
			continue
		}
		slot := e.c.metas[key]
		e.around[key] = slot.kind
		if was := e.c.touched[key]; slot.kind == "" && was != nil {
			e.around[key] = was.kind
		}
		if name := e.c.entityNow(key); name != "" && e.c.l.reach(slot.kind).Own {
			e.dirty[name] = true
		}
	}
}

// mostHolders bounds how many records are looked at that hold one address.
const mostHolders = 1000

// holders lists live records of customers that hold an e-mail address, or of organizations whose domain it is after an @.
func (c *change) holders(address string) ([]recKey, error) {
	if list, known := c.held[address]; known {
		return list, nil
	}
	prefixes := [][]byte{c.l.under(identity.EmailSpace, address), c.l.under(mailSpace, address)}
	if domain, is := strings.CutPrefix(address, "@"); is {
		prefixes = [][]byte{c.l.under(identity.DomainSpace, domain)}
	}
	var list []recKey
	for _, prefix := range prefixes {
		n := 0
		for key := range below(c.tx, bKey, prefix) {
			m, err := c.glance(key)
			if err != nil {
				return nil, err
			}
			if m != nil && m.live() {
				list = append(list, key)
			}
			if n++; n == mostHolders {
				break
			}
		}
	}
	if c.held == nil {
		c.held = map[string][]recKey{}
	}
	c.held[address] = list
	return list, c.tx.Err()
}

// glance returns a record as it is in this transaction, without making it a part of that.
func (c *change) glance(key recKey) (*meta, error) {
	if slot, ok := c.metas[key]; ok {
		return slot.meta, nil
	}
	return readMeta(c.tx, c.l, key)
}
