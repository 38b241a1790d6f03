package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// sweep applies one whole listing in pages of two, seen at the given time, and reaps it.
func (w *world) sweep(seen int, force bool, records ...connectors.Record) ledger.Reaped {
	w.t.Helper()
	from := connectors.Cursor("")
	for {
		n := min(2, len(records))
		b := ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Sweep, From: from, Seen: at(seen),
			More: len(records) > n, Records: records[:n]}
		for i := range b.Records {
			b.Records[i].Seen = at(seen)
		}
		if records = records[n:]; b.More {
			b.To = connectors.Cursor(fmt.Sprint(len(records)))
		}
		out, err := w.Apply(w.t.Context(), b)
		if err != nil {
			w.t.Fatalf("sweep: %v", err)
		}
		if from = b.To; out.Swept {
			break
		}
	}
	done, err := w.Reap(w.t.Context(), "a", "contacts", force)
	if err != nil {
		w.t.Fatalf("Reap: %v", err)
	}
	return done
}

func contactsNamed(n, version int) []connectors.Record {
	var list []connectors.Record
	for i := range n {
		list = append(list, rec(fmt.Sprint("a/contacts/", i), version, say{Name: fmt.Sprint(i)}))
	}
	return list
}

func TestUnseenTwiceIsDeleted(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(contactsNamed(5, 1)...)
	w.clean()
	if d := w.sweep(100, false, contactsNamed(4, 1)...); d.Missed != 1 || d.Deleted != 0 {
		t.Fatalf("first sweep: got %+v, want one missed", d)
	}
	w.fetch(rec("a/contacts/9", 150, say{Name: "new"}))
	if d := w.sweep(140, false, contactsNamed(4, 1)...); d.Deleted != 1 || d.Missed != 1 {
		t.Fatalf("second sweep: got %+v, want one deleted, and the one made meanwhile left alone", d)
	}
	if n := len(w.entities()); n != 5 {
		t.Errorf("entities: got %d, want 5", n)
	}
	if out := w.fetch(rec("a/contacts/4", 1, say{Name: "4"})); out.Applied != 0 {
		t.Errorf("an old answer brought the deleted record back: %+v", out.Counts)
	}
	back := rec("a/contacts/4", 1, say{Name: "4"})
	back.Seen = at(300)
	w.fetch(back)
	if n := len(w.entities()); n != 6 {
		t.Errorf("entities after it was listed again: got %d, want 6", n)
	}
}

func TestSweepThatListsAgainForgives(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(contactsNamed(3, 1)...)
	w.sweep(100, false, contactsNamed(2, 1)...)
	w.sweep(200, false, contactsNamed(3, 1)...)
	if d := w.sweep(300, false, contactsNamed(2, 1)...); d.Deleted != 0 || d.Missed != 1 {
		t.Errorf("missed, listed, missed: got %+v, want nothing deleted", d)
	}
}

func TestPollBetweenSweepsForgives(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(contactsNamed(3, 1)...)
	w.sweep(100, false, contactsNamed(2, 1)...)
	w.fetch(rec("a/contacts/2", 150, say{Name: "2"}))
	if d := w.sweep(200, false, contactsNamed(2, 1)...); d.Deleted != 0 || d.Missed != 1 {
		t.Errorf("missed, polled, missed: got %+v, want nothing deleted", d)
	}
}

