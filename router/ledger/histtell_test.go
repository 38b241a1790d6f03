package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// told is a row of changes of a ticket.
func told(row, n int, data string) connectors.Record {
	return version(fmt.Sprintf("a/tickets/change%d", row), n, `{"past":"a/tickets/1",`+data+`}`)
}

const ticket = "a/tickets/1"

func histories(t *testing.T, m *memory) *world {
	t.Helper()
	return newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
}

// TestPastToldByOthers: what rows of changes tell stands between what the ticket itself was seen to be, whichever comes
// first, once, and nothing the ticket says later takes it away. The rows are no records.
func TestPastToldByOthers(t *testing.T) {
	rows := []connectors.Record{told(1, 10, `"status":"new","priority":"low"`), told(2, 20, `"status":"open","assignee":"a/agents/7"`),
		told(3, 30, `"status":"pending","team":"Second Level"`), told(4, 40, `"assignee":null`)}
	states := []connectors.Record{version(ticket, 25, `{"status":"open","assignee":"a/agents/7","priority":"low","subject":"It burns"}`),
		version(ticket, 50, `{"status":"solved","priority":"high","subject":"It burns"}`)}
	want := []string{
		"a/tickets/1 status=new 10-20 lapsed=false", "a/tickets/1 status=open 20-30 lapsed=false",
		"a/tickets/1 status=pending 30-50 lapsed=false", "a/tickets/1 status=solved 50-… lapsed=false",
		"a/tickets/1 assignee=a/agents/7 20-40 lapsed=false",
		"a/tickets/1 priority=low 10-50 lapsed=false", "a/tickets/1 priority=high 50-… lapsed=false",
		"a/tickets/1 team=Second Level 30-… lapsed=false"}
	for name, order := range map[string][]connectors.Record{"rows first": slices.Concat(rows, states), "ticket first": slices.Concat(states, rows),
		"mixed, and twice": slices.Concat(rows[2:], states, rows, rows[:1], states)} {
		w := histories(t, newMemory())
		for _, r := range order {
			w.fetch(r)
		}
		equalLines(t, name, past(w, ticket), want)
		if id := w.id("a/tickets/change1"); id != "" {
			t.Errorf("%s: a row of changes became %s, want no record of its own", name, id)
		}
		if e := w.entities(); len(e) != 1 {
			t.Errorf("%s: entities %v, want the ticket alone", name, e)
		}
	}
}

// TestToldIsCountedAndMarks: a row that tells something new is applied and marks what it tells of, one that was heard before
// is unchanged and marks nothing.
func TestToldIsCountedAndMarks(t *testing.T) { // invariants 3 and 7
	const deal = "a/deals/1"
	row := func(n int, data string) connectors.Record {
		return version(fmt.Sprintf("a/deals/change%d", n), n, `{"past":"`+deal+`",`+data+`}`)
	}
	w := histories(t, newMemory())
	w.fetch(version(deal, 25, `{"status":"open"}`))
	w.clean()
	if out := w.fetch(row(10, `"stage":"new"`)); out.Applied != 1 || !slices.Equal(out.Changed, []string{w.id(deal)}) {
		t.Errorf("what was not known: %+v, want it applied and the deal changed", out)
	}
	w.clean()
	if out := w.fetch(row(10, `"stage":"new"`)); out.Unchanged != 1 || len(out.Changed) != 0 {
		t.Errorf("the same again: %+v, want it unchanged", out)
	}
	if out := w.fetch(row(11, `"filter":true`)); out.Filtered != 1 || out.Read != 1 {
		t.Errorf("one that a rule filters: %+v, want it counted so", out)
	}
	if out := w.fetch(row(12, `"name":"no history is kept of it"`)); out.Unchanged != 1 {
		t.Errorf("one that tells nothing: %+v, want it unchanged", out)
	}
}

