package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// candidates are the entries that a text typed by a person may stand for: an e-mail address, a phone number with its
// country, a domain, scheme:value of a register, or connection/object/id.
func candidates(text string) []string {
	text = strings.TrimSpace(text)
	var list []string
	add := func(kind canonical.Kind, space, value string) { list = append(list, barTerm(kind, space, value)) }
	if ref, err := connectors.ParseRef(text); err == nil {
		list = append(list, barRef+ref.String())
	}
	if address, _, err := canonical.CleanEmail(text); err == nil {
		add(canonical.Person, identity.EmailSpace, address)
	}
	if number, err := canonical.CleanPhone(text, ""); err == nil && number.E164 != "" {
		add(canonical.Person, identity.PhoneSpace, number.E164)
	}
	if domain, err := canonical.CleanDomain(text); err == nil && !strings.Contains(text, "@") {
		add(canonical.Organization, identity.DomainSpace, domain)
	}
	if strings.Contains(text, ":") && !strings.ContainsAny(text, "/@") {
		add(canonical.Person, identity.IDSpace, text)
		add(canonical.Organization, identity.IDSpace, text)
	}
	return list
}

// Suppress puts e-mail addresses, phone numbers with their country, domains of organizations, register numbers
// (scheme:value) or references (connection/object/id) on the suppression list, whether or not anybody here has them,
// and returns how many entries are new. What is stored already stays: Erase deletes.
func (l *Ledger) Suppress(ctx context.Context, terms ...string) (int, error) {
	if len(l.barKeys) == 0 {
		return 0, fmt.Errorf("suppress: %w", errNoBarKey)
	}
	n := 0
	err := l.update(ctx, "suppress", func(c *change) error {
		n = 0
		for i, text := range terms {
			list := candidates(text)
			if len(list) == 0 {
				return fmt.Errorf("term %d is no address, number with its country, domain, register number or reference", i+1)
			}
			group := c.macs().group(list[0])
			for _, term := range list {
				fresh, err := c.putBar(term, bar{whole: true, at: c.now, group: group})
				if err != nil {
					return err
				}
				if fresh {
					n++
				}
			}
		}
		return nil
	})
	return n, err
}

// Unsuppress lifts suppressions: of an erased customer as a whole when a term is one of its entries or its former id,
// of the term alone otherwise. It returns how many entries are gone. The next time a vendor sends a record, it is taken.
func (l *Ledger) Unsuppress(ctx context.Context, terms ...string) (int, error) {
	if len(l.barKeys) == 0 {
		return 0, fmt.Errorf("unsuppress: %w", errNoBarKey)
	}
	n := 0
	err := l.update(ctx, "unsuppress", func(c *change) error {
		n = 0
		groups := map[[16]byte]bool{}
		for _, text := range terms {
			if err := c.groupsOf(text, groups); err != nil {
				return err
			}
		}
		if len(groups) == 0 {
			return nil
		}
		var err error
		n, err = c.liftGroups(groups)
		return err
	})
	return n, err
}

// groupsOf adds the groups of the entries that a text may stand for.
func (c *change) groupsOf(text string, groups map[[16]byte]bool) error {
	if _, _, err := parseEntityID(text); err == nil {
		m := c.macs()
		for n := range m.list {
			var g [16]byte
			copy(g[:], m.name(n, barEntity+text))
			groups[g] = true
		}
	}
	for _, term := range candidates(text) {
		b, err := c.bar(term)
		if err != nil {
			return err
		}
		if b != nil {
			groups[b.group] = true
		}
	}
	return nil
}

// liftGroups removes every entry of the groups. It reads the whole list, which is as long as there were erasures.
func (c *change) liftGroups(groups map[[16]byte]bool) (int, error) {
	n := 0
	for key, row := range c.tx.Scan(bBar, []byte(c.l.ws), nil) {
		b, err := decodeBar(row)
		if err != nil {
			return n, err
		}
		if !groups[b.group] {
			continue
		}
		n++
		c.add(countBars, -1)
		if err := c.tx.Delete(bBar, slices.Clone(key)); err != nil {
			return n, err
		}
	}
	return n, c.tx.Err()
}
