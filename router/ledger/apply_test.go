package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

func pollBatch(from, to connectors.Cursor, records ...connectors.Record) ledger.Batch {
	return ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Poll, From: from, To: to, Records: records}
}

func TestCursorMovesOnlyFromWhereThePageWasRead(t *testing.T) { // invariant 1
	w := newWorld(t, newMemory())
	if _, err := w.Apply(t.Context(), pollBatch("", "p1", rec("a/contacts/1", 1, say{Name: "A"}))); err != nil {
		t.Fatalf("first page: %v", err)
	}
	_, err := w.Apply(t.Context(), pollBatch("", "p9", rec("a/contacts/2", 1, say{Name: "B"})))
	if !errors.Is(err, ledger.ErrStale) {
		t.Fatalf("page read at an old cursor: got %v, want ErrStale", err)
	}
	s, err := w.Stream(t.Context(), "a", "contacts")
	if err != nil || s.Cursor != "p1" {
		t.Errorf("cursor: got %q, %v, want p1", s.Cursor, err)
	}
	if w.id("a/contacts/2") != "" {
		t.Error("a record of the refused page was stored")
	}
}

func TestCrashAtAnyWriteLeavesAllOrNothing(t *testing.T) { // invariant 1
	before := []connectors.Record{rec("a/contacts/1", 1, say{Email: "ann@acme.example"}), rec("b/contacts/1", 1, say{Email: "eve@corp.example"})}
	next := pollBatch("", "p1", rec("a/contacts/1", 2, say{Email: "eve@corp.example"}), rec("a/contacts/2", 2, say{Broken: true}),
		rec("a/deals/1", 2, say{Org: "a/companies/1"}))
	for n := 1; ; n++ {
		m := newMemory()
		w := newWorld(t, m)
		w.fetch(before[0])
		w.fetch(before[1])
		old := m.rows
		m.failPut = n
		_, err := w.Apply(t.Context(), next)
		if err == nil {
			if n < 15 {
				t.Fatalf("a page of three records made only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errCrash) {
			t.Fatalf("write %d: got %v, want the crash", n, err)
		}
		if fmt.Sprint(m.rows) != fmt.Sprint(old) {
			t.Fatalf("crash at write %d left something behind", n)
		}
		m.failPut = 0
		if _, err := w.Apply(t.Context(), next); err != nil {
			t.Fatalf("again after the crash at write %d: %v", n, err)
		}
		if got := w.id("a/contacts/1"); got != w.id("b/contacts/1") {
			t.Fatalf("after the crash at write %d: records are not joined", n)
		}
	}
}

func TestUnknownOutcomeIsFoundOut(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	m.lose = true
	page := pollBatch("", "p1", rec("a/contacts/1", 1, say{Name: "A"}))
	if _, err := w.Apply(t.Context(), page); !errors.Is(err, kv.ErrUnknownOutcome) {
		t.Fatalf("got %v, want ErrUnknownOutcome", err)
	}
	if _, err := w.Apply(t.Context(), page); !errors.Is(err, ledger.ErrStale) {
		t.Fatalf("the same page again: got %v, want ErrStale, because the first attempt landed", err)
	}
}

func TestReopenedLedgerGoesOn(t *testing.T) {
	dir := t.TempDir()
	engine := openBolt(t, dir)
	w := newWorld(t, engine)
	if _, err := w.Apply(t.Context(), pollBatch("", "p1", rec("a/contacts/1", 1, say{Email: "ann@acme.example"}))); err != nil {
		t.Fatal(err)
	}
	id, want := w.id("a/contacts/1"), w.entities()
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	w = newWorld(t, openBolt(t, dir))
	if w.id("a/contacts/1") != id {
		t.Errorf("entity: got %q, want %q as before", w.id("a/contacts/1"), id)
	}
	equalLines(t, "entities", w.entities(), want)
	if _, err := w.Apply(t.Context(), pollBatch("p1", "p2", rec("a/contacts/1", 2, say{Email: "ann@acme.example", Name: "A"}))); err != nil {
		t.Fatal(err)
	}
	if d := w.dirty(); len(d) != 1 || d[0].Entity != id {
		t.Errorf("dirty: got %+v, want one mark of %s", d, id)
	}
}

func TestUnchangedSaveAdvancesTheStamp(t *testing.T) { // the prototype's bug: an older version won later
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "A"}))
	if out := w.fetch(rec("a/contacts/1", 5, say{Name: "A"})); out.Unchanged != 1 {
		t.Fatalf("the same content with a later stamp: got %+v, want it unchanged", out.Counts)
	}
	if out := w.fetch(rec("a/contacts/1", 3, say{Name: "old"})); out.Stale != 1 {
		t.Errorf("a version between the two: got %+v, want it stale", out.Counts)
	}
	equalLines(t, "entities", w.entities(), []string{`person [a/contacts/1] name.full="A1"`})
}

