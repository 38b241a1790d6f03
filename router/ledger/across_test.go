package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// dealsWorld is a ledger under the rules that ship.
func dealsWorld(t *testing.T) (*world, *work.Rules) {
	t.Helper()
	rules, err := work.Load(work.Default())
	if err != nil {
		t.Fatal(err)
	}
	m, mapper := newMemory(), fieldsAsTheyAre{version: "1"}
	w := newWorldWith(t, m, mapper)
	w.Ledger, err = ledger.Open(m, ledger.Options{Targets: []string{target}, Reach: rules.Watches, Mapper: mapper, KindOf: knownKind})
	if err != nil {
		t.Fatal(err)
	}
	return w, rules
}

// marked lists the marked entities of a kind by their prefix.
func (w *world) marked(prefix string) []string {
	w.t.Helper()
	var list []string
	for _, m := range w.dirty() {
		if len(m.Entity) > len(prefix) && m.Entity[:len(prefix)] == prefix {
			list = append(list, m.Entity)
		}
	}
	return list
}

// openTickets is what the task of a deal says of its customer's tickets.
func (w *world) openTickets(rules *work.Rules, deal string) string {
	w.t.Helper()
	shown := ""
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err := s.Resolve(deal)
		if err != nil {
			return err
		}
		items, _, err := rules.Items(s, e)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(items[0].Fields, func(f connectors.Field) bool { return f.Name == "Open tickets" })
		shown = items[0].Fields[at].Value
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return shown
}

// A ticket that opens, changes, closes or finds another customer marks the deals of the customers it had and has, also
// through a record that the vendor merged away before anybody read it, and nobody else's.
func TestTicketMarksTheDealsOfItsCustomer(t *testing.T) { // invariant 3
	w, rules := dealsWorld(t)
	w.fetch(version("a/companies/1", 1, `{"name":"Acme"}`), version("a/companies/2", 1, `{"name":"Corp"}`), version("a/contacts/1", 1, `{"name.full":"Ana"}`))
	lost := gone("a/companies/9", 1, connectors.Merged)
	lost.Deleted.Into = ref("a/companies/1")
	w.fetch(lost)
	w.fetch(version("a/deals/1", 1, `{"organization":"a/companies/1","status":"open"}`), version("a/deals/2", 1, `{"organization":"a/companies/2","status":"open"}`),
		version("a/deals/3", 1, `{"contacts":["a/contacts/1"],"status":"open"}`), version("a/deals/9", 1, `{"organization":"a/companies/9","status":"open"}`))
	w.fetch(version("a/tickets/7", 1, `{"organization":"a/companies/1","status":"solved"}`))
	for n, step := range []struct{ what, ticket, deals, shown string }{
		{"opened", `{"organization":"a/companies/1","status":"open"}`, "1 9", "1 - - 1"},
		{"more urgent", `{"organization":"a/companies/1","priority":"urgent","status":"open"}`, "1 9", "1 - - 1"},
		{"by the record that was merged", `{"organization":"a/companies/9","status":"open"}`, "1 9", "1 - - 1"},
		{"another customer's", `{"organization":"a/companies/2","status":"open"}`, "1 2 9", "- 1 - -"},
		{"a person's", `{"requester":"a/contacts/1","status":"open"}`, "2 3", "- - 1 -"},
		{"solved", `{"requester":"a/contacts/1","status":"solved"}`, "3", "- - - -"},
	} {
		w.clean()
		w.fetch(version("a/tickets/1", 2+n, step.ticket))
		deals, shown := "", ""
		for _, id := range []string{"1", "2", "3", "9"} {
			if slices.Contains(w.marked("deal_"), w.id("a/deals/"+id)) {
				deals += " " + id
			}
			open := w.openTickets(rules, "a/deals/"+id)
			if open == "" {
				open = "-"
			}
			shown += " " + open
		}
		if deals != " "+step.deals || shown != " "+step.shown {
			t.Errorf("%s: the deals%s are marked and show%s; want %s and %s", step.what, deals, shown, step.deals, step.shown)
		}
		if other := w.id("a/tickets/7"); slices.Contains(w.marked("tic_"), other) {
			t.Errorf("%s: another ticket of the customer is marked, which shows nothing of it", step.what)
		}
	}
}

