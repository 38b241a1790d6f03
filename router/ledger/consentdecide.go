package ledger

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// decideConsents keeps what a person says of a customer's consent, in place of what was said by hand before: it is about the
// addresses that the customer has, so that it goes with them when the customer is split. What is allowed lifts every
// opt-out that is known of them and that no live record says. value is null when the person takes it back.
func (c *change) decideConsents(key recKey, members []recKey, value json.RawMessage, at time.Time) error {
	list, err := c.consentRow(refTerm(key), "")
	if err != nil {
		return err
	}
	if list != nil {
		for _, t := range list.terms {
			if err := c.putConsents(t, key, nil); err != nil {
				return err
			}
			if err := c.noteTerm(key, t, false); err != nil {
				return err
			}
		}
	}
	if canonical.IsNull(value) {
		return nil
	}
	h := &hearing{v: c.reading(), members: members, sources: make([]identity.Source, len(members))}
	terms, err := h.terms()
	if err != nil {
		return err
	}
	p, err := c.profileOf(key)
	if err != nil || p == nil {
		return err
	}
	for _, said := range permissionsIn(p) {
		said.Since = ""
		for _, t := range sortedKeys(terms) {
			if isAddress(t) && !strings.HasPrefix(t, spaceOf(said.Channel)+nul) {
				continue
			}
			if err := c.decideConsent(t, key, &said, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// decideConsent writes one word about one address. It is later than all that is known, whatever the vendors' clocks say.
func (c *change) decideConsent(t string, key recKey, said *canonical.Permission, at time.Time) error {
	list := sayingsOf(said, stamp{version: at})
	if len(list) == 0 {
		return nil
	}
	rows, err := c.reading().rowsOf(t)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for i := range row.said {
			if o := &row.said[i]; o.about(&list[0]) && !o.at.Before(list[0].at) {
				list[0].at = o.at.Add(time.Millisecond)
			}
		}
	}
	if list[0].what == saidIn {
		again := list[0]
		again.what = saidAgain
		list = append(slices.Clip(list), again)
	}
	return c.addConsents(t, key, list)
}
