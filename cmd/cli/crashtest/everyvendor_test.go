package crashtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// TestKillsWithEveryVendor kills the program while people work in HubSpot, Salesforce and Zendesk at once, about customers
// that the three have in common, join and leave lists in Mailchimp and ActiveCampaign, and write mails. In the end every
// record of every vendor is shown by exactly one task, what only one vendor says is shown in its newest state, nobody who
// left is written to, and every mail is an interaction once and told once.
func TestKillsWithEveryVendor(t *testing.T) {
	kills := max(6, int(fromEnv(t, "MILLRACE_KILLS", 12))/4) // a round takes longer than with two vendors
	for _, mode := range []string{"token", "oauth"} {
		t.Run(mode, func(t *testing.T) {
			all := newEverybody(t, mode)
			for round := range (kills + 1) / 2 {
				all.s.requests = requestsOfAll
				if round%3 == 1 {
					all.s.requests = requestsOfLists
				}
				all.s.round(round)
			}
			all.s.settle()
			all.turn()
			all.dieTelling()
			all.tellDays()
		})
	}
}

// everybody are the colleagues in all tools, and the customers who answer.
type everybody struct {
	s      *scene
	binned map[string][]string
	lists  *lists
	mail   *mailbox
	days   *days
}

func newEverybody(t *testing.T, mode string) *everybody {
	t.Helper()
	s := emptyScene(t, world.Options{Customers: few, CommitLag: indexLag}, requestsOfAll, mode, 0)
	s.people = &people{h: s.world.HubSpot, rng: rand.New(rand.NewPCG(s.seed, 7))}
	e := &everybody{s: s, binned: map[string][]string{}}
	var err error
	if e.lists, err = newLists(e); err != nil {
		t.Fatal(err)
	}
	e.mail = newMailbox(e)
	s.people.only, s.check = e.change, e.differences
	var rules string
	e.days, rules = newDays(t)
	s.begin = func() { e.dayEnds(1500 * time.Millisecond) }
	e.dayEnds(time.Hour)
	s.config = configureWith(t, s.world, mode, "700ms", e.listsAndMail(rules))
	return e
}

// listsAndMail are the connections of lists and mail, and the rules.
func (e *everybody) listsAndMail(rules string) string {
	mc, ac, im := e.s.world.Access()[world.Mailchimp], e.s.world.Access()[world.ActiveCampaign], e.s.world.Access()[world.IMAP]
	trap := newMailTrap(e.s.t, e.s.traps, im["host"], im["port"])
	return fmt.Sprintf(`  mailchimp: {connector: mailchimp, api_key: %q, base_url: %q, streams: [lists, members], every: 500ms, sweep: 1s}
  activecampaign: {connector: activecampaign, api_token: %q, base_url: %q, streams: [users, lists, contacts], every: 500ms, sweep: 1s, requests_per_second: 100000}
  mail: {connector: imap, host: %q, port: %s, security: none, user: %q, password: %q, own: [ours.example], body: snippet, every: 300ms, page_size: 20}
rules: [default, %q]
`, mc["api_key"], mc["base_url"], ac["api_token"], ac["base_url"], trap.host, trap.port, im["user"], im["password"], rules)
}

// change does one thing in one of them.
func (e *everybody) change() (string, error) {
	p := e.s.people
	acts := []func() (string, error){
		p.amount, p.stage, p.renameDeal, p.ticketStage, p.newDeal, p.newTicket,
		e.amount, e.amount, e.opportunityStage, e.opportunityStage, e.newOpportunity, e.deleteRow, e.undelete, e.role,
		e.status, e.status, e.newTicket, e.deleteTicket, e.restoreTicket, e.touch,
		e.lists.word, e.lists.word, e.lists.word, e.lists.word, e.lists.rename, e.lists.leave, e.lists.leave, e.lists.move,
		e.mail.write, e.mail.write, e.mail.write, e.mail.write, e.mail.move, e.mail.move, e.mail.renumber, e.mail.cut,
	}
	return acts[p.rng.IntN(len(acts))]()
}