func TestEmptyOrGreedySweepIsRefused(t *testing.T) { // invariant 6
	w := newWorld(t, newMemory())
	w.fetch(contactsNamed(60, 1)...)
	if d := w.sweep(100, false); d.Refused == "" || d.Missed != 0 {
		t.Fatalf("empty sweep: got %+v, want it refused", d)
	}
	if d := w.sweep(200, false, contactsNamed(39, 1)...); d.Missed != 21 || d.Deleted != 0 {
		t.Fatalf("first short sweep: got %+v, want 21 missed", d)
	}
	d := w.sweep(300, false, contactsNamed(39, 1)...)
	if d.Refused == "" || d.Deleted != 0 || len(w.entities()) != 60 {
		t.Fatalf("second short sweep: got %+v and %d entities, want it refused", d, len(w.entities()))
	}
	gaps, err := w.Gaps(t.Context())
	if err != nil || len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "21 of 60") {
		t.Fatalf("gaps: got %+v, %v, want one that says 21 of 60", gaps, err)
	}
	if d, err = w.Reap(t.Context(), "a", "contacts", true); err != nil || d.Deleted != 21 || len(w.entities()) != 39 {
		t.Errorf("forced: got %+v, %v and %d entities, want 21 deleted", d, err, len(w.entities()))
	}
	if gaps, _ = w.Gaps(t.Context()); len(gaps) != 0 {
		t.Errorf("gaps after the forced run: %+v, want none", gaps)
	}
}

func TestSweepHasItsOwnCursor(t *testing.T) {
	w := newWorld(t, newMemory())
	page := ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Sweep, To: "s1", More: true, Seen: at(1)}
	if _, err := w.Apply(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apply(t.Context(), page); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("the same page twice: got %v, want ErrStale", err)
	}
	if s, _ := w.Stream(t.Context(), "a", "contacts"); s.Cursor != "" || s.Sweep.Cursor != "s1" {
		t.Errorf("cursors: got %q and %q", s.Cursor, s.Sweep.Cursor)
	}
	if err := w.Rewind(t.Context(), "a", "contacts", true, "s1", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apply(t.Context(), page); err != nil {
		t.Errorf("a new sweep after Rewind: %v", err)
	}
}

func TestReapGoesOnAfterACrash(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	all := contactsNamed(1200, 1)
	w.fetch(all...)
	w.sweep(100, false, all[:1190]...)
	last := ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Sweep, Seen: at(200), Records: all[:1190]}
	for i := range last.Records {
		last.Records[i].Seen = at(200)
	}
	if _, err := w.Apply(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	m.failPut = 30
	if _, err := w.Reap(t.Context(), "a", "contacts", false); !errors.Is(err, errCrash) {
		t.Fatalf("got %v, want the crash", err)
	}
	m.failPut = 0
	if _, err := w.Reap(t.Context(), "a", "contacts", false); err != nil {
		t.Fatal(err)
	}
	if n := w.totals().Live["a/contacts"]; n != 1190 {
		t.Errorf("live records: got %d, want 1190", n)
	}
}

// TestWhatComesAlongIsSweptToo: records of other objects that come with a stream's pages are gone, too, when two listings
// do not show them, also when the ledger crashes between one object and the next; and those of streams that do not bring
// them are left alone.
func TestWhatComesAlongIsSweptToo(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	listed := func(n, version int) (list []connectors.Record) {
		for i := range n {
			list = append(list, rec(fmt.Sprint("a/contacts/", i), version, say{Name: fmt.Sprint(i)}), rec(fmt.Sprint("a/deals/", i), version, say{Name: fmt.Sprint(i)}))
		}
		return list
	}
	w.fetch(append(listed(10, 1), rec("a/tickets/1", 1, say{Name: "other"}))...)
	sweep := func(seen int) {
		t.Helper()
		b := ledger.Batch{Connection: "a", Stream: "contacts", Along: []string{"deals"}, Kind: ledger.Sweep, Seen: at(seen), Records: listed(7, 1)}
		for i := range b.Records {
			b.Records[i].Seen = at(seen)
		}
		if _, err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, fail := range []int{4, 7, 0} {
			m.failPut = fail
			if _, err := w.Reap(t.Context(), "a", "contacts", false); err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
		}
	}
	sweep(100)
	sweep(200)
	live := w.totals().Live
	if live["a/contacts"] != 7 || live["a/deals"] != 7 || live["a/tickets"] != 1 {
		t.Errorf("got %v live, want 7 contacts with 7 deals, and the ticket", live)
	}
}
