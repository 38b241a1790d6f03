package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

func (w *world) log(id string) (list []ledger.LogEntry) {
	w.t.Helper()
	w.snap(func(s *ledger.Snap) (err error) {
		list, err = s.Log(id, 0, 1000)
		return err
	})
	return list
}

func TestLogTellsWhatChanged(t *testing.T) {
	w := newWorld(t, newMemory())
	w.bring(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@acme.example"}), rec("b/contacts/1", 1, say{Name: "Eve", Email: "eve@corp.example"}))
	a, b := w.id("a/contacts/1"), w.id("b/contacts/1")
	if n := len(w.log(a)); n != 0 {
		t.Fatalf("log of a new customer: %d entries, want none", n)
	}
	w.fetch(rec("a/contacts/1", 5, say{Name: "Anna", Email: "ann@acme.example"}))
	list := w.log(a)
	if len(list) != 1 || len(list[0].Ops) != 1 || string(list[0].Ops[0].Old) != `"Ann1"` || string(list[0].Ops[0].New) != `"Anna1"` ||
		list[0].Ops[0].Source != "a/contacts/1" || !list[0].Asserted.Equal(at(5)) || !list[0].Recorded.Equal(w.now) {
		t.Fatalf("log: got %+v, want one changed name with both times", list)
	}
	_, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/1", B: "b/contacts/1", Same: true, By: "ann", Why: "known"})
	must(t, err)
	kept, gone := min(a, b), max(a, b)
	if e := w.log(kept)[0]; !slices.Equal(e.MergedFrom, []string{gone}) || e.Actor != "ann" || e.Why != "known" || e.Cause != "decided: the same" {
		t.Errorf("log of the one that stays: got %+v", e)
	}
	if e := w.log(gone)[0]; e.Into != kept {
		t.Errorf("log of the one that is gone: got %+v, want it to name %s", e, kept)
	}
	_, err = w.Undecide(t.Context(), [2]string{"a/contacts/1", "b/contacts/1"})
	must(t, err)
	if e := w.log(kept)[0]; !slices.Equal(e.SplitInto, []string{gone}) {
		t.Errorf("log after the split: got %+v, want it to name %s", e, gone)
	}
	if e := w.log(gone)[0]; !slices.Equal(e.SplitFrom, []string{kept}) {
		t.Errorf("log of the part: got %+v, want it to name %s", e, kept)
	}
}

func TestLogIsBounded(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "0"}))
	for i := range 300 {
		w.fetch(rec("a/contacts/1", i+2, say{Name: fmt.Sprint(i+1, strings.Repeat("é", 5000))}))
	}
	list := w.log(w.id("a/contacts/1"))
	if n := len(list); n < 200 || n > 216 {
		t.Errorf("entries: %d, want about 200", n)
	}
	for _, e := range list {
		if n := len(e.Ops[0].New); n > 1100 {
			t.Fatalf("a value of %d bytes is kept, want it cut", n)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b ledger.LogEntry) int { return int(b.Number) - int(a.Number) }) {
		t.Error("the newest is not first")
	}
	w.snap(func(s *ledger.Snap) error {
		more, err := s.Log(w.id("a/contacts/1"), list[9].Number, 5)
		if len(more) != 5 || more[0].Number != list[10].Number {
			t.Errorf("log before %d: got %d entries, want the next five", list[9].Number, len(more))
		}
		return err
	})
}

func TestLogForgetsWithTheVendor(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.bring(rec("a/contacts/1", 1, say{Name: "Secret", Email: "ann@acme.example"}), rec("b/contacts/1", 1, say{Email: "ann@acme.example"}))
	w.fetch(rec("a/contacts/1", 2, say{Name: "Secret too", Email: "ann@acme.example"}))
	w.fetch(gone("a/contacts/1", 3, connectors.Privacy))
	for _, row := range m.dump("log") {
		if strings.Contains(row, "Secret") {
			t.Errorf("row %q still holds what must be forgotten", row)
		}
	}
}
