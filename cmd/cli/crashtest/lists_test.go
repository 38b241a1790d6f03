package crashtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// correspondent is a contact of HubSpot's without a company, who has a card of its own and the same address everywhere.
type correspondent struct {
	contact, address string
	members          []string // Mailchimp's, one for each list
	active           string   // ActiveCampaign's contact; "" = none
	goes             bool     // may go for good, once it is shown that it left
	gone             bool     // has done so
	changed          time.Time
	made             int // of names
}

// lists are the people on Mailchimp's and ActiveCampaign's lists. Those of one name are one topic.
type lists struct {
	e              *everybody
	members, offer string // Mailchimp's
	active         string // ActiveCampaign's, called like the first of Mailchimp's
	people         []*correspondent
	movers         []string // members who go from address to address; these are of hosts
	hosts          []string // ActiveCampaign's contacts who are on no list, by address
	away           []string // members who left and then changed their address
}

// The people: those who are on all lists, those who are on one and go for good, and those who are on none.
const joiners, memberLeavers, activeLeavers, hosts, movers = 3, 3, 1, 4, 2

// newLists makes the people and their lists.
func newLists(e *everybody) (*lists, error) {
	w := e.s.world
	l := &lists{e: e, members: w.Mailchimp.CreateList("Circle"), offer: w.Mailchimp.CreateList("Offers")}
	var err error
	if l.active, err = w.ActiveCampaign.Create("lists", map[string]any{"name": "Circle", "stringid": "circle"}); err != nil {
		return nil, err
	}
	for i := range joiners + memberLeavers + activeLeavers {
		p := &correspondent{address: fmt.Sprintf("reader%d@post.example", i), goes: i >= joiners}
		if err := l.enlistAll(p, i < joiners+memberLeavers, i < joiners, i < joiners || i >= joiners+memberLeavers); err != nil {
			return nil, err
		}
		l.people = append(l.people, p)
	}
	for i, p := range l.people {
		if i%2 == 1 || p.goes {
			if err := l.opposite(p); err != nil {
				return nil, err
			}
		}
	}
	return l, l.makeHosts()
}

// enlistAll makes somebody known to HubSpot, and to the lists.
func (l *lists) enlistAll(p *correspondent, members, offer, active bool) (err error) {
	w := l.e.s.world
	if p.contact, err = w.HubSpot.Create("contacts", map[string]string{"firstname": "Reader", "lastname": p.address, "email": p.address}); err != nil {
		return err
	}
	if members {
		err = l.enlist(p, l.members)
	}
	if offer && err == nil {
		err = l.enlist(p, l.offer)
	}
	if !active || err != nil {
		return err
	}
	if p.active, err = w.ActiveCampaign.Create("contacts", map[string]any{"email": p.address, "firstName": "Reader"}); err != nil {
		return err
	}
	return w.ActiveCampaign.Subscribe(p.active, l.active, activecampaigntest.Subscribed)
}

func (l *lists) enlist(p *correspondent, list string) error {
	id, err := l.e.s.world.Mailchimp.Create(list, mailchimptest.Member{Email: p.address, Status: "subscribed", First: "Reader"})
	p.members = append(p.members, id)
	return err
}

func hostAddress(i int) string { return fmt.Sprintf("host%d@post.example", i) }

func (l *lists) makeHosts() error {
	for i := range hosts {
		id, err := l.e.s.world.ActiveCampaign.Create("contacts", map[string]any{"email": hostAddress(i), "firstName": "Host"})
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, id)
	}
	for i := range movers {
		id, err := l.e.s.world.Mailchimp.Create(l.members, mailchimptest.Member{Email: hostAddress(i), Status: "subscribed", First: "Host"})
		if err != nil {
			return err
		}
		l.movers = append(l.movers, id)
	}
	return nil
}

// apart is how far apart two words of one person are: the vendors stamp with seconds, and of two words of one second nobody
// can say which is the later, so that the one that allows less counts.
const apart = 1100 * time.Millisecond

// person picks somebody who may say another word now.
func (l *lists) person() *correspondent {
	p := l.people[l.e.rng().IntN(len(l.people))]
	if p.gone || time.Since(p.changed) < apart {
		return nil
	}
	return p
}

