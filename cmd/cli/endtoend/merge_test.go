package endtoend

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// TestCustomersThatBecomeOne: a person in two accounts is first two customers with a card and a deal each. When an address
// shows that they are one, the older card stays under the key of the one customer, the younger is completed with a pointer,
// and both deals are of that customer. It can be undone and done again, and nothing piles up.
func TestCustomersThatBecomeOne(t *testing.T) {
	for _, first := range []int{0, 1} {
		t.Run(fmt.Sprintf("account %d first", first+1), func(t *testing.T) {
			v := start(t)
			accounts := []account{v.first(), v.second()}
			older, younger := accounts[first], accounts[1-first]
			v.customer(older, "Ana", "ana@novak.example", "Bridge")
			h := v.open()
			h.settle()
			v.later()
			id := v.customer(younger, "Anna", "anna@novak.example", "Mill")
			v.later()
			h.settle()
			cards := v.in("Customers")
			if len(cards) != 2 {
				t.Fatalf("got %d cards, want 2", len(cards))
			}
			slices.SortFunc(cards, func(a, b asanatest.Task) int { return strings.Compare(a.GID, b.GID) })
			stays, goes := cards[0].GID, cards[1].GID
			for range 2 {
				v.address(younger, id, "ana@novak.example")
				h.settle()
				v.oneCustomer(stays, goes)
				v.address(younger, id, "anna@novak.example")
				h.settle()
				v.twoCustomers(stays, goes)
			}
			h.noProblems()
		})
	}
}

// customer makes a contact with a deal.
func (v *vendors) customer(a account, first, address, deal string) string {
	v.t.Helper()
	id, err := a.Create("contacts", map[string]string{"firstname": first, "lastname": "Novak", "email": address})
	v.ok(err)
	d, err := a.Create("deals", map[string]string{"dealname": deal, "pipeline": "default", "dealstage": "appointmentscheduled"})
	v.ok(err)
	v.ok(a.Associate("deals", d, "contacts", id, 0))
	return id
}

func (v *vendors) address(a account, id, address string) {
	v.t.Helper()
	v.later()
	v.ok(a.Set("contacts", map[string]string{"email": address}, id))
	v.later()
}

func (v *vendors) oneCustomer(stays, goes string) {
	v.t.Helper()
	kept, closed := v.task(stays), v.task(goes)
	if kept.Completed || !closed.Completed {
		v.t.Fatalf("completed: the older card %t, the younger %t; want the younger only", kept.Completed, closed.Completed)
	}
	if n := len(sourcesOf(kept)); n != 2 {
		v.t.Errorf("the older card names %d records, want both", n)
	}
	if last := closed.Comments[len(closed.Comments)-1]; !strings.Contains(last, "merged into "+kept.Name) || !strings.HasSuffix(last, "/"+stays) {
		v.t.Errorf("the younger card says %q, want where it goes on", last)
	}
	v.deals(kept.Name+" – Bridge", kept.Name+" – Mill")
	v.nothingDoubled()
}

func (v *vendors) twoCustomers(stays, goes string) {
	v.t.Helper()
	kept, back := v.task(stays), v.task(goes)
	if kept.Completed || back.Completed || kept.Name == back.Name {
		v.t.Fatalf("the cards are %+v and %+v, want two open ones of two names", kept, back)
	}
	if last := back.Comments; len(last) > 0 && strings.Contains(last[len(last)-1], "merged into") {
		v.t.Errorf("the opened card still says %q", last)
	}
	v.nothingDoubled()
}

// deals wants the open deals to have the titles.
func (v *vendors) deals(want ...string) {
	v.t.Helper()
	var got []string
	for _, task := range v.in("Deals – Sales Pipeline") {
		got = append(got, task.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		v.t.Errorf("the deals are %q, want %q", got, want)
	}
}

func (v *vendors) task(gid string) asanatest.Task {
	v.t.Helper()
	task, ok := v.asana.Task(gid)
	if !ok {
		v.t.Fatalf("task %s is gone", gid)
	}
	return task
}

func (v *vendors) nothingDoubled() {
	v.t.Helper()
	if n := len(v.asana.Tasks()); n != 4 {
		v.t.Errorf("there are %d tasks, want two cards and two deals", n)
	}
	if groups := v.asana.Duplicates("Hub ID"); len(groups) > 0 {
		v.t.Errorf("tasks share a key: %+v", groups)
	}
}
