package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Customers is a generated world. Every slice's elements refer to each other by index, so a simulator can give them
// its own identifiers; the same seed and size give the same world at every vendor.
type Customers struct {
	Owners        []Owner
	Organizations []Organization
	People        []Person
	Deals         []Deal
	Tickets       []Ticket
}

// Owner is a colleague of ours who looks after customers.
type Owner struct{ Given, Family, Email string }

// Organization is a customer's company.
type Organization struct {
	Name, Domain, Industry, Country, City, Phone string
	Employees                                    int
	Owner                                        int
	Created                                      time.Time
}

// Person is somebody at a customer. Organization is -1 for a private customer, who then has a free-mail address.
// Phone is empty for about a third, and no two people share one.
type Person struct {
	Given, Family, Email, Phone, Title string
	Language, Country, City            string
	Organization, Owner                int
	Subscribed                         bool
	Created                            time.Time
}

// Deal is a sale with an organization and one of its people. Stage runs from 0 (new) to 4; 3 is won and 4 is lost.
// Amount is in cents of Currency.
type Deal struct {
	Name, Currency              string
	Amount                      int64
	Stage                       int
	Organization, Person, Owner int
	Created, Close              time.Time
}

// Ticket is a question to support. Status is new, open, waiting or closed; Priority is low, normal, high or urgent.
type Ticket struct {
	Subject, Body, Status, Priority string
	Organization, Person, Owner     int
	Created                         time.Time
}

// epoch is the first day of every generated world: fixed, so that the worlds do not change with the day.
var epoch = time.Date(2024, time.January, 8, 8, 0, 0, 0, time.UTC)

// Generate returns a world of n people (none for n < 1), about n/8 organizations, n/6 deals and n/5 tickets, and five
// owners with addresses at acme.example. Company domains end in .example, and no two people share an e-mail address.
// It depends on nothing but its arguments.
func Generate(seed uint64, n int) Customers {
	g := &generator{rand: rand.New(rand.NewPCG(seed, 0xc057)), emails: map[string]int{}, domains: map[string]int{}}
	if n < 1 {
		return Customers{Owners: g.owners()}
	}
	c := Customers{Owners: g.owners()}
	for range (n + 7) / 8 {
		c.Organizations = append(c.Organizations, g.organization(len(c.Organizations)))
	}
	c.People = make([]Person, n)
	for i := range c.People {
		c.People[i] = g.person(i, c.Organizations)
	}
	c.Deals = make([]Deal, (n+5)/6)
	for i := range c.Deals {
		c.Deals[i] = g.deal(i, c)
	}
	c.Tickets = make([]Ticket, (n+4)/5)
	for i := range c.Tickets {
		c.Tickets[i] = g.ticket(c)
	}
	return c
}

type generator struct {
	rand    *rand.Rand
	emails  map[string]int
	domains map[string]int
	phones  int
}

func pick[T any](g *generator, from []T) T { return from[g.rand.IntN(len(from))] }

// when returns an instant within the first 900 days of the world, in whole milliseconds.
func (g *generator) when() time.Time {
	return epoch.Add(time.Duration(g.rand.Int64N(900*24*3600*1000)) * time.Millisecond)
}

func (g *generator) owners() []Owner {
	var out []Owner
	for _, s := range []string{"Ada Okafor", "Bram Visser", "Chloé Martin", "Darío Núñez", "Emi Tanaka"} {
		given, family, _ := strings.Cut(s, " ")
		out = append(out, Owner{Given: given, Family: family, Email: ownerMail[given] + "@acme.example"})
	}
	return out
}

var ownerMail = map[string]string{"Ada": "ada", "Bram": "bram", "Chloé": "chloe", "Darío": "dario", "Emi": "emi"}

// unique returns s, or s with a number when it was returned before.
func unique(seen map[string]int, s string) string {
	seen[s]++
	if n := seen[s]; n > 1 {
		return fmt.Sprintf("%s-%d", s, n)
	}
	return s
}

