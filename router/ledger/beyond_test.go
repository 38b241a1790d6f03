package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// A deal that is won makes a customer of its organization, and whatever shows that is marked: the card of the
// organization and its other deals, also when the deal goes.
func TestWonDealMarksWhatShowsItsCustomer(t *testing.T) { // invariant 3
	rules, err := work.Load(mapping.File{Name: "r.yaml", Data: []byte(`
rules:
  - {name: deals, for: deal, project: '"P"', title: organization?.lifecycle.stage ?? ""}
  - {name: cards, for: organization, project: '"P"', title: organization.lifecycle.stage}
`)})
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	l, err := ledger.Open(m, ledger.Options{Targets: []string{target}, Reach: rules.Watches, Mapper: fieldsAsTheyAre{version: "1"}, Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	w.Ledger = l
	w.fetch(version("a/companies/1", 1, `{"lifecycle.stage":"lead"}`), version("a/companies/2", 1, `{}`))
	w.fetch(version("a/deals/1", 1, `{"organization":"a/companies/1"}`), version("a/deals/2", 1, `{"organization":"a/companies/1"}`), version("a/deals/3", 1, `{"organization":"a/companies/2"}`))
	title := func(id string) (s string) {
		t.Helper()
		if err := w.Snapshot(t.Context(), func(snap *ledger.Snap) error {
			e, err := snap.Subject(id)
			if err != nil {
				return err
			}
			items, _, err := rules.Items(snap, e)
			s = items[0].Title
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	org, other := w.id("a/companies/1"), w.id("a/deals/2")
	for n, step := range []struct {
		data, want string
	}{{`{"organization":"a/companies/1","status":"won"}`, "customer"}, {`{"organization":"a/companies/2","status":"won"}`, "opportunity"}} {
		w.clean()
		before := title(other)
		out := w.fetch(version("a/deals/1", 2+n, step.data))
		if got := title(other); got != step.want || before == got || title(org) != got {
			t.Errorf("the other deal shows %q, before %q, the card %q; want %q", got, before, title(org), step.want)
		}
		for _, id := range []string{org, other} {
			if !slices.Contains(out.Changed, id) {
				t.Errorf("after %s: %v changed, want %s among them", step.data, out.Changed, id)
			}
		}
	}
}

// What a record that a rule keeps out was named in is its survivor's when the vendor merges it, and the organization of that
// shows it: no golden record changes by it.
func TestMergeOfWhatIsKeptOutMarksWhoShowsIt(t *testing.T) { // invariant 3
	w := newWorldUnder(t, newMemory(), plain{"1"}, identity.NewResolver(identity.Settings{}), cards)
	w.fetch(rec("a/contacts/1", 1, say{Filter: "test records"}), rec("a/companies/1", 1, say{Name: "Acme"}),
		rec("a/contacts/2", 1, say{Name: "Ann", Email: "ann@acme.example"}), rec("a/messages/1", 1, say{Name: "Hello", With: "a/contacts/1", At: "2026-11-01T10:00:00Z"}))
	w.fetch(rec("b/contacts/1", 1, say{Email: "ann@acme.example", Org: "a/companies/1"})) // where she works is another vendor's word
	w.clean()
	merged := gone("a/contacts/1", 2, connectors.Merged)
	merged.Deleted.Into = ref("a/contacts/2")
	w.fetch(merged)
	if marks := w.marked("org_"); len(marks) != 1 || w.recent("a/companies/1", 9) != "Hello" {
		t.Errorf("%q are marked, and the organization shows %q; want it marked, with the mail", marks, w.recent("a/companies/1", 9))
	}
}