func TestEveryRecordIsAccountedFor(t *testing.T) { // invariant 7
	w := newWorld(t, newMemory())
	odd := rec("a/contacts/7", 1, say{Name: "A"})
	odd.Ref.ID = strings.Repeat("x", 2000)
	strange := rec("b/contacts/1", 1, say{Name: "other connection"})
	unknown := rec("a/contacts/8", 1, say{Kind: "starship"})
	deadly := rec("a/contacts/9", 1, say{Name: "panic"})
	out, err := w.Apply(t.Context(), pollBatch("", "p1", rec("a/contacts/1", 1, say{Name: "A"}), rec("a/contacts/1", 1, say{Name: "A"}),
		rec("a/contacts/2", 1, say{Broken: true}), rec("a/contacts/3", 1, say{Filter: "test records"}), odd, strange, unknown, deadly))
	if err != nil {
		t.Fatalf("a page with bad records: %v", err)
	}
	want := ledger.Counts{Read: 8, Applied: 1, Unchanged: 1, Filtered: 1, Dead: 5, ByRule: map[string]int64{"test records": 1}}
	if fmt.Sprint(out.Counts) != fmt.Sprint(want) {
		t.Errorf("counts: got %+v, want %+v", out.Counts, want)
	}
	if s, _ := w.Stream(t.Context(), "a", "contacts"); s.Cursor != "p1" || fmt.Sprint(s.Counts) != fmt.Sprint(want) {
		t.Errorf("stream: got %+v, want the cursor moved and the counts kept", s)
	}
	if n := len(deadLetters(w)); n != 5 {
		t.Errorf("dead letters: got %d, want 5", n)
	}
}

func TestMergeAndSplitKeepIDs(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Email: "ann@acme.example"}))
	w.fetch(rec("b/contacts/1", 1, say{Email: "eve@corp.example"}))
	first, second := w.id("a/contacts/1"), w.id("b/contacts/1")
	kept, gone := min(first, second), max(first, second)
	w.clean()

	w.fetch(rec("b/contacts/1", 2, say{Email: "ann@acme.example"}))
	if a, b := w.id("a/contacts/1"), w.id("b/contacts/1"); a != kept || b != kept {
		t.Fatalf("merged entity: got %s and %s, want the smaller id %s", a, b, kept)
	}
	wantDirty(t, w, first, second)
	err := w.Snapshot(t.Context(), func(s *ledger.Snap) error {
		if e, err := s.Subject(gone); err != nil || e != nil {
			t.Errorf("Subject of the merged id: got %v, %v, want nil", e, err)
		}
		e, err := s.Entity(gone)
		if err == nil && (e == nil || e.ID != kept) {
			t.Errorf("Entity of the former id: got %+v, want %s", e, kept)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.clean()

	w.fetch(rec("b/contacts/1", 3, say{Email: "eve@corp.example"}))
	if a, b := w.id("a/contacts/1"), w.id("b/contacts/1"); a != first || b != second {
		t.Errorf("after the split: got %s and %s, want %s and %s as before the merge", a, b, first, second)
	}
	wantDirty(t, w, first, second)
}

func wantDirty(t *testing.T, w *world, ids ...string) {
	t.Helper()
	var got []string
	for _, m := range w.dirty() {
		got = append(got, m.Entity)
	}
	slices.Sort(ids)
	equalLines(t, "dirty entities", got, ids)
}

func TestChangesReachWhatShowsThem(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/deals/1", 1, say{Name: "D", Org: "a/companies/1"})) // the organization comes later
	w.fetch(rec("a/deals/2", 1, say{Name: "E"}))
	deal, other := w.id("a/deals/1"), w.id("a/deals/2")
	w.clean()
	w.fetch(rec("a/companies/1", 1, say{Name: "Acme"}))
	org := w.id("a/companies/1")
	wantDirty(t, w, deal, org)
	w.clean()
	w.fetch(rec("a/companies/1", 2, say{Name: "Acme Inc"}))
	wantDirty(t, w, deal, org)
	w.clean()
	w.fetch(rec("a/companies/2", 1, say{Name: "Corp"}))
	second := w.id("a/companies/2")
	w.clean()
	w.fetch(rec("a/deals/1", 2, say{Name: "D", Org: "a/companies/2"})) // both cards list it or did
	wantDirty(t, w, deal, org, second)
	w.clean()
	w.fetch(rec("a/deals/2", 2, say{Name: "E"}))
	if d := w.dirty(); len(d) != 0 {
		t.Errorf("an unchanged save of %s left marks: %+v", other, d)
	}
}

func TestDeletedComesBackAsItself(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "A"}))
	id := w.id("a/contacts/1")
	w.clean()
	w.fetch(gone("a/contacts/1", 2, connectors.Archived))
	wantDirty(t, w, id)
	if w.id("a/contacts/1") != "" || len(w.entities()) != 0 {
		t.Error("an archived record still shows")
	}
	w.clean()
	w.fetch(rec("a/contacts/1", 3, say{Name: "A"}))
	if got := w.id("a/contacts/1"); got != id {
		t.Errorf("restored: got %q, want %q", got, id)
	}
	wantDirty(t, w, id)
}

