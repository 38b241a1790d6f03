package router_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

func TestEveryRecordBecomesOneItem(t *testing.T) {
	w := newWorld(t)
	for i := range 200 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.start()
	w.backfill()
	if got := len(w.board.shows(t)); got != 200 {
		t.Errorf("%d items are shown, want 200", got)
	}
	if w.board.maxUse > 5 {
		t.Errorf("%d items were in flight, want at most 5", w.board.maxUse)
	}

	w.crm.set("7", "Seven")
	w.crm.remove("8")
	w.backfill()
	shown := w.board.shows(t)
	if len(shown) != 199 || w.board.creates != 200 || w.board.updates != 1 || w.board.closes != 1 {
		t.Errorf("shown %d, created %d, changed %d, closed %d; want 199, 200, 1, 1", len(shown), w.board.creates, w.board.updates, w.board.closes)
	}
}

func TestUnchangedSecondRunWritesNothing(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		w.crm.set(fmt.Sprint(i), "Same")
	}
	w.start()
	w.backfill()
	for i := range 50 {
		w.crm.set(fmt.Sprint(i), "Same")
	}
	w.backfill()
	if w.board.creates != 50 || w.board.updates != 0 {
		t.Errorf("created %d, changed %d; want 50, 0", w.board.creates, w.board.updates)
	}
}

// A call whose answer is lost may have made the object: it must be adopted, not made again (invariant 4).
func TestLostAnswersMakeNoSecondItem(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	n := 0
	w.board.after = func(connectors.Want) error {
		if n++; n%7 == 3 {
			return errors.New("connection reset")
		}
		return nil
	}
	w.start()
	w.backfill()
	if got := len(w.board.shows(t)); got != 60 {
		t.Errorf("%d items are shown, want 60", got)
	}
	if w.board.creates != 60 {
		t.Errorf("%d objects were made, want 60", w.board.creates)
	}
}

// One item the target cannot take becomes a dead letter after the configured attempts; the others do not wait for it.
func TestPoisonItemBecomesADeadLetter(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.board.before = func(want connectors.Want) error {
		if want.Item.Title == "Person 13" {
			return &connectors.Error{Kind: connectors.Rejected, Op: "create task", Status: 400, Reason: "name is forbidden"}
		}
		return nil
	}
	w.start()
	w.backfill()
	list, _, err := w.ledger.DeadList(t.Context(), "", "", 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("dead letters: %v, %v; want one", list, err)
	}
	if got := len(w.board.shows(t)); got != 29 {
		t.Errorf("%d items are shown, want 29", got)
	}
	w.board.mu.Lock()
	w.board.before = nil
	w.board.mu.Unlock()
	if gone, err := w.ledger.DeadReplay(t.Context(), list[0].ID); err != nil || !gone {
		t.Fatalf("replay: %v, %v", gone, err)
	}
	w.backfill()
	if got := len(w.board.shows(t)); got != 30 {
		t.Errorf("%d items are shown after the replay, want 30", got)
	}
}

func TestSomebodyDeletedTheObject(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	w.start()
	w.backfill()
	w.board.mu.Lock()
	clear(w.board.items)
	w.board.mu.Unlock()
	w.crm.set("1", "Ada L.")
	w.backfill()
	for _, title := range w.board.shows(t) {
		if title != "Ada L." {
			t.Errorf("title = %q, want the object made again with the new one", title)
		}
	}
	if len(w.board.items) != 1 {
		t.Errorf("%d items, want 1", len(w.board.items))
	}
}

// An empty source never means "close everything" (invariant 6).
func TestMassDeletionIsHeldBack(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.crm.set(fmt.Sprint(i), "P")
	}
	w.start()
	w.backfill()
	for i := range 60 {
		w.crm.remove(fmt.Sprint(i))
	}
	w.backfill()
	if w.board.closes > 20 {
		t.Errorf("%d items were closed, want at most 20", w.board.closes)
	}
	if held := w.router.Held()["board"]; held < 40 {
		t.Errorf("held back %d, want at least 40", held)
	}
	restore := w.router.LiftGuard()
	defer restore()
	for _, m := range dirty(t, w) {
		if err := w.ledger.Mark(t.Context(), "board", m); err != nil {
			t.Fatal(err)
		}
	}
	w.backfill()
	if w.board.closes != 60 {
		t.Errorf("%d items were closed with the guard lifted, want 60", w.board.closes)
	}
}

