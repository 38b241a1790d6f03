package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// A customer who buys nothing becomes a former one without an event, and is marked within a day.
func TestTimeMakesFormerCustomers(t *testing.T) {
	rules, _, err := work.LoadWith(mapping.File{Name: "life.yaml", Data: []byte("churn: 30d\n")}, mapping.File{Name: "r.yaml", Data: []byte(`
rules:
  - {name: cards, for: organization, project: '"P"', title: organization.lifecycle.stage}
  - {name: deals, for: deal, project: '"P"', title: organization?.lifecycle.stage ?? ""}
`)})
	if err != nil || !rules.Ages() {
		t.Fatal(err, rules.Ages())
	}
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	if w.Ledger, err = ledger.Open(m, ledger.Options{Now: func() time.Time { return w.now }, Targets: []string{target}, Reach: rules.Watches,
		Mapper: fieldsAsTheyAre{version: "1"}, Key: []byte(strings.Repeat("k", 32))}); err != nil {
		t.Fatal(err)
	}
	w.now = at(0)
	w.fetch(version("a/companies/1", 1, `{}`), version("a/companies/2", 1, `{}`))
	w.fetch(version("a/deals/1", 1, `{"organization":"a/companies/1","status":"won","closed_at":"2026-11-22T12:00:00.000Z"}`),
		version("a/deals/2", 1, `{"organization":"a/companies/2","status":"open"}`))
	age := func() (marked []string) {
		t.Helper()
		w.clean()
		for done := false; !done; {
			if done, err = w.Age(t.Context(), rules.Aged); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range w.dirty() {
			marked = append(marked, d.Entity)
		}
		return marked
	}
	for day := range 30 {
		w.now = at(0).Add(time.Duration(day) * 24 * time.Hour)
		if got := age(); got != nil {
			t.Fatalf("day %d: %v marked, want nothing: no customer is old enough", day, got)
		}
	}
	w.now = at(0).Add(30*24*time.Hour + time.Minute)
	if got, want := age(), []string{w.id("a/deals/1"), w.id("a/companies/1")}; !slices.Equal(got, want) {
		t.Errorf("after 30 days: %v marked, want the customer and its deal %v", got, want)
	}
	w.now = w.now.Add(48 * time.Hour)
	if got := age(); got != nil {
		t.Errorf("two days later: %v marked, want nothing again", got)
	}
}
