package work

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// openTickets returns the open tickets of a deal's customer, the most urgent first, then the oldest: those that name its
// organization, and those of its contacts that name none, as support tools often do not know a company. There are none for a
// deal that is closed: nobody sells there any more.
func (s *scene) openTickets() ([]*Entity, error) {
	if closed(s.entity, "won", "lost") {
		return nil, nil
	}
	var found []*Entity
	orgs, err := s.follow(relation{kind: canonical.Organization, field: "organization", shape: one})
	if err != nil {
		return nil, err
	}
	for _, org := range orgs {
		if found, err = s.graph.Select(org, canonical.Ticket, isOpenTicket); err != nil {
			return nil, err
		}
	}
	people, err := s.follow(relation{kind: canonical.Person, field: "contacts", shape: many})
	if err != nil {
		return nil, err
	}
	for _, person := range people {
		list, err := s.graph.Select(person, canonical.Ticket, isOpenTicket)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			yes, err := s.asks(t, person)
			if err != nil {
				return nil, err
			}
			if yes {
				found = append(found, t)
			}
		}
	}
	slices.SortFunc(found, moreUrgent)
	return slices.CompactFunc(found, func(a, b *Entity) bool { return a.ID == b.ID }), nil
}

func isOpenTicket(e *Entity) bool {
	return isLive(e, canonical.Ticket) && !closed(e, "solved", "closed")
}

// closed reports whether an entity's status is among those that end it.
func closed(e *Entity, statuses ...string) bool {
	return slices.Contains(statuses, text(e.Golden.Get("status")))
}

// asks reports whether a ticket that names no organization is a person's own, or concerns them: who is only kept informed
// does not ask.
func (s *scene) asks(ticket, person *Entity) (bool, error) {
	if ticket.Golden.Get("organization") != nil {
		return false, nil
	}
	for _, field := range []string{"requester", "contacts"} {
		for _, ref := range refsIn(ticket.Golden.Get(field)) {
			e, err := s.graph.Resolve(ref) // also one that was merged into the person's
			if err != nil || e != nil && e.ID == person.ID {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// priorities are those of tickets, the most urgent first. One that says nothing is normal.
var priorities = []string{"urgent", "high", "normal", "low"}

// moreUrgent orders tickets.
func moreUrgent(a, b *Entity) int {
	rank := func(e *Entity) int {
		if i := slices.Index(priorities, text(e.Golden.Get("priority"))); i >= 0 {
			return i
		}
		return slices.Index(priorities, "normal")
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)),
		strings.Compare(text(a.Golden.Get("opened_at")), text(b.Golden.Get("opened_at"))), strings.Compare(a.ID, b.ID))
}
