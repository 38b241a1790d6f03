package ledger_test

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// BenchmarkPlan plans the card of a customer with 20 people, 5 deals and 5 tickets, a deal of it and one of its people,
// each in a snapshot of its own: by rules that show what the sources claim, and by those that ship, which derive it.
// Goal: a deal costs the same, an organization at most 1.3 times.
func BenchmarkPlan(b *testing.B) {
	w := newWorldWith(b, openBolt(b, b.TempDir()), fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/companies/1", 1, `{"name":"Acme","lifecycle.stage":"customer"}`))
	var people, deals []connectors.Record
	for i := range 20 {
		people = append(people, version(fmt.Sprint("a/contacts/", i), 1, fmt.Sprintf(`{"emails":[{"address":"p%d@acme.example"}],"lifecycle.stage":"lead","name.full":"Person %d","organization":"a/companies/1"}`, i, i)))
	}
	for i := range 10 {
		deals = append(deals, version(fmt.Sprint("a/deals/", i), 1, `{"name":"D","opened_at":"2026-01-01T00:00:00.000Z","organization":"a/companies/1","status":"open"}`))
	}
	w.fetch(people...)
	w.fetch(deals...)
	claims := ""
	for _, k := range []string{"organization", "person"} {
		name := map[string]string{"organization": "organizations", "person": "people"}[k]
		claims += fmt.Sprintf("  - {name: %s, section: '%s.lifecycle.claimed', notes: '%s.label + join(map(deals, .label), \", \") + join(map(tickets, .label), \", \")%s'}\n", name, k, k,
			map[string]string{"organization": ` + join(map(people, contact(#)), ", ")`, "person": ""}[k])
	}
	derived := ""
	for _, k := range []string{"organization", "person"} {
		name := map[string]string{"organization": "organizations", "person": "people"}[k]
		derived += fmt.Sprintf("  - {name: %s, section: '%s.lifecycle.stage', notes: '%s.label + join(map(deals, .label), \", \") + join(map(tickets, .label), \", \")%s'}\n", name, k, k,
			map[string]string{"organization": ` + join(map(people, contact(#)), ", ")`, "person": ""}[k])
	}
	for _, v := range []struct{ name, rules string }{{"claimed", claims}, {"derived", derived}} {
		rules, err := work.Load(work.Default(), mapping.File{Name: "x.yaml", Data: []byte("rules:\n" + v.rules)})
		if err != nil {
			b.Fatal(err)
		}
		for _, ref := range []string{"a/companies/1", "a/deals/1"} {
			id := w.id(ref)
			b.Run(v.name+"/"+kindOf(ref), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := w.Snapshot(b.Context(), func(s *ledger.Snap) error {
						e, err := s.Subject(id)
						if err != nil {
							return err
						}
						_, _, err = rules.Items(s, e)
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
