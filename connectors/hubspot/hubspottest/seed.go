package hubspottest

import (
	"fmt"
	"strconv"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the ids of generated customers, at the places they have in sandbox.Customers.
type Seeded struct {
	Owners, Companies, Contacts, Deals, Tickets []string
}

// Seed stores generated customers with their associations, as old as they were generated but never newer than the
// clock. It panics when the customers contradict what is stored already, such as an e-mail address that is taken.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	var out Seeded
	for _, o := range c.Owners {
		out.Owners = append(out.Owners, s.AddOwner(o.Given, o.Family, o.Email, false))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := seeding{s: s, now: s.now(), owners: out.Owners}
	for _, o := range c.Organizations {
		out.Companies = append(out.Companies, g.company(o))
	}
	for _, p := range c.People {
		id := g.contact(p)
		out.Contacts = append(out.Contacts, id)
		g.link("contacts", id, "companies", out.Companies, p.Organization, 1)
	}
	for i, d := range c.Deals {
		id := g.deal(d)
		out.Deals = append(out.Deals, id)
		g.link("deals", id, "companies", out.Companies, d.Organization, 5)
		g.link("deals", id, "contacts", out.Contacts, c.Deals[i].Person, 3)
	}
	for _, t := range c.Tickets {
		id := g.ticket(t)
		out.Tickets = append(out.Tickets, id)
		g.link("tickets", id, "companies", out.Companies, t.Organization, 26)
		g.link("tickets", id, "contacts", out.Contacts, t.Person, 16)
	}
	return out
}

// seeding stores generated things; the server's mu is held.
type seeding struct {
	s      *Server
	now    int64
	owners []string
}

// imported is how webhooks name a bulk import.
var imported = source{"IMPORT", "sandbox"}

func (g seeding) put(objectType string, created int64, owner int, properties map[string]string) string {
	t := g.s.mustTable(objectType)
	if owner >= 0 && owner < len(g.owners) {
		properties["hubspot_owner_id"] = g.owners[owner]
	}
	values, bad := t.clean(texts(properties), true)
	if len(bad) > 0 {
		panic(fmt.Sprintf("hubspottest: seed %s: %s", objectType, invalidProperties(bad).Message))
	}
	if id := t.conflict(0, values); id != 0 {
		panic(fmt.Sprintf("hubspottest: seed %s: %s", objectType, g.s.exists(t, id).Message))
	}
	return g.s.insert(t, values, min(created, g.now), g.now, imported).ID()
}

func (g seeding) link(from, id, to string, ids []string, i, typeID int) {
	if i < 0 {
		return
	}
	a, b := g.s.mustTable(from), g.s.mustTable(to)
	g.s.connect(linkTypeOf(pair{a.id, b.id}, typeID), a.find(id).id, b.find(ids[i]).id, g.now, imported)
}

func (g seeding) company(o sandbox.Organization) string {
	return g.put("companies", o.Created.UnixMilli(), o.Owner, map[string]string{
		"name": o.Name, "domain": o.Domain, "industry": o.Industry, "country": o.Country, "city": o.City, "phone": o.Phone,
		"numberofemployees": strconv.Itoa(o.Employees), "lifecyclestage": "customer",
	})
}

func (g seeding) contact(p sandbox.Person) string {
	return g.put("contacts", p.Created.UnixMilli(), p.Owner, map[string]string{
		"email": p.Email, "firstname": p.Given, "lastname": p.Family, "phone": p.Phone, "jobtitle": p.Title, "hs_language": p.Language,
		"country": p.Country, "city": p.City, "hs_email_optout": strconv.FormatBool(!p.Subscribed), "lifecyclestage": "customer",
	})
}

// dealStages are the stages of the standard pipeline for sandbox.Deal's.
var dealStages = []string{"appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon", "closedlost"}

func (g seeding) deal(d sandbox.Deal) string {
	return g.put("deals", d.Created.UnixMilli(), d.Owner, map[string]string{
		"dealname": d.Name, "amount": strconv.FormatFloat(float64(d.Amount)/100, 'f', -1, 64), "deal_currency_code": d.Currency,
		"pipeline": "default", "dealstage": dealStages[d.Stage], "closedate": strconv.FormatInt(d.Close.UnixMilli(), 10),
	})
}

var ticketStages = map[string]string{"new": "1", "waiting": "2", "open": "3", "closed": "4"}
var ticketPriorities = map[string]string{"low": "LOW", "normal": "MEDIUM", "high": "HIGH", "urgent": "URGENT"}

func (g seeding) ticket(t sandbox.Ticket) string {
	return g.put("tickets", t.Created.UnixMilli(), t.Owner, map[string]string{
		"subject": t.Subject, "content": t.Body, "hs_pipeline": "0", "hs_pipeline_stage": ticketStages[t.Status],
		"hs_ticket_priority": ticketPriorities[t.Priority], "source_type": "EMAIL",
	})
}