func (e *everybody) rng() *rand.Rand { return e.s.people.rng }

// opportunity picks one, often a new one.
func (e *everybody) opportunity() string {
	rows := e.s.world.Salesforce.Rows("Opportunity")
	if e.rng().IntN(2) == 0 {
		rows = rows[max(0, len(rows)-3):]
	}
	if len(rows) == 0 {
		return ""
	}
	return rows[e.rng().IntN(len(rows))].ID
}

func (e *everybody) setOpportunity(name string, value any) (string, error) {
	id := e.opportunity()
	if id == "" {
		return "", nil
	}
	return fmt.Sprintf("Opportunity/%s %s = %v", id, name, value), e.s.world.Salesforce.Set("Opportunity", map[string]any{name: value}, id)
}

func (e *everybody) amount() (string, error) {
	return e.setOpportunity("Amount", float64(100*(1+e.rng().IntN(900))))
}

var opportunityStages = []string{"Prospecting", "Qualification", "Needs Analysis", "Negotiation/Review", "Closed Won", "Closed Lost"}

func (e *everybody) opportunityStage() (string, error) {
	return e.setOpportunity("StageName", opportunityStages[e.rng().IntN(len(opportunityStages))])
}

func (e *everybody) newOpportunity() (string, error) {
	fields := map[string]any{"Name": e.s.people.name("Opportunity"), "StageName": opportunityStages[e.rng().IntN(3)], "CloseDate": "2027-01-31"}
	if accounts := e.s.world.Salesforce.Rows("Account"); len(accounts) > 0 {
		fields["AccountId"] = accounts[e.rng().IntN(len(accounts))].ID
	}
	id, err := e.s.world.Salesforce.Create("Opportunity", fields)
	return "new Opportunity/" + id, err
}

func (e *everybody) deleteRow() (string, error) {
	id := e.opportunity()
	if id == "" || e.rng().IntN(2) == 0 {
		return "", nil
	}
	e.binned["Opportunity"] = append(e.binned["Opportunity"], id)
	return "delete Opportunity/" + id, e.s.world.Salesforce.Delete("Opportunity", id)
}

// last takes back what was deleted last.
func (e *everybody) last(object string) (string, bool) {
	list := e.binned[object]
	if len(list) == 0 {
		return "", false
	}
	e.binned[object] = list[:len(list)-1]
	return list[len(list)-1], true
}

func (e *everybody) undelete() (string, error) {
	id, ok := e.last("Opportunity")
	if !ok {
		return "", nil
	}
	return "undelete Opportunity/" + id, e.s.world.Salesforce.Undelete("Opportunity", id)
}

// role gives a deal one more person, which does not touch the deal's own stamp.
func (e *everybody) role() (string, error) {
	id, people := e.opportunity(), e.s.world.Salesforce.Rows("Contact")
	if id == "" || len(people) == 0 {
		return "", nil
	}
	who := people[e.rng().IntN(len(people))].ID
	_, err := e.s.world.Salesforce.Create("OpportunityContactRole", map[string]any{"OpportunityId": id, "ContactId": who, "Role": "Influencer"})
	return "Opportunity/" + id + " gets Contact/" + who, err
}

