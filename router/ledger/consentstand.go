package ledger

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Which of the words of consentread.go count, now.

// stands reports whether an opt-out counts: it does until it is lifted, and as long as a live record says it.
func (v *reading) stands(t string, s *saying, by recKey, rows []spokenBy) (bool, error) {
	if !s.forbids() {
		return false, nil
	}
	own, _ := by.object()
	other := false
	for _, row := range rows {
		connection, _ := row.by.object()
		for i := range row.said {
			o := &row.said[i]
			if !o.about(s) || !o.at.After(s.at) {
				continue
			}
			switch {
			case o.what == saidIn && row.by == by:
				return false, nil
			case o.what == saidAgain && (connection == own || connection == identity.ManualConnection):
				other = true
			}
		}
	}
	if !other {
		return true, nil
	}
	now, err := v.claims(by)
	if err != nil || !now.restricts(s) {
		return false, err
	}
	return v.speaksOf(&now, t)
}

// meant reports whether a record that left an address has not said opted_in of another one since. For whoever has the
// address now it still counts.
func (v *reading) meant(s *saying, by recKey) (bool, error) {
	lists, err := v.consentRows(refTerm(by))
	if err != nil || len(lists) == 0 {
		return true, err
	}
	for _, t := range lists[0].terms {
		rows, err := v.consentRows(t)
		if err != nil {
			return true, err
		}
		for _, row := range rows {
			later := func(o saying) bool { return o.what == saidIn && o.about(s) && o.at.After(s.at) }
			if row.by == by && slices.ContainsFunc(row.said, later) {
				return false, nil
			}
		}
	}
	return true, nil
}

// claims is what a live record says of consent.
type claims struct {
	kind    canonical.Kind
	key     recKey
	profile *canonical.Profile
	list    []canonical.Permission
	at      time.Time
}

func (v *reading) claims(key recKey) (claims, error) {
	m, err := v.meta(key)
	if errors.Is(err, errMissing) || err == nil && !m.live() {
		return claims{}, nil
	}
	if err != nil {
		return claims{}, err
	}
	p, err := v.profile(key)
	if err != nil || p == nil {
		return claims{}, err
	}
	return claims{p.Kind, key, p, permissionsIn(p), m.content.said()}, nil
}

// speaksOf reports whether a record speaks of a term now: it has the address, or names the person that has it.
func (v *reading) speaksOf(c *claims, t string) (bool, error) {
	if t == refTerm(c.key) {
		return true, nil
	}
	space := identity.PhoneSpace
	if strings.HasPrefix(t, identity.EmailSpace+nul) {
		space = identity.EmailSpace
	}
	own := addressesOf(c.profile, space)
	person, err := keyOfText(textOf(c.profile, "person"))
	if c.kind != canonical.Consent || err != nil || len(own) > 0 {
		return slices.Contains(own, t), nil
	}
	if t == refTerm(person) {
		return true, nil
	}
	p, err := v.profile(person)
	if err != nil || p == nil {
		return false, err
	}
	return slices.Contains(addressesOf(p, space), t), nil
}

// restricts reports whether a live record goes on saying what was kept, or something that restricts more.
func (c *claims) restricts(s *saying) bool {
	return slices.ContainsFunc(c.list, func(p canonical.Permission) bool {
		of := saying{channel: p.Channel, topic: p.Topic}
		return of.about(s) && canonical.Restriction(p.Status) >= canonical.Restriction(statusOf(s.what))
	})
}
