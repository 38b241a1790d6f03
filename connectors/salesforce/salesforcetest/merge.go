package salesforcetest

import (
	"errors"
	"fmt"
)

// Merge joins rows into the master, as people do in the organization: the losers are deleted with the master in
// MasterRecordId, and what referred to them refers to the master. Accounts, contacts and leads can be merged.
func (s *Server) Merge(object, master string, losers ...string) error {
	err := s.edit(func(x *tx) error {
		t := s.mustTable(object)
		if !t.mergeable {
			return errors.New("rows of this object cannot be merged")
		}
		return x.each(t, []string{master}, func(winner *row) error {
			return x.each(t, losers, func(loser *row) error {
				if loser == winner {
					return errors.New("a row cannot be merged into itself")
				}
				x.absorb(t, winner, loser)
				return nil
			})
		})
	})
	return wrap("merge", object, err)
}

// absorb moves what refers to the loser to the winner and deletes the loser. The winner is changed even when nothing of
// it differs, which is what change data capture shows.
func (x *tx) absorb(t *table, winner, loser *row) {
	var moved []func()
	id := t.id(winner.serial)
	x.children(t, loser, func(child *table, f *Field, c *row) {
		if !c.cur.deleted {
			moved = append(moved, func() { x.change(child, c, []cell{{f.slot, id}}) })
		}
	})
	for _, move := range moved {
		move()
	}
	x.change(t, winner, nil)
	from, v := loser.cur, *loser.cur
	v.deleted, v.master, v.gone = true, winner.serial, x.seq
	v.modified, v.stamp = max(x.sec, v.created), max(x.sec, v.created)
	x.move(t, loser, &v)
	x.tell(Deleted, t, loser, from)
}

// Converted are the rows a lead became; Opportunity is "" when none was asked for.
type Converted struct{ Account, Contact, Opportunity string }

// Convert makes an account and a contact of a lead and, when opportunity is not "", an opportunity of that name, all in
// one transaction. The lead stays, with IsConverted and the ids of what it became.
func (s *Server) Convert(lead, opportunity string) (Converted, error) {
	var out Converted
	err := s.edit(func(x *tx) error {
		leads := s.mustTable("Lead")
		return x.each(leads, []string{lead}, func(o *row) error {
			if o.cur.get(leads.slot("IsConverted")) == true {
				return fmt.Errorf("%s is converted already", lead)
			}
			out = x.convertLead(picks{leads, o.cur}, opportunity)
			values := map[string]any{"Status": "Closed - Converted", "IsConverted": true, "ConvertedDate": x.now.Format("2006-01-02"),
				"ConvertedAccountId": out.Account, "ConvertedContactId": out.Contact, "ConvertedOpportunityId": out.Opportunity}
			cells, _, err := x.forced(leads, o, values)
			if err == nil {
				x.change(leads, o, cells)
			}
			return err
		})
	})
	return out, wrap("convert", "Lead", err)
}

func (x *tx) convertLead(lead picks, opportunity string) Converted {
	take := func(values map[string]any, names ...string) map[string]any {
		for _, n := range names {
			if v := lead.text(n); v != "" {
				values[n] = v
			}
		}
		return values
	}
	var out Converted
	account := take(map[string]any{"Name": lead.text("Company"), "BillingCity": lead.text("City"), "BillingCountry": lead.text("Country")}, "Phone", "Website", "Industry", "OwnerId")
	out.Account = x.s.mustTable("Account").id(x.row("Account", account, 0).serial)
	contact := take(map[string]any{"AccountId": out.Account}, "FirstName", "LastName", "Salutation", "Email", "Phone", "MobilePhone", "Title", "LeadSource", "OwnerId")
	out.Contact = x.s.mustTable("Contact").id(x.row("Contact", contact, 0).serial)
	if opportunity == "" {
		return out
	}
	deal := take(map[string]any{"Name": opportunity, "AccountId": out.Account, "StageName": "Prospecting", "CloseDate": x.now.AddDate(0, 3, 0).Format("2006-01-02")}, "LeadSource", "OwnerId")
	out.Opportunity = x.s.mustTable("Opportunity").id(x.row("Opportunity", deal, 0).serial)
	x.row("OpportunityContactRole", map[string]any{"OpportunityId": out.Opportunity, "ContactId": out.Contact, "IsPrimary": true}, 0)
	return out
}
