package connectortest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/connectors"
)

// FollowHarness is a vendor that pushes over a connection which we open. A quiet feed returns without news within seconds.
type FollowHarness interface {
	SourceHarness
	// Feed names the feed to follow; it tells changes of Stream.
	Feed() string
	// Cut ends every connection of the feed, as a network does.
	Cut(t *testing.T)
}

// FeedHarness is a vendor that pushes which records changed.
type FeedHarness interface {
	FollowHarness
	// Age makes every place on the feed that was told so far one that the vendor no longer keeps.
	Age(t *testing.T)
	// Miss has the vendor say that it left out changes of the stream.
	Miss(t *testing.T)
}

type feedCheck[H FollowHarness] struct {
	name string
	run  func(t *testing.T, h H, f connectors.Feeder)
}

// everyFeed are the checks of all feeds, feedChecks those of feeds that tell which records changed. See also readyChecks.
var everyFeed = []feedCheck[FollowHarness]{
	{"FeedIsDeclared", feedIsDeclared},
	{"FeedReturnsWithoutNews", feedReturnsWithoutNews},
	{"FeedCursorOfAnother", feedCursorOfAnother},
	{"FeedEndsWithItsContext", feedEndsWithItsContext},
	{"FeedLeavesNothing", feedLeavesNothing},
}

var feedChecks = []feedCheck[FeedHarness]{
	{"FeedTellsChanges", feedTellsChanges},
	{"FeedTellsDeletions", feedTellsDeletions},
	{"FeedGoesOnBehindItsCursor", feedGoesOn},
	{"FeedBeginsNow", feedBeginsNow},
	{"FeedExpires", feedExpires},
	{"FeedLosesNothingOverCuts", feedLosesNothingOverCuts},
	{"FeedSaysWhatItLeftOut", feedSaysWhatItLeftOut},
}

// Feeder runs the checks of a connectors.Feeder that tells which records changed.
func Feeder(t *testing.T, newHarness func(t *testing.T) FeedHarness) {
	runFeed(t, func(t *testing.T) FollowHarness { return newHarness(t) }, everyFeed)
	runFeed(t, newHarness, feedChecks)
}

func runFeed[H FollowHarness](t *testing.T, newHarness func(t *testing.T) H, checks []feedCheck[H]) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			f, ok := Open(t, h).(connectors.Feeder)
			if !ok {
				t.Fatal("the connection is no connectors.Feeder")
			}
			c.run(t, h, f)
		})
	}
}

// patience is how long a feed is waited for.
const patience = 10 * time.Second

// follow opens the feed and closes it with the test.
func follow(t *testing.T, h FollowHarness, f connectors.Feeder, after connectors.Cursor) connectors.Follower {
	t.Helper()
	w, err := f.Follow(t.Context(), h.Feed(), after)
	if err != nil {
		t.Fatalf("follow: %v", err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// news returns what is told next.
func news(t *testing.T, h FollowHarness, w connectors.Follower) (connectors.News, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n, err := w.Next(ctx)
	checkShy(t, h, err)
	return n, err
}

// begin waits until the feed has a place, and returns it.
func begin(t *testing.T, h FollowHarness, w connectors.Follower) connectors.Cursor {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		n, err := news(t, h, w)
		if err != nil {
			t.Fatalf("a feed that begins: %v", err)
		}
		if n.Next != "" {
			return n.Next
		}
	}
	t.Fatal("the feed tells no place, so what comes next would be lost with the connection")
	return ""
}

// hear collects hints until done is true of them, and returns the cursor behind them.
func hear(t *testing.T, h FeedHarness, w connectors.Follower, done func(map[string]connectors.Hint) bool) (map[string]connectors.Hint, connectors.Cursor) {
	t.Helper()
	heard, cursor := map[string]connectors.Hint{}, connectors.Cursor("")
	for end := time.Now().Add(patience); !done(heard); {
		if time.Now().After(end) {
			t.Fatalf("only %d objects were told of", len(heard))
		}
		n, err := news(t, h, w)
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		take(t, heard, n)
		cursor = n.Next
	}
	return heard, cursor
}

// take adds the hints of news by id, the later over the earlier.
func take(t *testing.T, heard map[string]connectors.Hint, n connectors.News) {
	t.Helper()
	for _, hint := range n.Hints {
		if hint.Ref.Connection != Connection || hint.Ref.Object == "" || hint.Ref.ID == "" {
			t.Errorf("hint of %q: want the connection, an object and an id", hint.Ref)
		}
		if hint.At.After(n.At) {
			t.Errorf("hint of %v in news whose newest event is of %v", hint.At, n.At)
		}
		heard[hint.Ref.ID] = hint
	}
}

// all reports whether every id was heard of.
func all(ids []string) func(map[string]connectors.Hint) bool {
	return func(heard map[string]connectors.Hint) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return heard[id].Ref.ID == "" })
	}
}

