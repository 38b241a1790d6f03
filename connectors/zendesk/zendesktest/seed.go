package zendesktest

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the ids of generated customers, at the places they have in sandbox.Customers. Owners are agents.
type Seeded struct {
	Owners, Organizations, People, Tickets []string
}

// Seed stores generated customers, as old as they were generated but old enough for the exports to show them at once. It
// panics when they contradict what is stored already, such as an address that is taken.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := seeding{s: s, latest: time.Unix(s.now(), 0).Add(-s.opt.Lag - time.Second)}
	var out Seeded
	for _, o := range c.Owners {
		out.Owners = append(out.Owners, g.put("users", g.latest, map[string]any{"name": o.Given + " " + o.Family, "email": o.Email, "role": "agent", "verified": true}))
	}
	for _, o := range c.Organizations {
		out.Organizations = append(out.Organizations, g.put("organizations", o.Created, map[string]any{
			"name": o.Name, "domain_names": []string{o.Domain}, "details": o.City + ", " + o.Country, "tags": []string{"customer"},
		}))
	}
	for _, p := range c.People {
		fields := map[string]any{"name": p.Given + " " + p.Family, "email": p.Email, "details": p.Title, "verified": true}
		if p.Phone != "" {
			fields["phone"] = p.Phone
		}
		g.refer(fields, "organization_id", out.Organizations, p.Organization)
		out.People = append(out.People, g.put("users", p.Created, fields))
	}
	for _, t := range c.Tickets {
		fields := map[string]any{"subject": t.Subject, "description": t.Body, "priority": t.Priority, "status": ticketStatus[t.Status]}
		g.refer(fields, "requester_id", out.People, t.Person)
		g.refer(fields, "organization_id", out.Organizations, t.Organization)
		g.refer(fields, "assignee_id", out.Owners, t.Owner)
		out.Tickets = append(out.Tickets, g.put("tickets", t.Created, fields))
	}
	return out
}

// ticketStatus are Zendesk's words for those of sandbox.Ticket.
var ticketStatus = map[string]string{"new": "new", "open": "open", "waiting": "pending", "closed": "closed"}

// seeding stores generated things; the server's mu is held.
type seeding struct {
	s      *Server
	latest time.Time
}

func (g seeding) put(object string, created time.Time, fields map[string]any) string {
	if created.After(g.latest) {
		created = g.latest
	}
	fields["created_at"] = created
	o, err := g.s.put(object, fields)
	if err != nil {
		panic(fmt.Sprintf("zendesktest: seed %s: %v", object, err))
	}
	return digits(o.id)
}

func (g seeding) refer(fields map[string]any, name string, ids []string, i int) {
	if i >= 0 && i < len(ids) {
		fields[name] = ids[i]
	}
}
