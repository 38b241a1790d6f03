package work

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
)

// ruleOf loads rules that are nothing but the one given, for a kind, with lines of a lifecycle file.
func ruleOf(t *testing.T, kind, life string, lines ...string) *Rules {
	t.Helper()
	text := "rules:\n  - name: r\n    for: " + kind + "\n    project: '\"P\"'\n"
	for _, l := range lines {
		text += "    " + l + "\n"
	}
	r, _, err := LoadWith(mapping.File{Name: "life.yaml", Data: []byte(life)}, mapping.File{Name: "r.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func titleOf(t *testing.T, r *Rules, w *world, e *Entity) string {
	t.Helper()
	items, _, err := r.Items(w, e)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 {
		return fmt.Sprint(len(items), " items")
	}
	return items[0].Title
}

func TestDerivedMembers(t *testing.T) {
	w, deal := sales(t)
	w.put(t, "hs/deals/2", canonical.Deal, map[string]any{"name": "Won", "status": "won", "organization": "hs/companies/1", "opened_at": "2025-01-01T00:00:00Z", "closed_at": "2025-02-01T00:00:00Z"})
	w.put(t, "hs/contacts/9", canonical.Person, map[string]any{"name.full": "Cy", "organization": "hs/companies/1", "fit.authority": true, "lifecycle.stage": "evangelist"})
	w.put(t, "hs/transactions/1", canonical.Transaction, map[string]any{"kind": "order", "organization": "hs/companies/1", "occurred_at": "2025-03-01T00:00:00Z"})
	w.put(t, "hs/interactions/1", canonical.Interaction, map[string]any{"kind": "review", "contacts": []string{"zd/users/2"}, "occurred_at": "2025-03-01T00:00:00Z"})
	w.put(t, "mc/memberships/1", canonical.Membership, map[string]any{"person": "hs/contacts/1", "audience": "mc/lists/1", "status": "subscribed"})
	w.past[deal.ID] = []Stay{{Ref: "hs/deals/1", Field: "stage", Value: "a", From: w.now.Add(-time.Hour)}}
	org, ana, bo := w.byRef["hs/companies/1"], w.byRef["hs/contacts/1"], w.byRef["zd/users/2"]
	for _, test := range []struct {
		e           *Entity
		title, want string
	}{
		{org, `organization.lifecycle.stage + " " + string(organization.lifecycle.rank)`, "advocate 70"},
		{org, `organization.lifecycle.claimed`, "customer"},
		{org, `join([organization.category, organization.temperature, organization.journey, organization.crm_cycle], " ")`, "contact cold advocacy loyalty"},
		{org, `organization.lifecycle.entered.repeat_customer`, "2025-03-01T00:00:00.000Z"},
		{org, `organization.lifecycle.entered.mql ?? "never"`, "never"},
		{org, `join(map(people, .label + " " + .lifecycle.stage), "; ")`, "Ana Marić opportunity; Cy advocate"},
		{ana, `person.lifecycle.stage + " of " + organization.lifecycle.stage`, "opportunity of advocate"},
		{bo, `person.lifecycle.stage + " " + person.lifecycle.since`, "advocate 2025-03-01T00:00:00.000Z"},
		{deal, `organization.lifecycle.stage + " " + person.category + " " + stage.kind`, "advocate opportunity proposal"},
		{deal, `join(map(filter(deal.history, .field == "stage"), .value + " since " + date(.from)), "; ")`, "a since 2026-11-22"},
	} {
		r := ruleOf(t, string(test.e.Kind), "", "title: '"+test.title+"'")
		if got := titleOf(t, r, w, test.e); got != test.want {
			t.Errorf("%s for %s: got %q, want %q", test.title, test.e.ID, got, test.want)
		}
	}
	s, categories, err := defaultRules(t).State(w, org)
	if err != nil || s.Stage != "advocate" || len(s.Why) < 4 || s.Why[0].Source != "hs/contacts/9" || len(categories) != 0 {
		t.Errorf("State: %+v, %v, %v; want an advocate because of one contact, with reasons", s, categories, err)
	}
	if s, _, err := defaultRules(t).State(w, deal); err != nil || s.Stage != "" {
		t.Errorf("the state of a deal: %+v, %v; want none", s, err)
	}
}

func TestManualStage(t *testing.T) {
	w, _ := sales(t)
	org := w.byRef["hs/companies/1"]
	org.Refs = append(org.Refs, "hub/organization/1")
	w.past[org.ID] = []Stay{{Ref: "hub/organization/1", Field: "lifecycle.stage", Value: "lead", From: w.now}}
	s, _, err := defaultRules(t).State(w, org)
	if err != nil || s.Stage != "lead" || s.Why[0].What != "set by hand" && s.Why[len(s.Why)-1].What != "set by hand" {
		t.Errorf("got %+v, %v; want a lead, set by hand, though there is a deal", s, err)
	}
}

// A rule that reads no state derives none, and one whose `when` says no derives none either.
func TestStateIsDerivedOnlyWhenItIsRead(t *testing.T) {
	w, _ := sales(t)
	org := w.byRef["hs/companies/1"]
	for _, lines := range [][]string{{`title: organization.lifecycle.claimed`}, {`when: organization.name == "other"`, `title: organization.lifecycle.stage`}} {
		r := ruleOf(t, "organization", "", lines...)
		w.reads = map[string]int{}
		if titleOf(t, r, w, org); len(w.reads) != 0 {
			t.Errorf("%v reads %v, want nothing", lines, w.reads)
		}
	}
	r := ruleOf(t, "organization", "", `when: organization.lifecycle.stage == "customer"`, `title: organization.label`)
	if got := titleOf(t, r, w, org); got != "Acme" {
		t.Errorf("a condition on the stage: %s, want Acme", got)
	}
}

func TestWatchesFollowTheEvidence(t *testing.T) {
	k := func(kinds ...canonical.Kind) []canonical.Kind { return kinds }
	r := ruleOf(t, "organization", "", `title: organization.category`)
	for _, changed := range k(canonical.Person, canonical.Deal, canonical.Ticket, canonical.Transaction, canonical.Interaction) {
		if diff := cmp.Diff(Reach{Referenced: k(canonical.Organization)}, r.Watches(changed)); diff != "" {
			t.Errorf("a %s (-want +got):\n%s", changed, diff)
		}
	}
	r = ruleOf(t, "deal", "", `title: organization?.lifecycle.stage ?? ""`)
	for changed, want := range map[canonical.Kind]Reach{
		canonical.Deal:         {Own: true, Beyond: k(canonical.Organization)},
		canonical.Person:       {Beyond: k(canonical.Organization)},
		canonical.Organization: {Referrers: k(canonical.Deal)},
		canonical.Owner:        {},
	} {
		if diff := cmp.Diff(want, r.Watches(changed)); diff != "" {
			t.Errorf("a %s under a rule that shows its organization's stage (-want +got):\n%s", changed, diff)
		}
	}
	r = ruleOf(t, "deal", "", `title: organization?.lifecycle.claimed ?? ""`)
	if diff := cmp.Diff(Reach{Own: true}, r.Watches(canonical.Deal)); diff != "" {
		t.Errorf("a claim follows from no deal (-want +got):\n%s", diff)
	}
}

// The next steps are off until a configuration turns them on, and then they appear and go with the stage.
func TestNextSteps(t *testing.T) {
	if names := defaultRules(t).Names(); !slices.Equal(names, []string{"deals", "onboarding", "tickets", "organizations", "people"}) {
		t.Fatalf("rules %v are on, want those of deals, tickets, organizations and people", names)
	}
	var on string
	for _, name := range []string{"welcome", "welcome-person", "qualify", "win-back", "win-back-person"} {
		on += "  - {name: " + name + ", off: false}\n"
	}
	r, _, err := LoadWith(mapping.File{Name: "life.yaml", Data: []byte("churn: 100d\n")}, Default(), mapping.File{Name: "my.yaml", Data: []byte("rules:\n" + on)})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.put(t, "hs/contacts/1", canonical.Person, map[string]any{"name.full": "Ana", "emails": []string{"a@x.example"}})
	w.put(t, "hs/companies/1", canonical.Organization, map[string]any{"name": "Acme"})
	ana, acme := w.byRef["hs/contacts/1"], w.byRef["hs/companies/1"]
	at := func(e *Entity, field, stage, day string) {
		from, _ := time.Parse(time.DateOnly, day)
		w.past[e.ID] = []Stay{{Ref: e.Refs[0], Field: field, Value: stage, From: from}}
	}
	next := func(e *Entity) string {
		items, _, err := r.Items(w, e)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, i := range items[1:] { // after the card
			list = append(list, i.Section+": "+i.Title+" "+i.Due)
		}
		return strings.Join(list, "; ")
	}
	for _, step := range []struct{ stage, want string }{
		{"lead", ""}, {"mql", "Leads: Qualify Ana 2026-11-23"}, {"sql", "Leads: Contact Ana 2026-11-23"}, {"customer", "Customers: Welcome call – Ana 2026-11-23"},
	} {
		if at(ana, "lifecycle.stage", step.stage, "2026-11-20"); next(ana) != step.want {
			t.Errorf("%s: next step %q, want %q", step.stage, next(ana), step.want)
		}
	}
	if at(acme, "lifecycle.stage", "customer", "2026-11-18"); next(acme) != "Customers: Welcome call – Acme 2026-11-19" {
		t.Errorf("a new customer: %q, want a welcome call", next(acme))
	}
	w.put(t, "hs/deals/1", canonical.Deal, map[string]any{"status": "won", "organization": "hs/companies/1", "closed_at": "2026-01-01T00:00:00Z"})
	if next(acme) != "Win back: Win back Acme 2026-04-13" {
		t.Errorf("a customer who bought 325 days ago: %q, want to win it back", next(acme))
	}
}

const vip = `
categories:
  - {name: vip, for: organization, when: 'organization.lifecycle.rank >= 60 && len(people) > 0'}
  - {name: big, for: organization, when: (organization.employees ?? 0) > 10}
  - {name: big, for: person, when: (organization?.employees ?? 0) > 10}
`

func TestCategories(t *testing.T) {
	w, _ := sales(t)
	org, ana := w.byRef["hs/companies/1"], w.byRef["hs/contacts/1"]
	r := ruleOf(t, "organization", vip, `when: '"vip" in organization.categories'`, `title: join(organization.categories, ", ")`)
	if got := titleOf(t, r, w, org); got != "vip, big" {
		t.Errorf("got %s, want vip, big", got)
	}
	if reach := r.Watches(canonical.Person); !slices.Contains(reach.Referenced, canonical.Organization) {
		t.Errorf("a person reaches %v, want its organization: a category counts its people", reach)
	}
	if _, list, err := r.State(w, ana); err != nil || fmt.Sprint(list) != "[big]" {
		t.Errorf("categories of a person: %v, %v; want big", list, err)
	}
	none := ruleOf(t, "organization", "", `title: organization.label`)
	if some := ruleOf(t, "organization", vip, `title: organization.label`); some.Version() == none.Version() {
		t.Error("other categories are the same version: items would not be planned anew")
	}
}

func TestCategoriesNameEveryProblem(t *testing.T) {
	_, _, err := LoadWith(mapping.File{Name: "l.yaml", Data: []byte(`categories:
  - {name: A B, for: organization, when: "true"}
  - {name: a, for: deal, when: "true"}
  - {name: a, for: person}
  - {name: a, for: person, when: person.nme == ""}
  - {name: b, for: person, when: '"a" in person.categories'}
  - {name: c, for: person, when: "true"}
  - {name: c, for: person, when: "true", wen: x}
`)}, Default())
	if err == nil {
		t.Fatal("broken categories load")
	}
	for _, want := range []string{`l.yaml:2:12: a category's name`, `l.yaml:3:20: "deal" is not something that has categories`, `l.yaml:4:5: a category needs`,
		`l.yaml:5:41: when of the category a: unknown field nme`, `l.yaml:6:`, `l.yaml:8:5: the category c of person is here twice`, `l.yaml:8:42: "wen" is not a key of a category; did you mean "when"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
