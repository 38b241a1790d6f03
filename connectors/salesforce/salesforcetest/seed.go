package salesforcetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Seeded are the ids of generated customers, at the places they have in sandbox.Customers. A person without an
// organization is a person account in an organization that has them (Contacts then holds its contact), else a contact
// without an account.
type Seeded struct {
	Owners, Accounts, Contacts, Opportunities, Cases []string
}

// Seed stores generated customers, as old as they were generated but never newer than the clock, committed at once. It
// panics when one of them is refused, which is a mistake of the generator's or ours.
func (s *Server) Seed(c sandbox.Customers) Seeded {
	var out Seeded
	err := s.write(s.admin, false, func(x *tx) error {
		g := seeding{x}
		for i, o := range c.Owners {
			out.Owners = append(out.Owners, g.owner(i, o))
		}
		for _, o := range c.Organizations {
			out.Accounts = append(out.Accounts, g.account(o, out))
		}
		for _, p := range c.People {
			out.Contacts = append(out.Contacts, g.person(p, out))
		}
		for _, d := range c.Deals {
			id := g.deal(d, out)
			out.Opportunities = append(out.Opportunities, id)
			g.put("OpportunityContactRole", d.Created, map[string]any{"OpportunityId": id, "ContactId": at(out.Contacts, d.Person), "IsPrimary": true, "Role": "Decision Maker"})
		}
		for _, t := range c.Tickets {
			out.Cases = append(out.Cases, g.ticket(t, out))
		}
		return nil
	})
	if err != nil {
		panic(err) // nothing above returns one
	}
	return out
}

// at is the id at a place, nil for -1.
func at(ids []string, i int) any {
	if i < 0 || i >= len(ids) {
		return nil
	}
	return ids[i]
}

type seeding struct{ *tx }

func (g seeding) put(object string, created time.Time, fields map[string]any) string {
	t := g.s.mustTable(object)
	for name := range fields {
		if t.field(name) == nil {
			delete(fields, name) // of a feature this organization has not
		}
	}
	values, err := g.clean(t, nil, fields, manner{force: true})
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: seed %s: %v", object, err))
	}
	o := g.insert(t, values, min(created.Unix(), g.sec))
	return t.id(o.serial)
}

func (g seeding) owner(i int, o sandbox.Owner) string {
	return g.put("User", g.now, map[string]any{"Username": fmt.Sprintf("%s.%d", o.Email, i), "FirstName": o.Given, "LastName": o.Family, "Email": o.Email,
		"Alias": fmt.Sprintf("own%d", i), "IsActive": true})
}

func (g seeding) account(o sandbox.Organization, out Seeded) string {
	return g.put("Account", o.Created, map[string]any{"Name": o.Name, "Website": "https://www." + o.Domain, "Industry": o.Industry, "BillingCountry": country(o.Country),
		"BillingCountryCode": o.Country, "BillingCity": o.City, "Phone": o.Phone, "NumberOfEmployees": o.Employees, "Type": "Customer - Direct", "OwnerId": at(out.Owners, o.Owner)})
}

// country is how people write a country: by its name.
func country(code string) string {
	if name := countryNames[code]; name != "" {
		return name
	}
	return code
}

var countryNames = map[string]string{"US": "United States", "DE": "Germany", "FR": "France", "PL": "Poland", "KZ": "Kazakhstan", "GR": "Greece", "TW": "Taiwan",
	"JP": "Japan", "KR": "South Korea", "EG": "Egypt", "IL": "Israel", "IN": "India", "VN": "Vietnam", "TH": "Thailand"}

func (g seeding) person(p sandbox.Person, out Seeded) string {
	if p.Organization < 0 && g.s.opt.PersonAccounts {
		account := g.put("Account", p.Created, map[string]any{"FirstName": p.Given, "LastName": p.Family, "PersonEmail": p.Email, "PersonMobilePhone": p.Phone,
			"PersonTitle": p.Title, "PersonMailingCountry": country(p.Country), "PersonMailingCity": p.City, "PersonHasOptedOutOfEmail": !p.Subscribed, "OwnerId": at(out.Owners, p.Owner)})
		row := g.s.mustTable("Account").find(account)
		id, _ := row.cur.get(g.s.mustTable("Account").slot("PersonContactId")).(string)
		return id
	}
	return g.put("Contact", p.Created, map[string]any{"FirstName": p.Given, "LastName": p.Family, "Email": p.Email, "Phone": p.Phone, "Title": p.Title,
		"MailingCountry": country(p.Country), "MailingCountryCode": p.Country, "MailingCity": p.City, "HasOptedOutOfEmail": !p.Subscribed,
		"AccountId": at(out.Accounts, p.Organization), "OwnerId": at(out.Owners, p.Owner)})
}

// dealStages are the stages of a new organization for sandbox.Deal's.
var dealStages = []string{"Prospecting", "Qualification", "Negotiation/Review", "Closed Won", "Closed Lost"}

func (g seeding) deal(d sandbox.Deal, out Seeded) string {
	return g.put("Opportunity", d.Created, map[string]any{"Name": d.Name, "Amount": float64(d.Amount) / 100, "CurrencyIsoCode": d.Currency, "StageName": dealStages[d.Stage],
		"CloseDate": d.Close, "AccountId": at(out.Accounts, d.Organization), "OwnerId": at(out.Owners, d.Owner)})
}

var caseStatuses = map[string]string{"new": "New", "waiting": "Working", "open": "Escalated", "closed": "Closed"}

func (g seeding) ticket(t sandbox.Ticket, out Seeded) string {
	priority := map[string]string{"normal": "Medium", "urgent": "High"}[t.Priority]
	if priority == "" {
		priority = strings.ToUpper(t.Priority[:1]) + t.Priority[1:]
	}
	return g.put("Case", t.Created, map[string]any{"Subject": t.Subject, "Description": t.Body, "Status": caseStatuses[t.Status], "Priority": priority, "Origin": "Email",
		"AccountId": at(out.Accounts, t.Organization), "ContactId": at(out.Contacts, t.Person), "OwnerId": at(out.Owners, t.Owner)})
}
