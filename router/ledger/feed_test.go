package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

func hints(refs ...string) (list []connectors.Hint) {
	for _, r := range refs {
		list = append(list, connectors.Hint{Ref: ref(r)})
	}
	return list
}

// What a feed tells and its cursor are one: whoever comes second stores neither (invariant 1).
func TestNewsMoveTheCursorTheyWereReadAt(t *testing.T) {
	w := newWorld(t, newMemory())
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "1", Hints: hints("a/contacts/1"), Event: at(5)}))
	err := w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "2", Hints: hints("a/contacts/2")})
	if !errors.Is(err, ledger.ErrStale) {
		t.Errorf("news from a cursor that is gone: %v, want stale", err)
	}
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", From: "1", To: "2", Event: at(3)}))
	f, err := w.Feed(t.Context(), "a", "f")
	if err != nil || f.Cursor != "2" || f.Hints != 1 || !f.Event.Equal(at(5)) {
		t.Errorf("feed: %+v, %v; want cursor 2, one hint, the newest event", f, err)
	}
	if n := w.totals().Refs["a"]; n != 1 {
		t.Errorf("%d references are to be fetched, want 1", n)
	}
}

func TestNewsAreBounded(t *testing.T) {
	w := newWorld(t, newMemory())
	many := make([]connectors.Hint, ledger.MaxBatch+1)
	for i := range many {
		many[i].Ref = ref(fmt.Sprintf("a/contacts/%d", i))
	}
	if err := w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "1", Hints: many}); err == nil {
		t.Error("more hints than a transaction takes were stored")
	}
	if err := w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "\xff"}); err == nil {
		t.Error("a cursor that cannot be kept as it is was stored")
	}
}

// A failure is counted until the feed tells something again.
func TestFeedFailuresCount(t *testing.T) {
	w := newWorld(t, newMemory())
	for range 2 {
		must(t, w.RecordFeedFailure(t.Context(), "a", "f", errors.New("connection reset"), at(9)))
	}
	if f, err := w.Feed(t.Context(), "a", "f"); err != nil || f.Failure.Attempts != 2 || f.Failure.Kind != "temporary" {
		t.Errorf("failure: %+v, %v", f.Failure, err)
	}
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f"}))
	if f, err := w.Feed(t.Context(), "a", "f"); err != nil || f.Failure.Attempts != 0 || f.Contact.IsZero() {
		t.Errorf("after news: %+v, %v", f, err)
	}
}

// The gap of a feed goes only when its stream was set back for it and has come to an end since, and not when the feed
// lost more meanwhile (invariant 8).
func TestGapOfAFeedIsHealedByReadingAgain(t *testing.T) {
	w := newWorld(t, newMemory())
	page := func(from, to connectors.Cursor, more bool) {
		t.Helper()
		_, err := w.Apply(t.Context(), ledger.Batch{Connection: "a", Stream: "contacts", Kind: ledger.Poll, From: from, To: to, More: more})
		must(t, err)
	}
	page("", "p5", false)
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "1", Event: at(5)}))
	must(t, w.ExpireFeed(t.Context(), "a", "f", "1", []string{"contacts"}, errors.New("too old")))
	if err := w.ExpireFeed(t.Context(), "a", "f", "1", []string{"contacts"}, errors.New("too old")); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("expired twice: %v, want stale", err)
	}
	if f, err := w.Feed(t.Context(), "a", "f"); err != nil || f.Cursor != "" {
		t.Errorf("cursor %q, %v; want none", f.Cursor, err)
	}
	gap := func() ledger.Gap {
		t.Helper()
		gaps, err := w.Gaps(t.Context())
		if err != nil || len(gaps) != 1 || !gaps[0].From.Equal(at(5)) || gaps[0].Kind != ledger.FeedExpired {
			t.Fatalf("gaps: %+v, %v; want one since the last event", gaps, err)
		}
		return gaps[0]
	}
	stays := func(why string) {
		t.Helper()
		if err := w.HealReread(t.Context(), gap()); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("%s: %v, want stale", why, err)
		}
	}
	stays("nobody read again")
	if err := w.Reread(t.Context(), gap(), false, "p4", "p1"); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("set back from where the stream is not: %v, want stale", err)
	}
	must(t, w.Reread(t.Context(), gap(), false, "p5", "p1"))
	stays("the pass has not begun")
	page("p1", "p3", true)
	stays("the pass is under way")
	page("p3", "p5", false)
	before := gap()
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "2", Gaps: []ledger.Gap{
		{Connection: "a", Stream: "contacts", Kind: ledger.FeedExpired}}}))
	if err := w.Reread(t.Context(), before, false, "p5", "p1"); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("set back for less than was lost: %v, want stale", err)
	}
	stays("more was lost, and nobody read again")
	must(t, w.Reread(t.Context(), gap(), false, "p5", "p1"))
	page("p1", "p5", false)
	must(t, w.HealReread(t.Context(), gap()))
	if n := w.totals().Gaps; n != 0 {
		t.Errorf("%d gaps are counted, want 0", n)
	}
}

// What is missing in the first news of a feed begins with them: nothing is known of before.
func TestGapOfTheFirstNews(t *testing.T) {
	w := newWorld(t, newMemory())
	g := ledger.Gap{Connection: "a", Stream: "contacts", Kind: ledger.FeedMissed}
	must(t, w.StoreNews(t.Context(), ledger.News{Connection: "a", Feed: "f", To: "1", Event: at(5), Gaps: []ledger.Gap{g}}))
	gaps, err := w.Gaps(t.Context())
	if err != nil || len(gaps) != 1 || !gaps[0].From.Equal(at(5)) {
		t.Errorf("gaps: %+v, %v; want one since the event", gaps, err)
	}
}

// A burst of one object's changes, and wishes that wait, keep nobody else waiting.
func TestObjectsTakeTurns(t *testing.T) {
	w := newWorld(t, newMemory())
	var list []connectors.Hint
	for i := range 5_000 {
		list = append(list, hints(fmt.Sprintf("a/accounts/%d", i))...)
	}
	must(t, w.AddHints(t.Context(), append(list, hints("a/contacts/1", "a/contacts/2", "a/deals/1", "b/tasks/1")...)))
	take := func(last string) string {
		t.Helper()
		f, err := w.TakeRefs(t.Context(), "a", last, 10)
		must(t, err)
		if len(f.Due) == 0 {
			return ""
		}
		return f.Due[0].Ref.Object
	}
	for last, want := range map[string]string{"": "accounts", "accounts": "contacts", "contacts": "deals", "deals": "accounts", "no such": "accounts"} {
		if got := take(last); got != want {
			t.Errorf("after %q came %q, want %q", last, got, want)
		}
	}
	f, err := w.TakeRefs(t.Context(), "a", "", len(list))
	must(t, err)
	must(t, w.RetryRefs(t.Context(), f.Due, w.now.Add(time.Minute)))
	if got := take(""); got != "contacts" {
		t.Errorf("with more than a look's worth of accounts waiting came %q, want contacts", got)
	}
	f, err = w.TakeRefs(t.Context(), "b", "tasks", 10)
	if err != nil || len(f.Due) != 1 || f.More {
		t.Errorf("the only object, which was the last: %+v, %v; want its one wish", f, err)
	}
	if f, err = w.TakeRefs(t.Context(), "c", "tasks", 10); err != nil || len(f.Due) != 0 || f.More {
		t.Errorf("a connection without wishes: %+v, %v", f, err)
	}
}