// ticket picks one that can still be changed.
func (e *everybody) ticket() string {
	var ids []string
	for _, r := range e.s.world.Zendesk.Rows("tickets") {
		if r.Fields["status"] != "closed" {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[e.rng().IntN(len(ids))]
}

func (e *everybody) status() (string, error) {
	id := e.ticket()
	if id == "" {
		return "", nil
	}
	status := []string{"open", "pending", "hold", "solved"}[e.rng().IntN(4)]
	return "tickets/" + id + " is " + status, e.s.world.Zendesk.Set("tickets", map[string]any{"status": status}, id)
}

func (e *everybody) newTicket() (string, error) {
	var who []string
	for _, u := range e.s.world.Zendesk.Rows("users") {
		if u.Fields["role"] == "end-user" {
			who = append(who, u.ID)
		}
	}
	fields := map[string]any{"subject": e.s.people.name("Ticket"), "description": "Please help.", "status": "new"}
	if len(who) > 0 {
		fields["requester_id"] = who[e.rng().IntN(len(who))]
	}
	id, err := e.s.world.Zendesk.Create("tickets", fields)
	return "new tickets/" + id, err
}

func (e *everybody) deleteTicket() (string, error) {
	id := e.ticket()
	if id == "" || e.rng().IntN(2) == 0 {
		return "", nil
	}
	e.binned["tickets"] = append(e.binned["tickets"], id)
	return "delete tickets/" + id, e.s.world.Zendesk.Delete("tickets", id)
}

func (e *everybody) restoreTicket() (string, error) {
	id, ok := e.last("tickets")
	if !ok {
		return "", nil
	}
	return "restore tickets/" + id, e.s.world.Zendesk.Restore("tickets", id)
}

func (e *everybody) touch() (string, error) {
	id := e.ticket()
	if id == "" {
		return "", nil
	}
	return "system update of tickets/" + id, e.s.world.Zendesk.Touch(id)
}

// want is what must be shown of the records that only one vendor has, but for the customer in front of their titles.
func (e *everybody) want() map[string]shown {
	all := map[string]shown{}
	for ref, s := range expected(e.s.world.HubSpot) {
		if strings.HasPrefix(ref, "deals/") || strings.HasPrefix(ref, "tickets/") {
			object, id, _ := strings.Cut(ref, "/")
			o, _ := e.s.world.HubSpot.Object(object, id)
			s.Title = o.Properties["dealname"] + o.Properties["subject"]
			all[ref] = s
		}
	}
	for _, r := range e.s.world.Salesforce.Rows("Opportunity") {
		s := shown{Title: fmt.Sprint(r.Fields["Name"]), Project: "Deals – Opportunities", Section: fmt.Sprint(r.Fields["StageName"])}
		if amount, ok := r.Fields["Amount"].(float64); ok {
			s.Amount = strconv.FormatFloat(amount, 'f', -1, 64)
		}
		s.Completed = strings.HasPrefix(s.Section, "Closed")
		all["Opportunity/"+r.ID] = s
	}
	for _, r := range e.s.world.Zendesk.Rows("tickets") {
		status := fmt.Sprint(r.Fields["status"])
		all["tickets/"+r.ID] = shown{Title: fmt.Sprint(r.Fields["subject"]), Project: "Support – Tickets", Section: zendeskSections[status],
			Completed: status == "solved" || status == "closed"}
	}
	return all
}

// zendeskSections are what agents read of each status.
var zendeskSections = map[string]string{"new": "New", "open": "Open", "pending": "Pending", "hold": "On-hold", "solved": "Solved", "closed": "Closed"}

// withoutCustomer takes the customer off the front of a task's title that names something; what is called after its customer
// has none in front.
func withoutCustomer(task asanatest.Task, name string) string {
	customer := task.Fields["Customer"]
	if strings.HasSuffix(task.Name, " – "+name) || customer != "" && task.Name == titled(customer, name) {
		return name
	}
	return task.Name
}

// differences compares the whole project tool with the vendors.
func (e *everybody) differences() []string {
	want, tasks := e.want(), map[string][]asanatest.Task{}
	var list []string
	for _, task := range e.s.world.Asana.Tasks() {
		if world.Started(task) {
			continue
		}
		for _, ref := range sources(task.Notes) {
			if _, wanted := want[ref]; wanted {
				task.Name = withoutCustomer(task, want[ref].Title)
				tasks[ref] = append(tasks[ref], task)
			}
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(want)) {
		list = append(list, compare(ref, want[ref], tasks[ref])...)
	}
	list = append(append(list, e.lists.differences()...), e.mail.differences()...)
	if missing, doubles := e.s.world.Audit(); missing+doubles > 0 && len(list) == 0 {
		list = append(list, fmt.Sprintf("the world counts %d missing and %d duplicates", missing, doubles))
	}
	if len(list) == 0 { // it asks the program, which takes longer
		list = e.mail.exported()
	}
	return list
}
