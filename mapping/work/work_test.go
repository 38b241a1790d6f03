package work

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

func defaultRules(t testing.TB, overlays ...string) *Rules {
	t.Helper()
	files := []mapping.File{Default()}
	for _, o := range overlays {
		files = append(files, mapping.File{Name: "my.yaml", Data: []byte(o)})
	}
	r, err := Load(files...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sales(t testing.TB) (*world, *Entity) {
	w := newWorld()
	w.put(t, "hs/owners/9", canonical.Owner, map[string]any{"name": "Ivo", "email": "ivo@me.example", "active": true})
	w.put(t, "hs/deal_pipelines/p", canonical.Pipeline, map[string]any{"name": "Sales", "object": "deal", "stages": []canonical.Stage{
		{ID: "a", Name: "Proposal", Order: 0, Probability: "0.4"}, {ID: "b", Name: "Won", Order: 1, Closed: true, Won: true, Probability: "1"}}})
	w.put(t, "hs/companies/1", canonical.Organization, map[string]any{"name": "Acme", "domains": []string{"acme.example"}, "lifecycle.stage": "customer", "owner": "hs/owners/9", "employees": 12,
		"annual_revenue": canonical.Amount{Amount: "1250000", Currency: "EUR"}})
	w.put(t, "hs/contacts/1", canonical.Person, map[string]any{"name.given": "Ana", "name.family": "Marić", "emails": []string{"ana@acme.example"}, "phones": []string{"+38515550100"}, "organization": "hs/companies/1"})
	w.put(t, "zd/users/2", canonical.Person, map[string]any{"emails": []string{"bo@x.example"}})
	deal := w.put(t, "hs/deals/1", canonical.Deal, map[string]any{"name": "Big \"one\"", "amount": canonical.Amount{Amount: "12500.5", Currency: "EUR"}, "pipeline": "hs/deal_pipelines/p", "stage": "a", "status": "open",
		"expected_close_on": "2026-12-31", "organization": "hs/companies/1", "contacts": []string{"hs/contacts/1", "zd/users/2"}, "owner": "hs/owners/9", "url": "https://app.example/d/1", "opened_at": "2026-01-02T03:04:05Z"})
	w.put(t, "hs/tickets/1", canonical.Ticket, map[string]any{"subject": "Help", "status": "on_hold", "priority": "high", "organization": "hs/companies/1", "contacts": []string{"hs/contacts/1"}})
	return w, deal
}

func TestDefaultItems(t *testing.T) {
	w, deal := sales(t)
	r := defaultRules(t)
	items, unresolved, err := r.Items(w, deal)
	if err != nil || len(unresolved) != 0 || len(items) != 1 {
		t.Fatal(items, unresolved, err)
	}
	want := connectors.Item{Key: "deals/deal_1", Project: "Deals – Sales", Section: "Proposal", Sections: []string{"Proposal", "Won"}, Title: `Acme – Big "one"`, Assignee: "ivo@me.example", Due: "2026-12-31",
		Notes: "Customer: Acme\nAmount: 12,500.50 EUR\nStatus: Open\nOpened: 2026-01-02\nContacts: Ana Marić <ana@acme.example>, +38515550100; bo@x.example\nOpen tickets: 1\n– Help (High, On hold)\nSource: hs/deals/1 https://app.example/d/1",
		Fields: []connectors.Field{{Name: "Amount", Kind: "number", Value: "12500.5"}, {Name: "Currency", Kind: "text", Value: "EUR"}, {Name: "Customer", Kind: "text", Value: "Acme"},
			{Name: "Open tickets", Kind: "count", Value: "1"}, {Name: "Probability", Kind: "number", Value: "0.4"}, {Name: "Source", Kind: "text", Value: "hs"}, {Name: "Stage", Kind: "enum", Value: "Proposal"}, {Name: "Ticket priority", Kind: "enum", Value: "High"}}}
	if diff := cmp.Diff(want, items[0]); diff != "" {
		t.Errorf("deal (-want +got):\n%s", diff)
	}
	for id, want := range map[string]string{"tic_1": "tickets/tic_1 Support – no pipeline/On hold Acme – Help", "org_1": "organizations/org_1 Customers/Customer Acme", "per_2": "people/per_2 Customers/Opportunity bo@x.example"} {
		e, _ := w.Entity(id)
		items, _, err := r.Items(w, e)
		if err != nil || len(items) != 1 {
			t.Errorf("%s: %v, %v; want one item", id, items, err)
			continue
		}
		if got := fmt.Sprintf("%s %s/%s %s", items[0].Key, items[0].Project, items[0].Section, items[0].Title); got != want {
			t.Errorf("item %s; want %s", got, want)
		}
		if id == "org_1" && !strings.Contains(items[0].Notes, "Revenue: 1,250,000.00 EUR\nPeople: Ana Marić <ana@acme.example>, +38515550100\nOpen deals: Big \"one\"\nOpen tickets: Help") {
			t.Errorf("the card says\n%s", items[0].Notes)
		}
	}
	e, _ := w.Entity("per_1")
	w.reads = map[string]int{}
	if items, _, err := r.Items(w, e); err != nil || len(items) != 0 || len(w.reads) != 0 {
		t.Errorf("a person of an organization: %v, %v, reads %v; want no item and nothing read", items, err, w.reads)
	}
}

func TestMissingRelations(t *testing.T) {
	w := newWorld()
	deal := w.put(t, "hs/deals/1", canonical.Deal, map[string]any{"name": "Lone", "status": "won", "stage": "a", "pipeline": "hs/deal_pipelines/p", "organization": "hs/companies/1", "contacts": []string{"hs/contacts/1", "hs/companies/1"}})
	items, unresolved, err := defaultRules(t).Items(w, deal)
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	if diff := cmp.Diff([]string{"hs/companies/1", "hs/contacts/1", "hs/deal_pipelines/p"}, unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
	if i := items[0]; i.Project != "Deals – no pipeline" || i.Title != "No customer – Lone" || !i.Completed || i.Section != "a" {
		t.Errorf("item %+v; want the one for a deal without anything around it", i)
	}
	if w.reads["hs/companies/1"] != 1 {
		t.Errorf("the organization was looked up %d times; want once", w.reads["hs/companies/1"])
	}
	gone := *deal
	gone.Golden = identity.Merge(canonical.Deal, nil, nil)
	if items, _, err := defaultRules(t).Items(w, &gone); err != nil || items != nil {
		t.Errorf("a deal that is gone has items %v, %v; want none", items, err)
	}
}

// Preparing only what expressions read shows the same as preparing everything.
func TestNarrowingChangesNothing(t *testing.T) {
	w, _ := sales(t)
	for _, title := range []string{
		`deal.name`, `join(map(contacts, .label + join(map(.emails, .address), "/")), ";")`, `string(len(contacts)) + (pipeline?.name ?? "")`,
		`first(contacts)?.label ?? ""`, `(find(contacts, .name.given == "Ana")?.phones ?? [])[0].raw`, `stage?.kind ?? ""`, `let c = contacts; join(map(c, .label), ",")`,
		`string(count(contacts, len(.emails) > 0)) + string(any(pipeline.stages, .closed))`, `join(map(filter(contacts, .organization != ""), contact(#)), ",")`,
		`join(map(sort(map(contacts, .label)), #), ",")`, `contacts[0].name.family + contacts[1]["label"]`, `reduce(contacts, #acc + .label, "")`,
		`join(map(sortBy(contacts, .label), .emails[0].address), ",")`,
	} {
		narrow := defaultRules(t, "rules:\n  - name: deals\n    title: '"+title+"'\n    notes: null\n    fields: {Customer: null, Stage: null, Probability: null}\n    section: null\n    sections: null\n    complete: null\n    project: '\"P\"'\n")
		whole := defaultRules(t, "rules:\n  - name: deals\n    title: '"+title+"'\n    notes: null\n    fields: {Customer: null, Stage: null, Probability: null}\n    section: null\n    sections: null\n    complete: null\n    project: '\"P\"'\n")
		for kind, p := range whole.plans {
			for name := range p.members {
				p.members[name] = membersOf(kindOf(kind, name), nil)
			}
		}
		for _, e := range w.list {
			want, _, err1 := whole.Items(w, e)
			got, _, err2 := narrow.Items(w, e)
			if err1 != nil || err2 != nil || !cmp.Equal(got, want) || e.Kind == canonical.Deal && got[0].Title == "deal_1" {
				t.Errorf("%s for %s: %v, %v; want %v, %v", title, e.ID, got, err2, want, err1)
			}
		}
	}
}

// The first contact that is still there is the person, whichever name loads it.
func TestPersonIsTheFirstLiveContact(t *testing.T) {
	w, deal := sales(t)
	w.byRef["hs/contacts/1"].Golden = identity.Merge(canonical.Person, nil, nil)
	for _, title := range []string{`person?.label ?? "none"`, `string(len(contacts)) + (person?.label ?? "none")`} {
		r := defaultRules(t, "rules:\n  - name: deals\n    notes: null\n    fields: {Customer: null}\n    title: '"+title+"'\n")
		items, _, err := r.Items(w, deal)
		if err != nil || len(items) != 1 || !strings.HasSuffix(items[0].Title, "bo@x.example") {
			t.Errorf("%s: %v, %v; want bo@x.example", title, items, err)
		}
	}
}

func TestWatches(t *testing.T) {
	r := defaultRules(t)
	k := func(kinds ...canonical.Kind) []canonical.Kind { return kinds }
	for changed, want := range map[canonical.Kind]Reach{
		canonical.Deal:         {Own: true, Referenced: k(canonical.Person, canonical.Organization)},
		canonical.Organization: {Own: true, Referrers: k(canonical.Deal, canonical.Ticket)},
		canonical.Person:       {Own: true, Referrers: k(canonical.Deal, canonical.Ticket), Referenced: k(canonical.Organization)},
		canonical.Ticket: {Own: true, Referenced: k(canonical.Person, canonical.Organization),
			Across: []Way{{canonical.Organization, canonical.Deal}, {canonical.Person, canonical.Deal}}},
		canonical.Owner:    {Referrers: k(canonical.Person, canonical.Organization, canonical.Deal, canonical.Ticket)},
		canonical.Pipeline: {Referrers: k(canonical.Deal, canonical.Ticket)},
	} {
		if diff := cmp.Diff(want, r.Watches(changed)); diff != "" {
			t.Errorf("a changed %s (-want +got):\n%s", changed, diff)
		}
	}
	only, err := Load(mapping.File{Name: "r", Data: []byte("rules:\n  - {name: d, for: deal, project: '\"P\"', title: deal.name}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Reach{}, only.Watches(canonical.Organization)); diff != "" {
		t.Errorf("rules that do not read organizations watch them:\n%s", diff)
	}
}

// What Watches leaves out really shows nothing: whatever Items reads of the graph is in the reach.
func TestWatchesCoversWhatItemsRead(t *testing.T) {
	w, deal := sales(t)
	r := defaultRules(t)
	for _, e := range append([]*Entity{deal}, w.list...) {
		w.reads = map[string]int{}
		if _, _, err := r.Items(w, e); err != nil {
			t.Fatal(err)
		}
		for read := range w.reads {
			if kind, ok := strings.CutPrefix(read, "referrers "); ok {
				reach := r.Watches(canonical.Kind(kind))
				across := slices.ContainsFunc(reach.Across, func(w Way) bool { return w.To == e.Kind })
				if !slices.Contains(reach.Referenced, e.Kind) && !across {
					t.Errorf("a %s reads its %ss, and Watches does not say so", e.Kind, kind)
				}
			} else if o := w.byRef[read]; o != nil && !slices.Contains(r.Watches(o.Kind).Referrers, e.Kind) {
				t.Errorf("a %s reads a %s, and Watches does not say so", e.Kind, o.Kind)
			}
		}
	}
}

func TestOverlay(t *testing.T) {
	r := defaultRules(t, `
rules:
  - name: deals
    title: deal.name
    close: delete
    fields:
      Amount: null
      Tier: {type: text, value: 'deal.custom.tier ?? "none"'}
  - name: people
    off: true
`)
	w, deal := sales(t)
	items, _, err := r.Items(w, deal)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range items[0].Fields {
		names = append(names, f.Name)
	}
	if items[0].Title != `Big "one"` || items[0].Project != "Deals – Sales" || !slices.Equal(names, []string{"Currency", "Customer", "Open tickets", "Probability", "Source", "Stage", "Ticket priority", "Tier"}) {
		t.Errorf("item %+v; want the overlaid title and fields and the default project", items[0])
	}
	if r.Closing("deals/deal_1") != CloseDelete || r.Closing("tickets/x") != CloseComplete || r.Closing("gone/x") != CloseComplete {
		t.Error("Closing does not follow the rules")
	}
	if !slices.Equal(r.Names(), []string{"deals", "onboarding", "tickets", "organizations"}) || r.Version() == defaultRules(t).Version() {
		t.Errorf("rules %v; want people off and another version", r.Names())
	}
}

func TestLoadNamesEveryProblem(t *testing.T) {
	_, err := Load(mapping.File{Name: "w.yaml", Data: []byte(`version: 1
rules:
  - name: a
    for: deel
  - name: Bad Name
    for: deal
  - name: c
    for: deal
    titel: x
    title: deal.nme
    project: 1 + 2
    when: deal.name
    complete: |
      deal.status == "won" or
        organization.nope == 1
    close: forget
    sections: deal.name
    fields:
      A: {type: numbr, value: deal.name}
      B: {type: text, value: deal.amount}
      C: {type: text}
      D: {type: date, value: now()}
      E: {type: text, value: money()}
  - name: c
    for: deal
`)})
	if err == nil {
		t.Fatal("broken rules load")
	}
	for _, want := range []string{
		`w.yaml:4:10: "deel" is not something that rules are for; did you mean "deal"?`,
		`w.yaml:5:5: a rule needs a name`,
		`w.yaml:9:5: "titel" is not a key of a rule; did you mean "title"?`,
		`w.yaml:10:17: title of the rule c: unknown`,
		`w.yaml:11:`,
		`w.yaml:12:`,
		`w.yaml:15:22: complete of the rule c: `,
		`w.yaml:16:12: "forget" is not a way to close`,
		`w.yaml:17:15: sections of the rule c: the expression gives string, not a list`,
		`w.yaml:19:17: "numbr" is not a type of fields`,
		`w.yaml:20:30: field B of the rule c: the expression gives map`,
		`w.yaml:21:10: the field C needs`,
		`w.yaml:22:30: field D of the rule c: unknown name now`,
		`w.yaml:23:`,
		`w.yaml:24:11: the rule "c" is here twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestRunTimeErrorNamesThePlaceNotTheValue(t *testing.T) { // invariant 9
	w, deal := sales(t)
	delete(w.byRef, "hs/companies/1")
	r := defaultRules(t, "rules:\n  - name: deals\n    title: deal.name + organization.name\n")
	_, _, err := r.Items(w, deal)
	if err == nil || !strings.Contains(err.Error(), "rule deals for deal_1: title 1:") || strings.Contains(err.Error(), "Big") {
		t.Errorf("error %v; want rule, entity, key and position, and no value", err)
	}
	r = defaultRules(t, "rules:\n  - name: deals\n    due: deal.name\n")
	if _, _, err = r.Items(w, deal); err == nil || !strings.Contains(err.Error(), "rule deals for deal_1: due is no date") {
		t.Errorf("error %v; want one about due", err)
	}
}

// Items are values: nothing of them lives in the bytes that the entity was read from.
func TestItemsShareNoMemory(t *testing.T) {
	w, deal := sales(t)
	items, _, err := defaultRules(t).Items(w, deal)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(items)
	for _, e := range w.list {
		for _, f := range e.Golden.Fields {
			for i := range f.Value {
				f.Value[i] = 'x'
			}
		}
	}
	if after := fmt.Sprint(items); after != before {
		t.Errorf("the items changed with the entity's bytes:\n%s\nwant\n%s", after, before)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(defaults))
	f.Add("rules:\n  - {name: d, for: deal, project: '\"P\"', title: deal.name}\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Load(mapping.File{Name: "r.yaml", Data: []byte(text)})
		if err != nil {
			return
		}
		w, deal := sales(t)
		if items, _, err := r.Items(w, deal); err == nil {
			for _, i := range items {
				if i.Project == "" || i.Title == "" || !strings.HasSuffix(i.Key, "/deal_1") {
					t.Fatalf("item %+v", i)
				}
			}
		}
	})
}