// TestWhatIsForgottenIsNotToldAgain: a deletion for privacy ends what rows of before it tell, in either order.
func TestWhatIsForgottenIsNotToldAgain(t *testing.T) {
	row, later := told(1, 10, `"status":"new"`), told(2, 60, `"status":"open"`)
	for name, order := range map[string][]connectors.Record{"rows first": {row, later, gone(ticket, 50, connectors.Privacy)},
		"deletion first": {gone(ticket, 50, connectors.Privacy), row, later}} {
		m := newMemory()
		w := histories(t, m)
		for _, r := range order {
			w.fetch(r)
		}
		if rows := m.dump("hist"); len(rows) != 1 {
			t.Errorf("%s: %d rows, want that of after the deletion alone", name, len(rows))
		}
	}
}

// TestNothingIsToldOfTheErased: an erasure ends it for ever, whatever the vendor sends again.
func TestNothingIsToldOfTheErased(t *testing.T) {
	m := newMemory()
	w := histories(t, m)
	const person = "a/contacts/1"
	row := version("a/contacts/change1", 5, `{"past":"`+person+`","lead.status":"new"}`)
	w.fetch(version(person, 10, `{"lead.status":"open"}`))
	w.fetch(row)
	if rows := m.dump("hist"); len(rows) != 1 {
		t.Fatalf("%d rows, want that of the row of changes", len(rows))
	}
	w.erase(person)
	if out := w.fetch(row); out.ByRule[ledger.RuleSuppressed] != 1 || len(m.dump("hist")) != 0 {
		t.Errorf("told again after the erasure: %+v and rows %v, want it suppressed and none", out.Counts, m.dump("hist"))
	}
}

// TestRowThatCannotBeMappedIsALetter: until it can.
func TestRowThatCannotBeMappedIsALetter(t *testing.T) { // invariant 7
	w := histories(t, newMemory())
	if out := w.fetch(told(1, 10, `"broken":true`)); out.Dead != 1 || len(deadLetters(w)) != 1 {
		t.Fatalf("a broken row: %+v and %d letters, want one", out, len(deadLetters(w)))
	}
	if out := w.fetch(told(1, 10, `"status":"new"`)); out.Applied != 1 || len(deadLetters(w)) != 0 {
		t.Errorf("the row once it can be mapped: %+v and %d letters, want it applied and none", out, len(deadLetters(w)))
	}
}

// TestCrashAmongToldRows: a page of rows is stored whole or not at all, and once, whichever write fails.
func TestCrashAmongToldRows(t *testing.T) { // invariant 1
	page := pollBatch("", "p1", told(1, 10, `"status":"new"`), told(2, 20, `"status":"open"`), told(3, 20, `"status":"pending","priority":"low"`),
		version(ticket, 20, `{"status":"pending"}`))
	whole := histories(t, newMemory())
	if _, err := whole.Apply(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	want := past(whole, ticket)
	for n := 1; ; n++ {
		m := newMemory()
		w := histories(t, m)
		m.failPut = n
		_, err := w.Apply(t.Context(), page)
		if err == nil {
			if n < 8 {
				t.Fatalf("the page made only %d writes", n)
			}
			return
		}
		if rows := m.dump("hist"); !errors.Is(err, errCrash) || len(rows) != 0 {
			t.Fatalf("write %d: %v and %d rows, want the crash and none", n, err, len(rows))
		}
		m.failPut = 0
		if _, err := w.Apply(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		equalLines(t, fmt.Sprintf("after the crash at write %d", n), past(w, ticket), want)
	}
}

// TestToldOnceWhateverTheInterleaving: every change is told once, in whatever order and however often pages bring it, also
// several in one second.
func TestToldOnceWhateverTheInterleaving(t *testing.T) { // invariant 2
	rapid.Check(t, func(rt *rapid.T) {
		var rows []connectors.Record
		want := map[string]bool{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "rows") {
			status, n := rapid.SampledFrom([]string{"new", "open", "pending", "solved"}).Draw(rt, "status"), rapid.IntRange(1, 6).Draw(rt, "second")
			data, _ := json.Marshal(status)
			rows = append(rows, told(i, n, `"status":`+string(data)))
			want[fmt.Sprint(n, status)] = true
		}
		m := newMemory()
		w := histories(t, m)
		deliver(w, rows, rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed"))))
		if got := m.dump("hist"); len(got) != len(want) {
			rt.Fatalf("%d moments are kept of %d that were told", len(got), len(want))
		}
	})
}
