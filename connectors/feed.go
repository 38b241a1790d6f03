package connectors

import (
	"context"
	"time"
)

// Feed is one sequence of changes that a vendor pushes over a connection which we open (Salesforce Change Data Capture,
// IMAP IDLE). It makes changes fast; polling stays the truth.
type Feed struct {
	Name    string   // unique within the connection; no slash
	Streams []string // whose changes it tells; what the feed lost is read there again
}

// Feeder is a Source with feeds. Hints are fetched, so a feed that tells any needs a Getter beside it.
type Feeder interface {
	// Feeds lists what can be followed with the present configuration; it makes no request.
	Feeds() []Feed
	// Follow opens a feed behind the cursor, or, for "", from now on. A cursor that the vendor no longer keeps is a Gone
	// error with Expired set, here or from the first Next: the router records a gap, reads the span again by polling and
	// follows from now on.
	Follow(ctx context.Context, feed string, after Cursor) (Follower, error)
}

// Follower is an open feed. It is used by one goroutine, which also closes it.
type Follower interface {
	// Next waits for news. It returns when there are any, and now and then without any, so that the router knows that the
	// feed lives and the cursor stays young. An error ends the feed; following again from the last stored cursor loses
	// nothing and may repeat something. When ctx ends, its error is returned.
	Next(ctx context.Context) (News, error)
	// Close ends the feed and everything that runs for it.
	Close() error
}

// News is what a feed told.
type News struct {
	Hints []Hint
	// Missed names streams of which the vendor says that it left out changes (GAP_OVERFLOW): they are read again from At.
	Missed []string
	// Ready names streams that have something new, when the vendor does not say which records (IMAP IDLE): they are polled
	// at once from where they are. Nothing is stored for it, so a feed says it again whenever it is followed anew.
	Ready []string
	Next  Cursor    // behind all of it; stored in the transaction that stores Hints (invariant 1)
	At    time.Time // the vendor's time of the newest event, zero when there was none
}
