package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/identity"
)

// forgetConsents obeys a deletion for privacy: what the record said up to a time is kept without the record, under the
// keyed hash of the address. A ledger without a key keeps nothing.
func (c *change) forgetConsents(key recKey, upTo time.Time) error {
	some, err := c.hasConsents()
	if err != nil || !some {
		return err
	}
	list, err := c.consentRow(refTerm(key), "")
	if err != nil || list == nil {
		return err
	}
	before := func(s *saying) bool { return !s.at.After(upTo) }
	for _, t := range list.terms {
		if err := c.hashConsents(t, key, before); err != nil {
			return err
		}
	}
	spoke, err := c.spokeOf(key)
	if err != nil {
		return err
	}
	for _, by := range spoke {
		list, err := c.consentRow(refTerm(by), "")
		if err != nil {
			return err
		}
		if list == nil {
			continue
		}
		for _, t := range list.terms {
			if !isAddress(t) {
				continue
			}
			if err := c.hashConsents(t, by, before); err != nil {
				return err
			}
		}
	}
	return nil
}

// spokeOf lists the records of consent that name a record.
func (c *change) spokeOf(key recKey) ([]recKey, error) {
	rows, err := c.reading().consentRows(refTerm(key))
	var list []recKey
	for _, row := range rows {
		if row.by != "" && row.by != key {
			list = append(list, row.by)
		}
	}
	return list, err
}

// hashConsents takes what a record said of a term, where forget says so, out of its row. What is left of an opt-out that
// counts is its channel, topic and time, the connection, and the keyed hash of the address.
func (c *change) hashConsents(t string, by recKey, forget func(*saying) bool) error {
	rows, err := c.reading().rowsOf(t)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rows, func(r spokenBy) bool { return r.by == by })
	if at < 0 {
		return nil
	}
	var gone, left []saying
	for _, s := range rows[at].said {
		if !forget(&s) {
			left = append(left, s)
			continue
		}
		stands, err := c.reading().stands(t, &s, by, rows)
		if err != nil {
			return err
		}
		if stands {
			gone = append(gone, s)
		}
	}
	if len(gone) > 0 && len(c.l.barKeys) > 0 && isAddress(t) {
		connection, _ := by.object()
		hashed := hashTerm + nul + c.macs().name(0, barConsent+t)
		if err := c.addConsents(hashed, erasedOf(connection), gone); err != nil {
			return err
		}
	}
	if len(left) > 0 {
		return c.putConsents(t, by, &consents{said: left, terms: rows[at].terms})
	}
	if err := c.putConsents(t, by, nil); err != nil {
		return err
	}
	return c.noteTerm(by, t, false)
}

// isAddress reports whether a term is an address, and no record.
func isAddress(t string) bool {
	return strings.HasPrefix(t, identity.EmailSpace+nul) || strings.HasPrefix(t, identity.PhoneSpace+nul)
}

// consents takes the customer's addresses and records out of what was said of consent. What others, who have an address as
// well, said of it stays theirs.
func (e *eraser) consents() error {
	some, err := e.c.hasConsents()
	if err != nil || !some {
		return err
	}
	h := &hearing{v: e.c.reading(), members: e.members, sources: make([]identity.Source, len(e.members))}
	terms, err := h.terms()
	if err != nil {
		return err
	}
	own := slices.Clone(e.members)
	for _, key := range e.members {
		spoke, err := e.c.spokeOf(key)
		if err != nil {
			return err
		}
		own = append(own, spoke...)
	}
	for _, by := range own[len(e.members):] {
		list, err := e.c.consentRow(refTerm(by), "")
		if err != nil {
			return err
		}
		if list == nil {
			continue
		}
		onceOf(terms, list.terms)
	}
	for _, t := range sortedKeys(terms) {
		rows, err := h.v.consentRows(t)
		if err != nil {
			return err
		}
		shared := isAddress(t) && e.sharedTerm(t)
		for _, row := range rows {
			if row.by == "" || !slices.Contains(own, row.by) && (shared || !terms[t]) {
				continue
			}
			if err := e.c.hashConsents(t, row.by, func(*saying) bool { return true }); err != nil {
				return err
			}
		}
	}
	return nil
}

// sharedTerm reports whether a record of somebody else has an address.
func (e *eraser) sharedTerm(t string) bool {
	for holder := range below(e.c.tx, bKey, e.c.l.under(t)) {
		if !slices.Contains(e.members, holder) {
			return true
		}
	}
	return false
}