// word has somebody join a list, or leave it.
func (l *lists) word() (string, error) {
	p := l.person()
	if p == nil {
		return "", nil
	}
	p.changed = time.Now()
	if n := l.e.rng().IntN(len(p.members) + 1); p.active == "" || n < len(p.members) {
		return l.memberSays(p.members[min(n, len(p.members)-1)])
	}
	return l.activeSays(p)
}

// opposite has somebody say the opposite on every list. Who may go for good and is shown as having left goes.
func (l *lists) opposite(p *correspondent) error {
	p.changed = time.Now()
	if l.mayLeave(p) {
		_, err := l.leaves(p)
		return err
	}
	if p.gone {
		return nil
	}
	for _, id := range p.members {
		if _, err := l.memberSays(id); err != nil {
			return err
		}
	}
	if p.active == "" {
		return nil
	}
	_, err := l.activeSays(p)
	return err
}

func (l *lists) activeSays(p *correspondent) (string, error) {
	on := l.standing(p) == activecampaigntest.Subscribed
	status := activecampaigntest.Subscribed
	if on {
		status = activecampaigntest.Unsubscribed
	}
	what := fmt.Sprintf("ActiveCampaign contacts/%s is now %d", p.active, status)
	return what, l.e.s.world.ActiveCampaign.Subscribe(p.active, l.active, status)
}

func (l *lists) memberSays(id string) (string, error) {
	m, _ := l.e.s.world.Mailchimp.Member(id)
	status := "unsubscribed"
	if m.Status != "subscribed" {
		status = "subscribed"
	}
	return "Mailchimp members/" + id + " is now " + status, l.e.s.world.Mailchimp.Set(mailchimptest.Member{Status: status, ByPerson: true}, id)
}

// standing is the status of somebody on ActiveCampaign's list.
func (l *lists) standing(p *correspondent) int {
	for _, row := range l.e.s.world.ActiveCampaign.Rows("contactLists") {
		if row.Text("contact") == p.active && row.Text("list") == l.active {
			return map[string]int{"1": activecampaigntest.Subscribed, "2": activecampaigntest.Unsubscribed}[row.Text("status")]
		}
	}
	return activecampaigntest.Unconfirmed
}

// rename changes somebody in ActiveCampaign or Mailchimp, which says nothing about lists.
func (l *lists) rename() (string, error) {
	p := l.person()
	if p == nil {
		return "", nil
	}
	p.changed = time.Now()
	p.made++
	w, name := l.e.s.world, fmt.Sprint("Reader ", p.made)
	if p.active != "" {
		return "ActiveCampaign contacts/" + p.active + " is called " + name, w.ActiveCampaign.Set("contacts", map[string]any{"firstName": name}, p.active)
	}
	return "Mailchimp members/" + p.members[0] + " is called " + name, w.Mailchimp.Set(mailchimptest.Member{First: name}, p.members[0])
}

// leave has somebody go for good who left the list before, and of whom the card says so: the program knows it. What it does
// not know yet it cannot keep, for an archived member does not say what it was.
func (l *lists) leave() (string, error) {
	p := l.person()
	if p == nil || !l.mayLeave(p) {
		return "", nil
	}
	return l.leaves(p)
}

func (l *lists) mayLeave(p *correspondent) bool {
	if !p.goes || p.gone || l.subscribed(p) != "No" {
		return false
	}
	cards := l.cards()[l.ref(p)]
	return len(cards) == 1 && cards[0].Fields["Subscribed"] == "No"
}

func (l *lists) leaves(p *correspondent) (string, error) {
	p.gone = true
	if p.active != "" {
		return "delete ActiveCampaign contacts/" + p.active, l.e.s.world.ActiveCampaign.Delete("contacts", p.active)
	}
	id := p.members[0]
	switch slices.Index(l.people, p) % 3 {
	case 0:
		return "archive Mailchimp members/" + id, l.e.s.world.Mailchimp.Archive(id)
	case 1:
		return "delete Mailchimp members/" + id, l.e.s.world.Mailchimp.Delete(id)
	}
	l.away = append(l.away, id)
	address := "away." + p.address
	return "Mailchimp members/" + id + " has the address " + address, l.e.s.world.Mailchimp.Set(mailchimptest.Member{Email: address}, id)
}

