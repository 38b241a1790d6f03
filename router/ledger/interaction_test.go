package ledger_test

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// happened lists the interactions that refer to the entity of a record.
func (w *world) happened(id string) string {
	w.t.Helper()
	shown := ""
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		shown = ""
		e, err := s.Resolve(id)
		if err != nil || e == nil {
			return err
		}
		list, err := s.Referrers(e, canonical.Interaction)
		names := map[string]bool{}
		for _, one := range list {
			names[string(one.Golden.Get("subject"))] = true
		}
		for n := range 9 {
			if names[fmt.Sprintf(`"%d"`, n)] {
				shown += fmt.Sprint(n)
			}
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return shown
}

// What happened is with the people, deals and tickets that it names, by whichever of their records: with both when they are
// joined, with each its own when they are separated, and with the one that a vendor merged another into.
func TestInteractionsMoveWithWhomTheyWereWith(t *testing.T) {
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/contacts/1", 1, `{"name.full":"Ana"}`), version("a/contacts/3", 1, `{"name.full":"Cy"}`))
	w.fetch(version("b/contacts/2", 1, `{"name.full":"Ana N."}`))
	w.fetch(version("a/deals/1", 1, `{"contacts":["a/contacts/1"],"name":"D"}`), version("a/deals/2", 1, `{"name":"E"}`))
	w.fetch(version("b/tickets/1", 1, `{"requester":"b/contacts/2","subject":"T"}`))
	w.fetch(version("a/calls/1", 1, `{"contacts":["a/contacts/1"],"deals":["a/deals/1"],"subject":"1"}`),
		version("a/calls/2", 1, `{"deals":["a/deals/2"],"subject":"2"}`), version("a/calls/5", 1, `{"contacts":["a/contacts/3"],"subject":"5"}`))
	w.fetch(version("b/calls/3", 1, `{"contacts":["b/contacts/2"],"subject":"3","tickets":["b/tickets/1"]}`), version("b/calls/4", 1, `{"subject":"4","tickets":["b/tickets/1"]}`))
	check := func(when string, want map[string]string) {
		t.Helper()
		for id, list := range want {
			if got := w.happened(id); got != list {
				t.Errorf("%s: %s has the interactions %q, want %q", when, id, got, list)
			}
		}
	}
	apart := map[string]string{"a/contacts/1": "1", "b/contacts/2": "3", "a/deals/1": "1", "a/deals/2": "2", "b/tickets/1": "34", "a/contacts/3": "5"}
	check("apart", apart)
	for _, same := range []bool{true, false, true} {
		if _, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/1", B: "b/contacts/2", Same: same}); err != nil {
			t.Fatal(err)
		}
		if same {
			check("joined", map[string]string{"a/contacts/1": "13", "b/contacts/2": "13", "a/deals/1": "1", "b/tickets/1": "34"})
		} else {
			check("separated", apart)
		}
	}
	for from, into := range map[string]string{"a/deals/2": "a/deals/1", "a/contacts/3": "a/contacts/1"} {
		merged := gone(from, 2, connectors.Merged)
		merged.Deleted.Into = ref(into)
		w.fetch(merged)
	}
	check("merged at the vendor", map[string]string{"a/contacts/1": "135", "b/contacts/2": "135", "a/deals/1": "12"})
	w.fetch(gone("a/calls/1", 2, connectors.Hard))
	check("one is deleted", map[string]string{"a/contacts/1": "35", "a/deals/1": "2"})
}
