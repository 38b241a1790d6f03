package ledger

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// The suppression list. What must not come back after an erasure is kept as HMAC-SHA256 of a normal form, under a key
// that is derived from the ledger's: plain hashes of e-mail addresses can be guessed and would remain personal data
// (GDPR, recital 26). A row is met by exact look-up alone, so an empty list costs one counter a transaction.

// RuleSuppressed is the rule that Counts.ByRule names for records that the suppression list kept out (invariant 7).
const RuleSuppressed = "suppressed"

// What is hashed besides identity keys, which are hashed as their kind, space and value.
const (
	barRef     = "ref:"     // connection/object/id
	barEntity  = "entity:"  // id of an entity: the name of a group of bars
	barConsent = "consent:" // address of which a record that is erased said something
)

const countBars = "bars"

// barForm is the form of a bar's row.
const barForm = 1

// bar is one entry of the suppression list.
type bar struct {
	whole bool      // nothing is ever taken; otherwise only what is not newer than upTo is refused
	at    time.Time // our clock
	group [16]byte  // of the bars that one erasure left: lifting one lifts all
	upTo  stamp
}

func (b *bar) encode() []byte {
	var e enc
	e.byte(barForm)
	whole := byte(0)
	if b.whole {
		whole = 1
	}
	e.byte(whole)
	e.time(b.at)
	e.raw(b.group[:])
	e.stamp(b.upTo)
	return e
}

func decodeBar(row []byte) (bar, error) {
	d := dec{b: row}
	if d.byte() != barForm {
		d.fail()
	}
	b := bar{whole: d.byte() == 1, at: d.time()}
	copy(b.group[:], d.take(16))
	b.upTo = d.stamp()
	if err := d.end(); err != nil {
		return b, damaged(bBar, "a suppression", err)
	}
	return b, nil
}

// errNoBarKey says that nothing can be suppressed or erased.
var errNoBarKey = errors.New("the ledger has no key for its suppression list: set the key of the data directory")

// barKeys derives the keys of the list from those of the ledger, the present one first.
func barKeys(key []byte, former [][]byte) ([][]byte, error) {
	if len(key) == 0 {
		return nil, nil
	}
	var list [][]byte
	for _, k := range append([][]byte{key}, former...) {
		if len(k) != 32 {
			return nil, fmt.Errorf("open ledger: a former key has %d bytes, not 32", len(k))
		}
		derived, err := hkdf.Key(sha256.New, k, nil, "millrace suppression list", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("open ledger: derive the key of the suppression list: %w", err)
		}
		list = append(list, derived)
	}
	return list, nil
}

// macs computes the names of bars. It is for one goroutine.
type macs struct {
	ws   string
	list []hash.Hash // one for each key
}

func (l *Ledger) newMacs() *macs {
	m := &macs{ws: l.ws}
	for _, k := range l.barKeys {
		m.list = append(m.list, hmac.New(sha256.New, k))
	}
	return m
}

// name returns what term is called under the n-th key. The workspace is part of it, so that lists cannot be compared.
func (m *macs) name(n int, term string) string {
	h := m.list[n]
	h.Reset()
	_, _ = h.Write([]byte(m.ws))
	_, _ = h.Write([]byte(term))
	return string(h.Sum(nil))
}

func (m *macs) group(entity string) (g [16]byte) {
	copy(g[:], m.name(0, barEntity+entity))
	return g
}

// hasBars reports whether the list is not empty, for the cost of one look-up a transaction.
func (c *change) hasBars() (bool, error) {
	if len(c.l.barKeys) == 0 {
		return false, nil
	}
	if c.bars == nil {
		n, err := readCount(c.tx, c.l, countBars)
		if err != nil {
			return false, err
		}
		c.bars = &n
	}
	return *c.bars+c.counts[countBars] > 0, nil
}

// bar returns the entry of a term, nil for none. One that was stored under a former key moves to the present one.
func (c *change) bar(term string) (*bar, error) {
	m := c.macs()
	for n := range m.list {
		key := c.l.at(m.name(n, term))
		row := c.tx.Get(bBar, key)
		if row == nil {
			continue
		}
		b, err := decodeBar(row)
		if err != nil || n == 0 {
			return &b, err
		}
		if err := c.tx.Delete(bBar, key); err != nil {
			return nil, err
		}
		return &b, c.tx.Put(bBar, c.l.at(m.name(0, term)), b.encode())
	}
	return nil, c.tx.Err()
}

