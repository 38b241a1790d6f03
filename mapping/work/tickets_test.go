package work

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
)

// The task of an open deal lists what its customer waits for, the most urgent first.
func TestOpenTicketsOfADeal(t *testing.T) {
	w, deal := sales(t)
	put := func(id string, claims map[string]any) { w.put(t, "zd/tickets/"+id, canonical.Ticket, claims) }
	put("10", map[string]any{"subject": "Down", "status": "open", "priority": "urgent", "organization": "hs/companies/1", "url": "https://zd.example/10"})
	put("11", map[string]any{"subject": "Old", "status": "new", "opened_at": "2026-01-01T00:00:00Z", "organization": "hs/companies/1", "requester": "hs/contacts/1"})
	put("12", map[string]any{"subject": "New", "status": "pending", "opened_at": "2026-02-01T00:00:00Z", "organization": "hs/companies/1"})
	put("13", map[string]any{"subject": "Solved", "status": "solved", "priority": "urgent", "organization": "hs/companies/1"})
	put("14", map[string]any{"subject": "Bo's own", "status": "open", "priority": "low", "requester": "zd/users/2"})
	put("15", map[string]any{"subject": "Bo's elsewhere", "status": "open", "requester": "zd/users/2", "organization": "hs/companies/2"})
	put("16", map[string]any{"subject": "Bo only follows", "status": "open", "followers": []string{"zd/users/2"}})
	r := ruleOf(t, "deal", "", `title: string(len(open_tickets)) + " " + join(map(open_tickets, .subject), ", ")`)
	if got, want := titleOf(t, r, w, deal), "5 Down, Help, Old, New, Bo's own"; got != want {
		t.Errorf("open tickets %s; want %s", got, want)
	}
	items, _, err := defaultRules(t).Items(w, deal)
	if err != nil || !strings.Contains(items[0].Notes, "\nOpen tickets: 5\n– Down (Urgent, Open) https://zd.example/10\n– Help (High, On hold)\n– Old (New)\n") {
		t.Errorf("the task says %q, %v", items[0].Notes, err)
	}
	for i := range 40 {
		put(fmt.Sprint(100+i), map[string]any{"subject": "More", "status": "open", "organization": "hs/companies/1"})
	}
	items, _, err = defaultRules(t).Items(w, deal)
	if err != nil || strings.Count(items[0].Notes, "\n– ") != 21 || !strings.Contains(items[0].Notes, "Open tickets: 45\n") || !strings.Contains(items[0].Notes, "\n– and 25 more\n") {
		t.Errorf("of many tickets the task says %q, %v; want 20 and how many there are", items[0].Notes, err)
	}
	won := w.put(t, "hs/deals/2", canonical.Deal, map[string]any{"name": "Done", "status": "won", "organization": "hs/companies/1"})
	w.reads = map[string]int{}
	if got := titleOf(t, r, w, won); got != "0" || w.reads["referrers ticket"] != 0 {
		t.Errorf("a deal that is won shows %s and looks %d times for tickets; want none", got, w.reads["referrers ticket"])
	}
}

// A rule that shows nothing of tickets is not reached by them.
func TestTicketsReachOnlyWhoShowsThem(t *testing.T) {
	r := ruleOf(t, "deal", "", `title: deal.name`)
	if reach := r.Watches(canonical.Ticket); len(reach.Across) != 0 {
		t.Errorf("a ticket reaches %v under a rule that does not show it", reach.Across)
	}
	r = ruleOf(t, "deal", "", `title: string(len(open_tickets))`)
	for _, kind := range []canonical.Kind{canonical.Organization, canonical.Person} {
		if reach := r.Watches(kind); len(reach.Referrers) != 1 || reach.Referrers[0] != canonical.Deal {
			t.Errorf("a changed %s reaches %v, want its deals: it may have become one with another", kind, reach.Referrers)
		}
	}
}
