package mailchimptest

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the ids of generated things; People are at the places they have in sandbox.Customers.
type Seeded struct {
	Lists, People, Campaigns []string
}

// Seed stores generated people as members of two audiences: customers are all in the first, as subscribed as they were
// generated, and every fourth in the second too, which a campaign was sent to. It panics when they contradict what is stored
// already, such as an address that is taken.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	out := Seeded{Lists: []string{s.CreateList("Customers"), s.CreateList("Newsletter")}}
	latest := s.opt.Clock.Now().Add(-time.Minute)
	add := func(list string, p sandbox.Person, status string, tags ...string) string {
		at := p.Created
		if at.After(latest) {
			at = latest
		}
		id, err := s.Create(list, Member{Email: p.Email, Status: status, First: p.Given, Last: p.Family, Phone: p.Phone, Language: p.Language, Source: "Import", Tags: tags, At: at})
		if err != nil {
			panic(fmt.Sprintf("mailchimptest: seed: %v", err))
		}
		return id
	}
	for i, p := range c.People {
		status := "subscribed"
		if !p.Subscribed {
			status = "unsubscribed"
		}
		out.People = append(out.People, add(out.Lists[0], p, status, p.Country))
		if i%4 == 0 {
			add(out.Lists[1], p, "subscribed")
		}
	}
	for i := range 3 {
		sent := latest.Add(-time.Duration(i*10) * 24 * time.Hour)
		id := s.AddCampaign(Campaign{List: out.Lists[1], Title: fmt.Sprintf("News %d", 3-i), Subject: fmt.Sprintf("What is new, no. %d", 3-i), Recipients: (len(c.People) + 3) / 4, Sent: sent})
		out.Campaigns = append(out.Campaigns, id)
		for at, p := range c.People {
			if at%4 != 0 || at%3 == i {
				continue
			}
			s.mustEvent(id, Event{Address: p.Email, Action: "open", At: sent.Add(time.Duration(at%50) * time.Second)})
			if at%8 == 0 {
				s.mustEvent(id, Event{Address: p.Email, Action: "click", URL: "https://acme.example/news", At: sent.Add(time.Duration(at%50+5) * time.Second)})
			}
		}
	}
	return out
}

func (s *Server) mustEvent(campaign string, e Event) {
	if err := s.AddEvent(campaign, e); err != nil {
		panic("mailchimptest: seed: " + err.Error())
	}
}
