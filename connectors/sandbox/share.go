package sandbox

// Share says which part of the generated customers one vendor knows. A nil function keeps everything. An organization or a
// person that a kept deal, ticket or person refers to is kept as well, so that a share never points at nothing.
type Share struct {
	Organization, Person, Deal, Ticket func(index int) bool
}

// Shared returns the part of c that s keeps, with references to the places in the new slices. Owners are colleagues and
// known everywhere. What two shares have in common is the same customer, field by field.
func (c Customers) Shared(s Share) Customers {
	deals, tickets := kept(len(c.Deals), s.Deal), kept(len(c.Tickets), s.Ticket)
	people, organizations := kept(len(c.People), s.Person), kept(len(c.Organizations), s.Organization)
	mark := func(list []bool, i int) {
		if i >= 0 {
			list[i] = true
		}
	}
	for i, d := range c.Deals {
		if deals[i] {
			mark(people, d.Person)
			mark(organizations, d.Organization)
		}
	}
	for i, t := range c.Tickets {
		if tickets[i] {
			mark(people, t.Person)
			mark(organizations, t.Organization)
		}
	}
	for i, p := range c.People {
		if people[i] {
			mark(organizations, p.Organization)
		}
	}
	return c.only(organizations, people, deals, tickets)
}

// only returns what is marked, with its references moved.
func (c Customers) only(organizations, people, deals, tickets []bool) Customers {
	out := Customers{Owners: c.Owners}
	toOrganization, toPerson := places(organizations), places(people)
	for i, o := range c.Organizations {
		if organizations[i] {
			out.Organizations = append(out.Organizations, o)
		}
	}
	for i, p := range c.People {
		if people[i] {
			p.Organization = toOrganization(p.Organization)
			out.People = append(out.People, p)
		}
	}
	for i, d := range c.Deals {
		if deals[i] {
			d.Organization, d.Person = toOrganization(d.Organization), toPerson(d.Person)
			out.Deals = append(out.Deals, d)
		}
	}
	for i, t := range c.Tickets {
		if tickets[i] {
			t.Organization, t.Person = toOrganization(t.Organization), toPerson(t.Person)
			out.Tickets = append(out.Tickets, t)
		}
	}
	return out
}

// kept evaluates one function of a share.
func kept(n int, keep func(int) bool) []bool {
	list := make([]bool, n)
	for i := range list {
		list[i] = keep == nil || keep(i)
	}
	return list
}

// places returns where a marked element has moved to; -1 stays -1.
func places(marked []bool) func(int) int {
	at, n := make([]int, len(marked)), 0
	for i, yes := range marked {
		at[i] = n
		if yes {
			n++
		}
	}
	return func(i int) int {
		if i < 0 {
			return -1
		}
		return at[i]
	}
}
