package work

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
)

func BenchmarkItems(b *testing.B) {
	w, deal := sales(b)
	r := defaultRules(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.Items(w, deal); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkItemsOfOrganization plans the card of a customer with 20 people, 5 deals and 5 tickets.
func BenchmarkItemsOfOrganization(b *testing.B) {
	w, _ := sales(b)
	for i := range 20 {
		w.put(b, fmt.Sprint("hs/contacts/", 100+i), canonical.Person, map[string]any{"name.full": "Ana", "emails": []string{fmt.Sprint("a", i, "@acme.example")}, "lifecycle.stage": "lead", "organization": "hs/companies/1"})
	}
	for i := range 5 {
		w.put(b, fmt.Sprint("hs/deals/", 100+i), canonical.Deal, map[string]any{"name": "D", "status": "open", "organization": "hs/companies/1", "opened_at": "2026-01-02T03:04:05Z"})
		w.put(b, fmt.Sprint("hs/tickets/", 100+i), canonical.Ticket, map[string]any{"subject": "T", "status": "open", "organization": "hs/companies/1", "opened_at": "2026-01-02T03:04:05Z"})
	}
	r, org := defaultRules(b), w.byRef["hs/companies/1"]
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.Items(w, org); err != nil {
			b.Fatal(err)
		}
	}
}