func (g *generator) organization(i int) Organization {
	c := pick(g, cultures)
	first, second := pick(g, organizationFirst), pick(g, organizationSecond)
	slug := unique(g.domains, first.ascii+"-"+second.ascii)
	label := first.native + " " + second.native
	if rest := strings.TrimPrefix(slug, first.ascii+"-"+second.ascii); rest != "" {
		label += " " + strings.TrimPrefix(rest, "-")
	}
	if form := organizationForm[c.language]; form != "" {
		label += " " + form
	}
	return Organization{
		Name: label, Domain: slug + ".example", Industry: pick(g, industries), Country: c.country, City: c.city,
		Phone: g.phone(), Employees: 1 + g.rand.IntN(5000), Owner: i % 5, Created: g.when(),
	}
}

// phone returns a number of the range that North America keeps for fiction (555-0100 to 555-0199), each once; when
// the 79,000 of them are used up it returns "".
func (g *generator) phone() string {
	i := g.phones
	g.phones++
	if i >= 790*100 {
		return ""
	}
	return fmt.Sprintf("+1%d55501%02d", 200+i/100, i%100)
}

func (g *generator) person(i int, orgs []Organization) Person {
	c := pick(g, cultures)
	given, family := pick(g, c.given), pick(g, c.family)
	p := Person{
		Given: given.native, Family: family.native, Title: pick(g, titles), Language: c.language, Country: c.country, City: c.city,
		Organization: i % len(orgs), Owner: i % 5, Subscribed: g.rand.IntN(10) < 6, Created: g.when(),
	}
	domain := ""
	if g.rand.IntN(10) == 0 {
		p.Organization, domain = -1, pick(g, freeMail)
		// A free-mail name says that it is made up, so that it is nobody's.
		family.ascii += ".millrace-sandbox"
	} else {
		domain = orgs[p.Organization].Domain
		p.Owner = orgs[p.Organization].Owner
	}
	p.Email = g.email(given.ascii+"."+family.ascii, domain)
	if g.rand.IntN(3) > 0 {
		p.Phone = g.phone()
	}
	return p
}

// email returns an address that was not returned before.
func (g *generator) email(local, domain string) string {
	address := local + "@" + domain
	g.emails[address]++
	if n := g.emails[address]; n > 1 {
		return fmt.Sprintf("%s%d@%s", local, n, domain)
	}
	return address
}

// member returns a person with an organization when there is one: a few tries find one in any world worth the name.
func (g *generator) member(c Customers) int {
	i := 0
	for range 20 {
		i = g.rand.IntN(len(c.People))
		if c.People[i].Organization >= 0 {
			break
		}
	}
	return i
}

func (g *generator) deal(i int, c Customers) Deal {
	who := g.member(c)
	p := c.People[who]
	label := p.Given + " " + p.Family
	if p.Organization >= 0 {
		label = c.Organizations[p.Organization].Name
	}
	created := g.when()
	return Deal{
		Name: fmt.Sprintf("%s: order %d", label, 1000+i), Currency: pick(g, []string{"EUR", "USD", "GBP", "JPY"}),
		Amount: int64(1+g.rand.IntN(100_000)) * 100, Stage: g.rand.IntN(5), Organization: p.Organization, Person: who, Owner: p.Owner,
		Created: created, Close: created.AddDate(0, 0, 7+g.rand.IntN(120)),
	}
}

func (g *generator) ticket(c Customers) Ticket {
	who := g.rand.IntN(len(c.People))
	p := c.People[who]
	subject := pick(g, subjects)
	return Ticket{
		Subject: subject, Body: subject + ". Please help.\n\n" + p.Given,
		Status: pick(g, []string{"new", "open", "waiting", "closed"}), Priority: pick(g, []string{"low", "normal", "high", "urgent"}),
		Organization: p.Organization, Person: who, Owner: p.Owner, Created: g.when(),
	}
}