// feedIsDeclared: a feed without a stream could not be healed, and one whose name is another's would share its place.
func feedIsDeclared(t *testing.T, h FollowHarness, f connectors.Feeder) {
	streams, err := f.(connectors.Source).Streams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, feed := range f.Feeds() {
		if feed.Name == "" || strings.ContainsAny(feed.Name, "/\x00") || seen[feed.Name] || len(feed.Streams) == 0 {
			t.Errorf("feed %+v: want a name of its own without a slash, and streams", feed)
		}
		seen[feed.Name] = true
		for _, name := range feed.Streams {
			if !slices.ContainsFunc(streams, func(s connectors.Stream) bool { return s.Name == name && !s.Snapshot }) {
				t.Errorf("feed %s tells stream %s, which is not among those that are read for changes", feed.Name, name)
			}
		}
	}
	if !seen[h.Feed()] {
		t.Errorf("feed %s is not listed: %v", h.Feed(), f.Feeds())
	}
	if !slices.Contains(h.Connector().Spec.Does, connectors.Follows) {
		t.Error("the declaration does not say that the connector has feeds")
	}
}

// feedTellsChanges: a change that no event tells comes as late as polling.
func feedTellsChanges(t *testing.T, h FeedHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	begin(t, h, w)
	ids := h.Create(t, 30)
	hear(t, h, w, all(ids))
	h.Change(t, ids...)
	heard, _ := hear(t, h, w, all(ids))
	for id, hint := range heard {
		if hint.Deleted.Kind != connectors.NotDeleted || hint.At.IsZero() {
			t.Errorf("change of %s: %+v, want it live and with its time", id, hint)
		}
	}
	// What was hinted at must be found under the name that the hint has.
	getter, ok := f.(connectors.Getter)
	if !ok {
		t.Fatal("a feed without a Getter: nothing that it tells can be fetched")
	}
	records, err := getter.Get(t.Context(), []connectors.Ref{heard[ids[0]].Ref})
	if err != nil || len(records) != 1 {
		t.Errorf("get %v: %d records, %v", heard[ids[0]].Ref, len(records), err)
	}
}

// feedTellsDeletions: what is gone cannot be fetched, so the hint has to say it.
func feedTellsDeletions(t *testing.T, h FeedHarness, f connectors.Feeder) {
	ids := h.Create(t, 2)
	w := follow(t, h, f, "")
	begin(t, h, w)
	h.Delete(t, ids[0])
	heard, _ := hear(t, h, w, all(ids[:1]))
	if heard[ids[0]].Deleted.Kind == connectors.NotDeleted {
		t.Errorf("deletion: %+v, want it said", heard[ids[0]])
	}
}

// feedGoesOn: what happened while nobody followed is told behind the cursor, however often one follows from there.
func feedGoesOn(t *testing.T, h FeedHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	cursor := begin(t, h, w)
	_ = w.Close()
	ids := h.Create(t, 25)
	for range 2 {
		w := follow(t, h, f, cursor)
		_, behind := hear(t, h, w, all(ids))
		_ = w.Close()
		later := h.Create(t, 1)
		w = follow(t, h, f, behind)
		heard, _ := hear(t, h, w, all(later))
		if len(heard) != 1 {
			t.Errorf("%d objects were told of behind a cursor, want the one that came after it", len(heard))
		}
		_ = w.Close()
	}
}

// feedBeginsNow: without a cursor the past is polling's; telling it again would fetch everything.
func feedBeginsNow(t *testing.T, h FeedHarness, f connectors.Feeder) {
	h.Create(t, 20)
	w := follow(t, h, f, "")
	begin(t, h, w)
	ids := h.Create(t, 1)
	if heard, _ := hear(t, h, w, all(ids)); len(heard) != 1 {
		t.Errorf("%d objects were told of, want the one that came after the beginning", len(heard))
	}
}

