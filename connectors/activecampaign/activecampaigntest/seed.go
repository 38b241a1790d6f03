package activecampaigntest

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the ids of generated customers, at the places they have in sandbox.Customers: organizations are accounts, people
// are contacts. List is the one that everybody is on, Campaign a letter that went to it.
type Seeded struct {
	Owners, Organizations, People, Deals []string
	List, Campaign                       string
}

// Seed stores generated customers, as old as they were generated. Who is not subscribed has unsubscribed; every third
// person has a tag, every fourth a value of a custom field. It panics when they contradict what is stored already.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	g := seeding{s: s, latest: s.now()}
	out := Seeded{List: "1"}
	for _, o := range c.Owners {
		out.Owners = append(out.Owners, g.put("users", g.latest, map[string]any{"username": o.Email, "firstName": o.Given, "lastName": o.Family, "email": o.Email}))
	}
	for _, o := range c.Organizations {
		out.Organizations = append(out.Organizations, g.put("accounts", o.Created, map[string]any{"name": o.Name, "accountUrl": "https://www." + o.Domain + "/"}))
	}
	for i, p := range c.People {
		id := g.put("contacts", p.Created, map[string]any{"email": p.Email, "firstName": p.Given, "lastName": p.Family, "phone": p.Phone})
		out.People = append(out.People, id)
		if p.Organization >= 0 {
			g.put("accountContacts", p.Created, map[string]any{"contact": id, "account": out.Organizations[p.Organization], "jobTitle": p.Title})
		}
		status := Unsubscribed
		if p.Subscribed {
			status = Subscribed
		}
		g.must(s.Subscribe(id, out.List, status))
		if i%3 == 0 {
			g.must(s.Tag(id, p.Country))
		}
		if i%4 == 0 {
			g.must(s.SetField(id, "LANGUAGE", "dropdown", p.Language))
		}
	}
	for _, d := range c.Deals {
		out.Deals = append(out.Deals, g.deal(d, out))
	}
	out.Campaign = g.put("campaigns", g.latest, map[string]any{"name": "Spring letter", "status": 5, "sdate": s.stamp(g.latest), "ldate": s.stamp(g.latest),
		"send_amt": len(c.People), "total_amt": len(c.People), "opens": len(c.People) / 2, "uniqueopens": len(c.People) / 3, "linkclicks": len(c.People) / 9})
	return out
}

// seeding stores generated things.
type seeding struct {
	s      *Server
	latest time.Time
}

func (g seeding) put(object string, at time.Time, fields map[string]any) string {
	if at.After(g.latest) {
		at = g.latest
	}
	id, err := g.s.create(object, fields, at)
	g.must(err)
	return id
}

func (g seeding) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("activecampaigntest: seed: %v", err))
	}
}

// deal has the first stages for 0 to 2, and is won or lost in the last.
func (g seeding) deal(d sandbox.Deal, out Seeded) string {
	stage, status := min(d.Stage, 2)+1, max(0, d.Stage-2)
	fields := map[string]any{"title": d.Name, "value": fmt.Sprint(d.Amount), "currency": strings.ToLower(d.Currency), "stage": stage, "status": status,
		"owner": out.Owners[d.Owner], "contact": out.People[d.Person]}
	if d.Organization >= 0 {
		fields["account"], fields["organization"] = out.Organizations[d.Organization], out.Organizations[d.Organization]
	}
	return g.put("deals", d.Created, fields)
}