func (c *change) macs() *macs {
	if c.mac == nil {
		c.mac = c.l.newMacs()
	}
	return c.mac
}

// putBar adds a term to the list and reports whether it is new there.
func (c *change) putBar(term string, b bar) (bool, error) {
	old, err := c.bar(term)
	if err != nil {
		return false, err
	}
	if old != nil && old.whole && !b.whole {
		return false, nil // what refuses more stays
	}
	if old == nil {
		c.add(countBars, 1)
	}
	return old == nil, c.tx.Put(bBar, c.l.at(c.macs().name(0, term)), b.encode())
}

// refused reports whether the list keeps an arrival out by its reference.
func (c *change) refused(a *arrival) (bool, error) { return c.refusedOf(a.rec.Ref.String(), a.stamp) }

// refusedOf reports whether the list keeps out what is said of a record with a stamp.
func (c *change) refusedOf(ref string, at stamp) (bool, error) {
	some, err := c.hasBars()
	if err != nil || !some {
		return false, err
	}
	b, err := c.bar(barRef + ref)
	return b != nil && (b.whole || !at.after(b.upTo)), err
}

// barred reports whether nothing of a record is ever taken.
func (c *change) barred(ref connectors.Ref) (bool, error) {
	some, err := c.hasBars()
	if err != nil || !some {
		return false, err
	}
	b, err := c.bar(barRef + ref.String())
	return b != nil && b.whole, err
}

// screen turns a mapped arrival into a filtered one without content when what it says is on the list: by an address, a
// number or, when it could not be mapped, by any e-mail address in it.
func (c *change) screen(a *arrival) error {
	some, err := c.hasBars()
	if err != nil || !some || a.filter == RuleSuppressed {
		return err
	}
	for _, term := range barTerms(a) {
		b, err := c.bar(term)
		if err != nil {
			return err
		}
		if b != nil && b.whole {
			a.suppress()
			return nil
		}
	}
	return nil
}

// suppress leaves nothing of an arrival but its name and stamp.
func (a *arrival) suppress() {
	a.mapped, a.kind, a.filter, a.err, a.body = true, "", RuleSuppressed, nil, &body{}
}

// barTerms lists what the list may know of an arrival's content.
func barTerms(a *arrival) []string {
	if a.err != nil {
		return addressesIn(a.rec.Data)
	}
	if a.body == nil {
		return nil
	}
	return termsOf(a.kind, a.body.keys)
}

// termsOf lists what names the one person, or organization, that a profile speaks of.
func termsOf(kind canonical.Kind, keys []identity.Key) []string {
	var terms []string
	for i := range keys {
		if names(kind, &keys[i]) {
			terms = append(terms, barTerm(kind, keys[i].Space, keys[i].Value))
		}
	}
	return terms
}

// names reports whether a key can stand on the suppression list: what the resolver takes for one customer's own, so no
// role's address and no free-mail domain, and no number of an organization, which its people have too.
func names(kind canonical.Kind, k *identity.Key) bool {
	switch k.Space {
	case identity.EmailSpace, identity.MailboxSpace, identity.PhoneSpace:
		return kind == canonical.Person
	case identity.DomainSpace:
		return kind == canonical.Organization
	case identity.IDSpace:
		return true
	}
	return false
}

func barTerm(kind canonical.Kind, space, value string) string {
	return string(kind) + " " + space + ":" + value
}

// turnAway reports whether nothing at all is stored of an arrival: its reference is on the list, or its content is and
// its id would tell whose it is.
func (c *change) turnAway(a *arrival) (bool, error) {
	refused, err := c.refused(a)
	if err != nil {
		return false, err
	}
	if refused {
		a.suppress()
		return true, nil
	}
	if a.bad != nil {
		a.err = a.bad
	}
	if a.mapped || a.bad != nil {
		if err := c.screen(a); err != nil {
			return false, err
		}
	}
	return a.filter == RuleSuppressed && (a.bad != nil || personalID(a.rec.Ref.ID)), nil
}