// feedReturnsWithoutNews: otherwise nobody knows whether it lives, and the place of a quiet feed expires.
func feedReturnsWithoutNews(t *testing.T, h FollowHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	begin(t, h, w)
	n, err := news(t, h, w)
	if err != nil || len(n.Hints) > 0 || n.Next == "" {
		t.Errorf("a quiet feed: %+v, %v; want a place and nothing else", n, err)
	}
}

// feedExpires: a lost place that looks like a failure is tried for ever, and what was missed is never read.
func feedExpires(t *testing.T, h FeedHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	cursor := begin(t, h, w)
	_ = w.Close()
	h.Create(t, 3)
	h.Age(t)
	var err error
	for range 3 { // the sign-in may have expired, too
		if w, err = f.Follow(t.Context(), h.Feed(), cursor); err == nil {
			_, err = news(t, h, w)
			_ = w.Close()
		}
		if connectors.KindOf(err) != connectors.Temporary {
			break
		}
	}
	if !connectors.CursorExpired(err) {
		t.Errorf("a place that is too old: %v, want Gone with Expired set", err)
	}
	begin(t, h, follow(t, h, f, "")) // it goes on from now
}

// feedCursorOfAnother: what cannot be read is an error, never the beginning and never a panic.
func feedCursorOfAnother(t *testing.T, h FollowHarness, f connectors.Feeder) {
	for _, cursor := range []connectors.Cursor{"?", "17", connectors.Cursor(strings.Repeat("x", 5000)), "r1:////"} {
		w, err := f.Follow(t.Context(), h.Feed(), cursor)
		if err == nil {
			_, err = news(t, h, w)
			_ = w.Close()
		}
		if err == nil {
			t.Errorf("cursor %.20q was taken", cursor)
		}
	}
}

// feedLosesNothingOverCuts: whenever the connection ends, following again behind the last news tells the rest.
func feedLosesNothingOverCuts(t *testing.T, h FeedHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	cursor := begin(t, h, w)
	heard, cuts := map[string]connectors.Hint{}, 0
	var ids []string
	for end := time.Now().Add(2 * patience); len(ids) < 100 || !all(ids)(heard); {
		if time.Now().After(end) {
			t.Fatalf("%d of %d objects were told of over %d cuts", len(heard), len(ids), cuts)
		}
		if len(ids) < 100 {
			ids = append(ids, h.Create(t, 10)...)
		}
		if cuts < 5 {
			h.Cut(t)
		}
		n, err := news(t, h, w)
		if err != nil {
			cuts++
			_ = w.Close()
			w = follow(t, h, f, cursor)
			continue
		}
		take(t, heard, n)
		cursor = n.Next
	}
	if cuts == 0 {
		t.Error("the connection was never cut")
	}
}

// feedSaysWhatItLeftOut: what the vendor says that it left out must be read by polling.
func feedSaysWhatItLeftOut(t *testing.T, h FeedHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	begin(t, h, w)
	h.Miss(t)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		n, err := news(t, h, w)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(n.Missed, h.Stream()) {
			return
		}
	}
	t.Error("the stream is not among those that were missed")
}

// feedEndsWithItsContext: a daemon that stops must not wait for the next event.
func feedEndsWithItsContext(t *testing.T, h FollowHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	begin(t, h, w)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	for start := time.Now(); ; {
		_, err := w.Next(ctx)
		if err == nil && time.Since(start) < patience {
			continue
		}
		if !errors.Is(err, context.Canceled) || time.Since(start) > patience/2 {
			t.Errorf("after %v: %v, want the context's error at once", time.Since(start), err)
		}
		return
	}
}

// feedLeavesNothing: what a feed runs ends with it.
func feedLeavesNothing(t *testing.T, h FollowHarness, f connectors.Feeder) {
	w := follow(t, h, f, "") // whatever is made once is there now
	begin(t, h, w)
	before := goleak.IgnoreCurrent()
	for range 3 {
		w := follow(t, h, f, "")
		begin(t, h, w)
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	h.Cut(t) // the vendor's side of the connections
	goleak.VerifyNone(t, before)
}
