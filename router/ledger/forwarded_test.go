package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

func forwarded(numbers ...uint64) (list []ledger.Forwarded) {
	for _, n := range numbers {
		list = append(list, ledger.Forwarded{Number: n, Arrival: ledger.Arrival{Connection: "a",
			Request: connectors.Delivery{Method: "POST", URL: "https://hub.example/hooks/a", Body: fmt.Append(nil, n)}}})
	}
	return list
}

// A receiver that got no answer sends its batch again, or a larger one that begins with it.
func TestForwardedDeliveriesAreStoredOnce(t *testing.T) {
	w := newWorldWith(t, newMemory(), plain{})
	for _, step := range []struct {
		spool   string
		numbers []uint64
		stored  int
	}{
		{"s1", []uint64{1, 2, 3}, 3}, {"s1", []uint64{1, 2, 3}, 0}, {"s1", []uint64{2, 3, 4, 7}, 2}, {"s1", []uint64{5}, 0},
		{"s2", []uint64{1, 2}, 2}, {"s1", nil, 0}, {"s1", []uint64{8}, 1},
	} {
		got, err := w.PutForwarded(t.Context(), step.spool, forwarded(step.numbers...))
		if err != nil || got != step.stored {
			t.Errorf("%s %v: stored %d and %v, want %d", step.spool, step.numbers, got, err, step.stored)
		}
	}
	list, err := w.TakeInbox(t.Context(), 100)
	if err != nil || len(list) != 8 || w.totals().Inbox != 8 {
		t.Errorf("inbox: %d deliveries, a count of %d and %v; want 8", len(list), w.totals().Inbox, err)
	}
	if _, err := w.PutForwarded(t.Context(), "s1", forwarded(10, 9)); err == nil {
		t.Error("numbers that fall were taken: the greater one would hide the smaller one for ever")
	}
	var parsed []ledger.Parsed
	for _, d := range list {
		parsed = append(parsed, ledger.Parsed{ID: d.ID})
	}
	must(t, w.SettleInbox(t.Context(), parsed))
	if got, err := w.PutForwarded(t.Context(), "s2", forwarded(1, 2, 3)); got != 1 || err != nil {
		t.Errorf("sent again after it was parsed: stored %d and %v, want only what is new", got, err)
	}
}

// Every start of a receiver has a name of its own; what is said of those that are gone must not grow for ever.
func TestMarksOfOldSpoolsGo(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, plain{})
	for i := range 3 {
		if _, err := w.PutForwarded(t.Context(), fmt.Sprintf("spool-%d", i), forwarded(1)); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(89 * 24 * time.Hour)
	if got, _ := w.PutForwarded(t.Context(), "spool-1", forwarded(1, 2)); got != 1 {
		t.Errorf("after 89 days %d were new, want 1", got)
	}
	w.now = w.now.Add(2 * 24 * time.Hour)
	if _, err := w.PutForwarded(t.Context(), "another", forwarded(1)); err != nil {
		t.Fatal(err)
	}
	if got := m.holding("spool-0"); len(got) != 0 {
		t.Errorf("after 91 days there is still %v of a spool that nobody heard of", got)
	}
	if got := m.holding("spool-1"); len(got) == 0 {
		t.Error("the mark of a spool that forwards now and then is gone")
	}
}

func TestFullInboxTakesNothing(t *testing.T) {
	engine := newMemory()
	l, err := ledger.Open(engine, ledger.Options{Mapper: plain{}, Resolver: identity.NewResolver(identity.Settings{}), Inbox: 3})
	must(t, err)
	two := []ledger.Arrival{{Connection: "a"}, {Connection: "b"}}
	must(t, l.PutInboxAll(t.Context(), two))
	if err := l.PutInboxAll(t.Context(), two); !errors.Is(err, ledger.ErrInboxFull) {
		t.Errorf("two more where one has room: got %v, want %v", err, ledger.ErrInboxFull)
	}
	if _, err := l.PutForwarded(t.Context(), "s", forwarded(1, 2)); !errors.Is(err, ledger.ErrInboxFull) {
		t.Errorf("two forwarded: got %v, want %v", err, ledger.ErrInboxFull)
	}
	if b, err := l.Inbox(t.Context()); err != nil || b.Waiting != 2 {
		t.Errorf("%d wait and %v, want the first two: a batch is stored whole or not at all", b.Waiting, err)
	}
	must(t, l.PutInbox(t.Context(), "a", connectors.Delivery{}))
}

// A burst of edits of one record is one wish to fetch it, with the vendor's latest word on it.
func TestSettledHintsAreJoined(t *testing.T) {
	w := newWorldWith(t, newMemory(), plain{})
	gone := connectors.Deletion{Kind: connectors.Soft}
	contact := func(n int, deleted connectors.Deletion) connectors.Hint {
		return connectors.Hint{Ref: ref("a/contacts/1"), At: at(n), Deleted: deleted}
	}
	must(t, w.PutInboxAll(t.Context(), []ledger.Arrival{{Connection: "a"}, {Connection: "a"}}))
	list, err := w.TakeInbox(t.Context(), 10)
	must(t, err)
	must(t, w.SettleInbox(t.Context(), []ledger.Parsed{
		{ID: list[0].ID, Hints: []connectors.Hint{contact(2, connectors.Deletion{}), contact(9, gone), contact(3, connectors.Deletion{})}},
		{ID: list[1].ID, Hints: []connectors.Hint{contact(5, connectors.Deletion{}), {Ref: ref("a/contacts/2")}}},
	}))
	todo, err := w.TakeRefs(t.Context(), "a", "", 10)
	if err != nil || len(todo.Due) != 2 || w.totals().Refs["a"] != 2 {
		t.Fatalf("got %d wishes, a count of %d and %v; want 2", len(todo.Due), w.totals().Refs["a"], err)
	}
	if f := todo.Due[0]; !f.At.Equal(at(9)) || f.Deleted != gone {
		t.Errorf("got the wish of %v, deleted %v; want the latest word, that it is gone", f.At, f.Deleted)
	}
}
