package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// sleeper is a world with some customers that are planned anew at times.
type sleeper struct {
	*world
	ids []string
}

func newSleeper(t *testing.T, n int) *sleeper {
	s := &sleeper{world: newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})}
	var list []connectors.Record
	for i := range n {
		list = append(list, version(fmt.Sprint("a/contacts/", 1+i), 1, `{"name.full":"P"}`))
	}
	s.fetch(list...)
	for i := range n {
		s.ids = append(s.ids, s.id(fmt.Sprint("a/contacts/", 1+i)))
	}
	return s
}

// plan settles an entity that is to be planned anew after a time, zero = never.
func (s *sleeper) plan(id string, in time.Duration) {
	s.t.Helper()
	if err := s.Mark(s.t.Context(), target, id); err != nil {
		s.t.Fatal(err)
	}
	var m *ledger.Dirty
	if err := s.Snapshot(s.t.Context(), func(snap *ledger.Snap) (err error) {
		m, err = snap.Mark(target, id)
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	st := ledger.Settlement{Entity: id, Generation: m.Generation}
	if in != 0 {
		st.Next = s.now.Add(in)
	}
	if _, err := s.Settle(s.t.Context(), target, []ledger.Settlement{st}); err != nil {
		s.t.Fatal(err)
	}
}

// wake does what is due and returns whom it marked, and how many pieces it took.
func (s *sleeper) wake() (marked []string, pieces int) {
	s.t.Helper()
	for {
		done, err := s.Wake(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if done {
			break
		}
		if pieces++; pieces > 100 {
			s.t.Fatal("it never ends")
		}
	}
	for _, d := range s.dirty() {
		marked = append(marked, d.Entity)
	}
	slices.Sort(marked)
	return marked, pieces
}

func (s *sleeper) due(id string) (yes bool) {
	s.t.Helper()
	if err := s.Snapshot(s.t.Context(), func(snap *ledger.Snap) (err error) {
		yes, err = snap.Due(target, id)
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	return yes
}

// What is to be planned anew is marked when its time has come, once, and is due until it was planned.
func TestWakeMarksWhatIsDue(t *testing.T) {
	s := newSleeper(t, 3)
	s.clean()
	s.plan(s.ids[0], time.Hour)
	s.plan(s.ids[1], 2*time.Hour)
	s.plan(s.ids[2], 2*time.Hour)
	s.plan(s.ids[2], 0) // it changed meanwhile, and nothing is ahead of it any more
	if got, n := s.wake(); got != nil || n != 0 || s.due(s.ids[0]) {
		t.Errorf("at once: %v marked by %d pieces, due %v", got, n, s.due(s.ids[0]))
	}
	s.now = s.now.Add(time.Hour)
	if got, n := s.wake(); !slices.Equal(got, s.ids[:1]) || n != 1 || !s.due(s.ids[0]) || s.due(s.ids[1]) {
		t.Errorf("after an hour: %v marked by %d pieces, want %v", got, n, s.ids[:1])
	}
	down := ledger.Settlement{Entity: s.ids[0], Generation: s.dirty()[0].Generation, Retry: ledger.Retry{Error: "down", NotBefore: s.now}}
	if _, err := s.Settle(t.Context(), target, []ledger.Settlement{down}); err != nil {
		t.Fatal(err)
	}
	if got, n := s.wake(); !slices.Equal(got, s.ids[:1]) || n != 0 || !s.due(s.ids[0]) {
		t.Errorf("while the target is down: %v marked by %d pieces, due %v; want the mark and a look that finds nothing", got, n, s.due(s.ids[0]))
	}
	s.plan(s.ids[0], 0)
	s.now = s.now.Add(30 * 24 * time.Hour)
	if got, _ := s.wake(); !slices.Equal(got, s.ids[1:2]) {
		t.Errorf("much later: %v marked, want %v", got, s.ids[1:2])
	}
	s.plan(s.ids[1], 0)
	if s.due(s.ids[1]) {
		t.Error("it is due although it was planned")
	}
}

// What is far ahead is planned anew before; a time that was noted while the clock was years ahead is not waited for.
func TestWakeWithAWrongClock(t *testing.T) {
	s := newSleeper(t, 2)
	s.clean()
	s.plan(s.ids[0], 300*24*time.Hour)
	right := s.now
	s.now = right.Add(32 * 24 * time.Hour)
	if got, _ := s.wake(); !slices.Equal(got, s.ids[:1]) {
		t.Errorf("after a month: %v marked, want %v", got, s.ids[:1])
	}
	s.clean()
	s.now = right.AddDate(10, 0, 0)
	s.plan(s.ids[1], time.Hour)
	s.now = right
	if got, n := s.wake(); !slices.Equal(got, s.ids[1:2]) || n > 2 {
		t.Errorf("when the clock was set back: %v marked by %d pieces, want %v", got, n, s.ids[1:2])
	}
}

// A time that was due while the clock was hours ahead is due again when it comes.
func TestWakeComesAgainWhenTheClockWasSetBack(t *testing.T) {
	s := newSleeper(t, 1)
	s.clean()
	s.plan(s.ids[0], 5*time.Hour)
	midnight := s.now.Add(5 * time.Hour)
	s.now = midnight
	s.wake()
	s.now = midnight.Add(-time.Hour)
	s.plan(s.ids[0], time.Hour)
	s.now = midnight
	if got, _ := s.wake(); !slices.Equal(got, s.ids) {
		t.Errorf("%v marked, want %v", got, s.ids)
	}
}

// When the clock was ahead and something was due by it, everything that was planned then is planned anew: an e-mail looked two
// weeks old, and its task was completed.
func TestClockThatWasAheadPlansAnew(t *testing.T) {
	s := newSleeper(t, 2)
	replan := func() []string {
		t.Helper()
		for done := false; !done; {
			var err error
			if done, err = s.Replan(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
		}
		list, _ := s.wake()
		s.clean()
		return list
	}
	replan()
	s.plan(s.ids[0], time.Hour)
	right := s.now
	s.now = right.AddDate(1, 0, 0)
	s.wake()
	s.clean()
	s.now = right.AddDate(1, 0, 0).Add(-time.Hour)
	s.wake()
	if got := replan(); got != nil {
		t.Errorf("an hour back: %v planned anew, want nothing", got)
	}
	s.now = right
	s.wake()
	if got := replan(); len(got) != 2 {
		t.Errorf("a year back: %v planned anew, want both", got)
	}
	s.now = right.Add(time.Minute)
	s.wake()
	if got := replan(); got != nil {
		t.Errorf("later: %v planned anew, want nothing again", got)
	}
}

// The index holds one time for an entity, whatever comes: after any plans each is marked at its last time and never else.
func TestWakeIsAnIndex(t *testing.T) {
	s := newSleeper(t, 20)
	s.clean()
	at := map[string]time.Time{}
	for range 400 {
		if rand.IntN(10) == 0 {
			s.now = s.now.Add(time.Duration(rand.IntN(5000)) * time.Second)
			var want []string
			for id, when := range at {
				if !when.After(s.now) {
					want = append(want, id)
					delete(at, id)
				}
			}
			slices.Sort(want)
			if got, _ := s.wake(); !slices.Equal(got, want) {
				t.Fatalf("marked %v, want %v", got, want)
			}
			s.clean()
			continue
		}
		id := s.ids[rand.IntN(len(s.ids))]
		in := time.Duration(rand.IntN(10_000)) * time.Second
		s.plan(id, in)
		if delete(at, id); in != 0 {
			at[id] = s.now.Add(in)
		}
	}
}

// A thousand things that are due are marked in bounded pieces.
func TestWakeWorksInPieces(t *testing.T) {
	s := newSleeper(t, 1200)
	s.clean()
	for _, id := range s.ids {
		s.plan(id, time.Hour)
	}
	s.now = s.now.Add(time.Hour)
	if got, n := s.wake(); len(got) != 1200 || n != 3 {
		t.Errorf("%d marked by %d pieces, want 1200 by 3", len(got), n)
	}
}

// An erased customer leaves no row behind.
func TestErasureEndsWaiting(t *testing.T) {
	s := newSleeper(t, 1)
	s.clean()
	s.plan(s.ids[0], time.Hour)
	if _, err := s.Erase(context.Background(), s.ids[0], ledger.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Hour)
	if _, n := s.wake(); n != 0 || s.due(s.ids[0]) {
		t.Errorf("found by %d pieces, due %v; want nothing", n, s.due(s.ids[0]))
	}
}
