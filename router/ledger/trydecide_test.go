package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/millrace/millrace/router/ledger"
)

// What is tried is what Decide does, and leaves nothing behind.
func TestTriedDecisionLeavesNothing(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("a/contacts/1", 1, say{Email: "ann@acme.example"}))
	w.fetch(rec("b/contacts/1", 1, say{Email: "ann@acme.example"}))
	apart := ledger.Decision{A: "a/contacts/1", B: "b/contacts/1"}
	before := fmt.Sprint(m.rows)
	var foreseen []string
	var ids [2]string
	err := w.TryDecide(t.Context(), func(s *ledger.Snap, changed []string) error {
		foreseen = slices.Clone(changed)
		for i, ref := range []string{"a/contacts/1", "b/contacts/1"} {
			e, err := s.Resolve(ref)
			if err != nil {
				return err
			}
			ids[i] = e.ID
		}
		return nil
	}, apart)
	if err != nil {
		t.Fatal(err)
	}
	if ids[0] == ids[1] {
		t.Error("the records are still one customer after a decision against it")
	}
	if after := fmt.Sprint(m.rows); after != before {
		t.Error("trying has changed the ledger")
	}
	changed, err := w.Decide(t.Context(), apart)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(changed, foreseen) {
		t.Errorf("foreseen changes: got %q, want %q", foreseen, changed)
	}
	for i, ref := range []string{"a/contacts/1", "b/contacts/1"} {
		if got := w.id(ref); got != ids[i] {
			t.Errorf("%s: got entity %s, foreseen %s", ref, got, ids[i])
		}
	}
	nobody := ledger.Decision{A: "a/contacts/1", B: "a/contacts/9"}
	if err := w.TryDecide(t.Context(), func(*ledger.Snap, []string) error { return nil }, nobody); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a record nobody knows: got %v, want ErrNotFound", err)
	}
}