// move has a member take somebody else's address, which nobody of the list has.
func (l *lists) move() (string, error) {
	taken := map[string]bool{}
	for _, id := range l.movers {
		m, _ := l.e.s.world.Mailchimp.Member(id)
		taken[m.Email] = true
	}
	id, to := l.movers[l.e.rng().IntN(len(l.movers))], hostAddress(l.e.rng().IntN(len(l.hosts)))
	if taken[to] {
		return "", nil
	}
	return "Mailchimp members/" + id + " has the address " + to, l.e.s.world.Mailchimp.Set(mailchimptest.Member{Email: to}, id)
}

// subscribed derives from what the accounts say now what the card of somebody must say: of each list the word that allows
// least, and of the lists the one that allows most. Who has gone for good has left.
func (l *lists) subscribed(p *correspondent) string {
	if p.gone {
		return "No"
	}
	left, on := map[string]bool{}, map[string]bool{} // by topic
	say := func(topic string, subscribed bool) {
		on[topic] = true
		left[topic] = left[topic] || !subscribed
	}
	for _, id := range p.members {
		m, _ := l.e.s.world.Mailchimp.Member(id)
		list, _, _ := strings.Cut(id, ":")
		say(map[string]string{l.members: "Circle", l.offer: "Offers"}[list], m.Status == "subscribed")
	}
	if p.active != "" {
		say("Circle", l.standing(p) == activecampaigntest.Subscribed)
	}
	for topic := range on {
		if !left[topic] {
			return "Yes"
		}
	}
	return "No"
}

func (l *lists) ref(p *correspondent) string { return "hubspot/contacts/" + p.contact }

// cards returns the open tasks by the records that they name, with the connections.
func (l *lists) cards() map[string][]asanatest.Task {
	all := map[string][]asanatest.Task{}
	for _, task := range l.e.s.world.Asana.Tasks() {
		if task.Completed || world.Started(task) {
			continue
		}
		for line := range strings.Lines(task.Notes) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Source: "); ok {
				ref, _, _ := strings.Cut(rest, " ")
				all[ref] = append(all[ref], task)
			}
		}
	}
	return all
}

// differences compares the cards of those who are on lists, or were.
func (l *lists) differences() (list []string) {
	cards := l.cards()
	want := func(ref, subscribed string, with ...string) {
		tasks := cards[ref]
		if len(tasks) != 1 {
			list = append(list, fmt.Sprintf("%s is shown by %d open cards: %s", ref, len(tasks), names(tasks)))
			return
		}
		if got := tasks[0].Fields["Subscribed"]; got != subscribed {
			list = append(list, fmt.Sprintf("STALE: the card %s of %s says %q of subscribed, want %q", tasks[0].GID, ref, got, subscribed))
		}
		for _, other := range with {
			if !slices.ContainsFunc(cards[other], func(t asanatest.Task) bool { return t.GID == tasks[0].GID }) {
				list = append(list, fmt.Sprintf("STALE: the card %s of %s does not name %s", tasks[0].GID, ref, other))
			}
		}
	}
	for _, p := range l.people {
		want(l.ref(p), l.subscribed(p))
	}
	for _, id := range l.away {
		want("mailchimp/members/"+id, "No")
	}
	at := map[string]string{} // movers by address
	for _, id := range l.movers {
		m, _ := l.e.s.world.Mailchimp.Member(id)
		at[m.Email] = "mailchimp/members/" + id
	}
	for i, id := range l.hosts {
		if mover := at[hostAddress(i)]; mover != "" {
			want("activecampaign/contacts/"+id, "Yes", mover)
		} else {
			want("activecampaign/contacts/"+id, "")
		}
	}
	for ref, tasks := range cards {
		if len(tasks) > 1 && strings.HasPrefix(ref, "mailchimp/members/") {
			list = append(list, fmt.Sprintf("DUPLICATE: %s is shown by %s", ref, names(tasks)))
		}
	}
	return list
}

// left counts those who have gone for good.
func (l *lists) left() (n int) {
	for _, p := range l.people {
		if p.gone {
			n++
		}
	}
	return n
}