// Organizations that become one share their tickets, and those that are separated do not.
func TestMergedCustomersTicketsAreOnAllTheirDeals(t *testing.T) {
	w, rules := dealsWorld(t)
	w.fetch(version("a/companies/1", 1, `{"name":"Acme"}`))
	w.fetch(version("b/companies/1", 1, `{"name":"Acme Ltd"}`))
	w.fetch(version("a/deals/1", 1, `{"organization":"a/companies/1","status":"open"}`))
	w.fetch(version("b/tickets/1", 1, `{"organization":"b/companies/1","status":"open"}`))
	if got := w.openTickets(rules, "a/deals/1"); got != "" {
		t.Fatalf("a deal of another customer shows %q tickets", got)
	}
	for n, domains := range []string{`["acme.example"]`, `["other.example"]`} {
		w.clean()
		w.fetch(version("a/companies/1", 2+n, `{"domains":["acme.example"],"name":"Acme"}`))
		w.fetch(version("b/companies/1", 2+n, `{"domains":`+domains+`,"name":"Acme Ltd"}`))
		want := map[int]string{0: "1", 1: ""}[n]
		if got := w.openTickets(rules, "a/deals/1"); got != want || len(w.marked("deal_")) != 1 {
			t.Errorf("domains %s: the deal shows %q, want %q, and %v are marked", domains, got, want, w.marked("deal_"))
		}
	}
}

// Of a customer with very many deals a thousand are marked at once and the rest in the background, and of what else
// points at it nothing is: a ticket is no reason to write to every contact.
func TestTicketOfAHugeCustomerIsSpread(t *testing.T) {
	w, _ := dealsWorld(t)
	w.fetch(version("a/companies/1", 1, `{"name":"Acme"}`))
	for _, object := range []string{"contacts", "deals", "tickets"} {
		var list []connectors.Record
		for i := range 2500 {
			list = append(list, version(fmt.Sprint("a/", object, "/", i), 1, `{"organization":"a/companies/1"}`))
		}
		w.fetch(list...)
	}
	var list []ledger.Settlement
	for _, m := range w.dirty() {
		list = append(list, ledger.Settlement{Entity: m.Entity, Generation: m.Generation})
	}
	if _, err := w.Settle(t.Context(), target, list); err != nil {
		t.Fatal(err)
	}
	ticket := func(n int, status string) {
		w.fetch(version("a/tickets/1", n, `{"organization":"a/companies/1","status":"`+status+`"}`))
	}
	ticket(1, "open")
	if n := len(w.marked("deal_")); n != 1000 {
		t.Errorf("%d deals are marked at once, want 1000", n)
	}
	if n := len(w.marked("tic_")); n != 1 {
		t.Errorf("%d tickets are marked, want the one that changed", n)
	}
	w.fetch(version("a/companies/1", 2, `{"name":"Acme Ltd"}`)) // deals and tickets show the name
	ticket(2, "pending")                                        // only deals show this
	for done := false; !done; {
		var err error
		if done, err = w.Spread(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]int{"deal_": 2500, "tic_": 2500, "per_": 0} {
		if n := len(w.marked(prefix)); n != want {
			t.Errorf("%d of %s are marked, want %d", n, prefix, want)
		}
	}
}

// The open tickets of a customer are found among any number of closed ones.
func TestOpenTicketsAmongVeryManyClosedOnes(t *testing.T) {
	w, rules := dealsWorld(t)
	w.fetch(version("a/companies/1", 1, `{"name":"Acme"}`), version("a/deals/1", 1, `{"organization":"a/companies/1","status":"open"}`))
	var list []connectors.Record
	for i := range 3000 {
		status := "closed"
		if i%1000 == 0 {
			status = "open"
		}
		list = append(list, version(fmt.Sprint("a/tickets/", i), 1, `{"organization":"a/companies/1","status":"`+status+`"}`))
	}
	w.fetch(list...)
	if got := w.openTickets(rules, "a/deals/1"); got != "3" {
		t.Errorf("the deal shows %q open tickets, want 3", got)
	}
}
