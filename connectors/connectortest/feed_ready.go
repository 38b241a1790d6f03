package connectortest

import (
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

// readyChecks are the checks of feeds that say only that a stream has something new.
var readyChecks = []feedCheck[FollowHarness]{
	{"FeedSaysThatAStreamIsReady", feedSaysReady},
	{"FeedSaysReadyWhenFollowed", feedSaysReadyWhenFollowed},
	{"FeedIsReadyOverCuts", feedIsReadyOverCuts},
}

// ReadyFeeder runs the checks of a connectors.Feeder that says only that a stream has something new.
func ReadyFeeder(t *testing.T, newHarness func(t *testing.T) FollowHarness) {
	runFeed(t, newHarness, everyFeed)
	runFeed(t, newHarness, readyChecks)
}

// ready waits until the feed says that the stream has something new.
func ready(t *testing.T, h FollowHarness, w connectors.Follower) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		n, err := news(t, h, w)
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		if slices.Contains(n.Ready, h.Stream()) {
			return
		}
	}
	t.Fatal("the feed does not say that there is something new")
}

// feedSaysReady: what is said to be ready must be there for whoever reads at once, each time.
func feedSaysReady(t *testing.T, h FollowHarness, f connectors.Feeder) {
	r := openSource(t, h)
	w := follow(t, h, f, "")
	ready(t, h, w)
	for range 3 {
		h.Create(t, 5)
		ready(t, h, w)
		r.drain(t)
		r.check(t, h)
	}
}

// feedSaysReadyWhenFollowed: nothing is stored of what a feed said, so what came while nobody listened is said by whoever
// begins to.
func feedSaysReadyWhenFollowed(t *testing.T, h FollowHarness, f connectors.Feeder) {
	w := follow(t, h, f, "")
	cursor := begin(t, h, w)
	_ = w.Close()
	h.Create(t, 1)
	for _, after := range []connectors.Cursor{"", cursor} {
		ready(t, h, follow(t, h, f, after))
	}
}

// feedIsReadyOverCuts: whenever the connection ends, following anew brings the rest.
func feedIsReadyOverCuts(t *testing.T, h FollowHarness, f connectors.Feeder) {
	r := openSource(t, h)
	w := follow(t, h, f, "")
	made, cuts := 0, 0
	for end := time.Now().Add(2 * patience); made < 10 || len(r.records) < len(h.Live(t)); {
		if time.Now().After(end) {
			t.Fatalf("%d of %d objects were read over %d cuts", len(r.records), len(h.Live(t)), cuts)
		}
		if made < 10 {
			h.Create(t, 3)
			made++
			h.Cut(t)
		}
		n, err := news(t, h, w)
		if err != nil {
			cuts++
			_ = w.Close()
			w = follow(t, h, f, "")
			continue
		}
		if slices.Contains(n.Ready, h.Stream()) {
			r.readThrough(t, 3)
		}
	}
	if cuts == 0 {
		t.Error("the connection was never cut")
	}
}
