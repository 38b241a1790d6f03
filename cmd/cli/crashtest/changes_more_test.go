package crashtest

import "fmt"

// The types of association that make a company the primary one of a record.
var primary = map[string]int{"contacts": 1, "deals": 5, "tickets": 26}

func (p *people) create(object string, properties map[string]string) (string, error) {
	id, err := p.h.Create(object, properties)
	return "new " + object + "/" + id, err
}

func (p *people) newDeal() (string, error) {
	what, err := p.withCompany("deals", map[string]string{"dealname": p.name("Deal"), "amount": "100", "pipeline": "default",
		"dealstage": keyOf(p.rng, dealStages["default"])})
	return what, err
}

func (p *people) newTicket() (string, error) {
	return p.withCompany("tickets", map[string]string{"subject": p.name("Ticket"), "hs_pipeline": "0",
		"hs_pipeline_stage": keyOf(p.rng, ticketStages)})
}

// withCompany makes a record and, a moment later, its association, as HubSpot's own pages do.
func (p *people) withCompany(object string, properties map[string]string) (string, error) {
	id, err := p.h.Create(object, properties)
	if err != nil || p.rng.IntN(4) == 0 {
		return "new " + object + "/" + id, err
	}
	if c, ok := p.pick("companies"); ok {
		return "new " + object + "/" + id + " of companies/" + c.ID, p.h.Associate(object, id, "companies", c.ID, primary[object])
	}
	return "new " + object + "/" + id, nil
}

func (p *people) newCompany() (string, error) {
	name := p.name("Company")
	return p.create("companies", map[string]string{"name": name, "domain": fmt.Sprintf("c%d.example", p.made)})
}

func (p *people) newContact() (string, error) {
	return p.create("contacts", map[string]string{"firstname": "New", "lastname": p.name("Contact"),
		"email": fmt.Sprintf("contact%d@free.example", p.made)})
}

var objects = []string{"contacts", "companies", "deals", "tickets"}

// archive deletes a record, more rarely than records are made.
func (p *people) archive() (string, error) {
	object := objects[p.rng.IntN(len(objects))]
	o, ok := p.pick(object)
	if !ok {
		return "", nil
	}
	p.binned = append(p.binned, [2]string{object, o.ID})
	return "archive " + object + "/" + o.ID, p.h.Archive(object, o.ID)
}

// restore brings back what was archived last.
func (p *people) restore() (string, error) {
	if len(p.binned) == 0 {
		return "", nil
	}
	last := p.binned[len(p.binned)-1]
	p.binned = p.binned[:len(p.binned)-1]
	return "restore " + last[0] + "/" + last[1], p.h.Restore(last[0], last[1])
}

func (p *people) merge() (string, error) {
	object := objects[p.rng.IntN(len(objects))]
	a, ok := p.pick(object)
	b, _ := p.pick(object)
	if !ok || a.ID == b.ID || p.rng.IntN(3) > 0 {
		return "", nil
	}
	id, err := p.h.Merge(object, a.ID, b.ID)
	return fmt.Sprintf("merge %s/%s and %s into %s", object, a.ID, b.ID, id), err
}

// employ gives a contact a primary company: it has no card of its own any more.
func (p *people) employ() (string, error) {
	o, ok := p.pick("contacts")
	c, there := p.pick("companies")
	if !ok || !there {
		return "", nil
	}
	return "contacts/" + o.ID + " works for companies/" + c.ID, p.h.Associate("contacts", o.ID, "companies", c.ID, primary["contacts"])
}

// dismiss takes all companies from a contact: it gets a card of its own.
func (p *people) dismiss() (string, error) {
	o, ok := p.pick("contacts")
	if !ok {
		return "", nil
	}
	for id := range p.h.Linked("contacts", o.ID, "companies") {
		if err := p.h.Dissociate("contacts", o.ID, "companies", id); err != nil {
			return "", err
		}
	}
	return "contacts/" + o.ID + " works for nobody", nil
}

// dealTo gives a deal to another company: its title changes though nothing of the deal itself does.
func (p *people) dealTo() (string, error) {
	o, ok := p.pick("deals")
	c, there := p.pick("companies")
	if !ok || !there {
		return "", nil
	}
	return "deals/" + o.ID + " is of companies/" + c.ID, p.h.Associate("deals", o.ID, "companies", c.ID, primary["deals"])
}