func TestPrivacyDeletionForgets(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("a/contacts/1", 1, say{Name: "Secret", Email: "ann@acme.example"}))
	w.fetch(rec("a/contacts/1", 2, say{Name: "Secret", Broken: true}))
	w.fetch(gone("a/contacts/1", 3, connectors.Privacy))
	w.fetch(rec("a/contacts/1", 2, say{Name: "Secret"})) // arrives late
	for key, value := range m.rows {
		if strings.Contains(key+value, "Secret") || strings.Contains(key+value, "ann@acme") {
			t.Errorf("row %q still holds what must be forgotten", key)
		}
	}
}

func TestVendorMergeLeadsToTheSurvivor(t *testing.T) {
	w := newWorld(t, newMemory())
	dead := gone("a/companies/1", 2, connectors.Merged)
	dead.Deleted.Into = ref("a/companies/2")
	w.fetch(dead)
	w.fetch(rec("a/companies/2", 1, say{Name: "Acme"}))
	if got, want := w.id("a/companies/1"), w.id("a/companies/2"); got != want || got == "" {
		t.Errorf("reference to the merged record: got %q, want the survivor %q", got, want)
	}
}

func TestChangesReachThroughVendorMerges(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/companies/2", 1, say{Name: "Acme"}))
	w.fetch(rec("a/deals/1", 1, say{Name: "D", Org: "a/companies/1"}))
	org, deal := w.id("a/companies/2"), w.id("a/deals/1")
	w.clean()
	merged := gone("a/companies/1", 2, connectors.Merged)
	merged.Deleted.Into = ref("a/companies/2")
	w.fetch(merged)
	wantDirty(t, w, org, deal) // the card lists the deal now, and the deal has a customer
	w.clean()
	w.fetch(rec("a/companies/2", 3, say{Name: "Acme Inc"}))
	wantDirty(t, w, org, deal)
}

func TestEmailOfManyPeopleIdentifiesNobody(t *testing.T) {
	w := newWorld(t, newMemory())
	for i := range 10 {
		id := fmt.Sprintf("c%02d/contacts/1", i)
		w.fetch(rec(id, 1, say{Email: "ann@acme.example"}))
	}
	if n := len(w.entities()); n != 1 {
		t.Fatalf("ten records with one address: got %d entities, want 1", n)
	}
	w.fetch(rec("c10/contacts/1", 1, say{Email: "ann@acme.example"}))
	w.fetch(rec("c11/contacts/1", 1, say{Email: "ann@acme.example"}))
	if n := len(w.entities()); n != 12 {
		t.Fatalf("twelve records with one address: got %d entities, want 12", n)
	}
	w.fetch(gone("c11/contacts/1", 2, connectors.Privacy))
	w.fetch(gone("c10/contacts/1", 2, connectors.Privacy))
	if n := len(w.entities()); n != 1 {
		t.Errorf("ten again: got %d entities, want 1", n)
	}
}

func TestFailureIsKeptUntilAPageIsStored(t *testing.T) {
	w := newWorld(t, newMemory())
	cause := &connectors.Error{Kind: connectors.Limited, Op: "read contacts", Reason: "slow down"}
	for range 3 {
		if err := w.RecordFailure(t.Context(), "a", "contacts", cause, w.now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := w.Stream(t.Context(), "a", "contacts")
	if f := s.Failure; f.Attempts != 3 || f.Kind != "limited" || !f.NotBefore.Equal(w.now.Add(time.Minute)) {
		t.Errorf("failure: got %+v", f)
	}
	if _, err := w.Apply(t.Context(), pollBatch("", "p1")); err != nil {
		t.Fatal(err)
	}
	if s, _ = w.Stream(t.Context(), "a", "contacts"); s.Failure != (ledger.Failure{}) || !s.CaughtUp {
		t.Errorf("after a page: got %+v, want no failure and caught up", s)
	}
}

func TestLaterSaveDecidesWhoIsBelieved(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Email: "ann@acme.example", Name: "A"}))
	w.fetch(rec("b/contacts/1", 2, say{Email: "ann@acme.example", Name: "B"}))
	id := w.id("a/contacts/1")
	w.clean()
	w.fetch(rec("a/contacts/1", 3, say{Email: "ann@acme.example", Name: "A"})) // saved again without a change
	if got := w.entities(); !strings.Contains(got[0], `name.full="A1"`) {
		t.Errorf("entity: got %s, want the name of the newest version", got)
	}
	wantDirty(t, w, id)
}

func TestOverusedAddressDoesNotJoinWithinAComponent(t *testing.T) {
	w := newWorld(t, newMemory())
	for i := range 12 {
		w.fetch(rec(fmt.Sprintf("c%02d/contacts/1", i), 1, say{Email: "ann@acme.example"}))
	}
	w.fetch(rec("b/contacts/1", 1, say{Email: "ann@acme.example,two@acme.example"}),
		rec("b/contacts/2", 1, say{Email: "one@acme.example,two@acme.example"}))
	w.fetch(rec("a/contacts/1", 1, say{Email: "ann@acme.example,one@acme.example"}))
	if x, y := w.id("a/contacts/1"), w.id("b/contacts/2"); x != y {
		t.Errorf("the address of thirteen people decided: got %s and %s, want one entity", x, y)
	}
}