func dirty(t *testing.T, w *world) []string {
	t.Helper()
	var ids []string
	err := w.ledger.EachLink(t.Context(), "board", func(entity string, _ ledger.Link) error {
		ids = append(ids, entity)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestDeniedSourceIsAnErrorAndAProblem(t *testing.T) { // invariant 8
	w := newWorld(t)
	w.crm.fail = &connectors.Error{Kind: connectors.Denied, Op: "read contacts", Status: 401, Reason: "token is wrong"}
	w.start()
	err := w.router.ReadAll(t.Context(), router.Scope{})
	if connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got %v, want the vendor's refusal", err)
	}
	problems, err := w.router.Problems(t.Context())
	if err != nil || len(problems) == 0 {
		t.Errorf("problems = %v, %v; want the stream that is denied", problems, err)
	}
}

// An outage gives up nothing: when the target is back, everything is shown.
func TestOutageLosesNothing(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		w.crm.set(fmt.Sprint(i), "P")
	}
	down := time.Now().Add(1200 * time.Millisecond)
	w.board.before = func(connectors.Want) error {
		if time.Now().Before(down) {
			return &connectors.Error{Kind: connectors.Temporary, Op: "create task", Status: 503}
		}
		return nil
	}
	w.start()
	w.backfill()
	if got := len(w.board.shows(t)); got != 10 {
		t.Errorf("%d items are shown, want 10", got)
	}
	if list, _, _ := w.ledger.DeadList(t.Context(), "", "", 10); len(list) != 0 {
		t.Errorf("%d dead letters, want none: it was an outage", len(list))
	}
}

// New work rules reach what is shown without a record being read again, and new mappings without the vendor.
func TestNewRulesReachWhatIsShown(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.start()
	w.backfill()
	w.halt()
	given := w.crm.given

	w.rules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: '"Card of " + person.name.full'
`
	w.start()
	w.backfill()
	for key, title := range w.board.shows(t) {
		if !strings.HasPrefix(title, "Card of Person") {
			t.Errorf("%s is still titled %q", key, title)
		}
	}
	if w.board.creates != 20 || w.board.updates != 20 {
		t.Errorf("created %d, changed %d; want 20, 20", w.board.creates, w.board.updates)
	}
	if w.crm.given > given {
		t.Errorf("%d records were read again for new rules, want none", w.crm.given-given)
	}
}

// What a crash left behind is closed although nobody wants it any more when the hub comes back.
func TestObjectInDoubtThatNobodyWantsIsClosed(t *testing.T) {
	w := newWorld(t)
	w.crm.set("1", "Ada")
	w.board.after = func(connectors.Want) error { return errors.New("connection reset") }
	w.start()
	w.until(func() bool { return w.board.made() == 1 })
	w.halt()
	w.board.after = nil
	w.crm.remove("1")
	w.start()
	w.backfill()
	if shown := w.board.shows(t); len(shown) != 0 {
		t.Errorf("%v is still shown, want nothing", shown)
	}
}

// An object in doubt is looked for where it may have been made, not only where the item belongs now.
func TestObjectInDoubtIsFoundInItsEarlierProject(t *testing.T) {
	w := newWorld(t)
	w.rules = strings.Replace(testRules, `'"Customers"'`, `'person.name.full == "Ada" ? "Old" : "New"'`, 1)
	w.crm.set("1", "Ada")
	w.board.after = func(connectors.Want) error { return errors.New("connection reset") }
	w.start()
	w.until(func() bool { return w.board.made() == 1 })
	w.halt()
	w.board.after = nil
	w.crm.set("1", "Ada Lovelace")
	w.start()
	w.backfill()
	if got := w.board.made(); got != 1 {
		t.Errorf("%d objects were made, want the first one to be adopted", got)
	}
}

// A ledger that was lost is read again from the vendor, and what it had made is taken over, not made again.
func TestLostLedgerAdoptsWhatItHadMade(t *testing.T) {
	w := newWorld(t)
	w.rules = strings.Replace(testRules, `'"Customers"'`, `'"Customers / EU, and whatever else people put into the name of a project, `+strings.Repeat("long ", 40)+`"'`, 1)
	for i := range 150 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.start()
	w.backfill()
	w.halt()
	w.path = filepath.Join(t.TempDir(), "new.db")
	w.crm.set("3", "Three")
	w.start()
	w.backfill()
	if got := w.board.made(); got != 150 {
		t.Errorf("%d objects were made, want the 150 of the lost ledger", got)
	}
	if got := len(w.board.shows(t)); got != 150 {
		t.Errorf("%d items are shown, want 150", got)
	}
}

// A cursor that the vendor no longer takes is a known hole: recorded, read again, and then gone (invariant 8).
func TestExpiredCursorIsAGapThatHeals(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.crm.set(fmt.Sprint(i), fmt.Sprintf("Person %d", i))
	}
	w.start()
	w.backfill()
	state, err := w.ledger.Stream(t.Context(), "crm", "contacts")
	if err != nil {
		t.Fatal(err)
	}
	w.crm.mu.Lock()
	w.crm.expired = string(state.Cursor)
	w.crm.mu.Unlock()
	w.until(func() bool { return w.router.Tally().Read >= 60 })
	w.crm.mu.Lock()
	w.crm.expired = ""
	w.crm.mu.Unlock()
	w.crm.set("30", "Late")
	w.backfill()
	gaps, err := w.ledger.Gaps(t.Context())
	if err != nil || len(gaps) != 0 {
		t.Errorf("gaps = %v, %v; want them healed", gaps, err)
	}
	if got := len(w.board.shows(t)); got != 31 {
		t.Errorf("%d items are shown, want 31", got)
	}
}
