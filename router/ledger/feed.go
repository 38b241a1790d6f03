package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// The kinds of gap that a feed makes, webhooks among them. Polling reads their spans again.
const (
	FeedExpired = "feed expired"          // the vendor no longer keeps what came after our cursor
	FeedMissed  = "feed left changes out" // the vendor says that it did, or its hints cannot be fetched
	HookMissed  = "webhook failed"        // the vendor delivered nothing for a time, or nobody took it
)

// Feed is the state of one feed of a connection. The zero value is a feed that was never followed.
type Feed struct {
	Connection string            `json:"connection"`
	Feed       string            `json:"feed"`
	Cursor     connectors.Cursor `json:"cursor,omitempty"` // "" = it is followed from now on
	Event      time.Time         `json:"event,omitzero"`   // of the newest change it told; vendor's clock
	Contact    time.Time         `json:"contact,omitzero"` // when the vendor last told anything, be it nothing new; our clock
	Hints      int64             `json:"hints"`            // told since the beginning
	Failure    Failure           `json:"failure,omitzero"` // the last one, gone with the next contact
}

// since returns the instant up to which everything the feed had to tell is known. The last event comes first although
// the feed may have been silent, and complete, for long after it: nothing happened then, and our clock is not asked.
func (f *Feed) since() time.Time {
	if !f.Event.IsZero() {
		return f.Event
	}
	return f.Contact
}

// News is what a feed told, to be stored at once.
type News struct {
	Connection, Feed string
	From, To         connectors.Cursor // it was told behind From; To is behind it
	Hints            []connectors.Hint // at most MaxBatch
	Event            time.Time         // the vendor's time of the newest event, zero when there was none
	Gaps             []Gap             // what is missing in it; without From: since the feed's last event, or since Event
}

func (n *News) check() error {
	if len(n.Hints) > MaxBatch {
		return fmt.Errorf("feed %s/%s told %d hints at once, more than %d", n.Connection, n.Feed, len(n.Hints), MaxBatch)
	}
	if !utf8.ValidString(string(n.To)) { // rows are JSON, which would change it
		return fmt.Errorf("cursor of feed %s/%s is not UTF-8", n.Connection, n.Feed)
	}
	return nil
}

// StoreNews stores what a feed told, what is missing in it and the cursor behind it, in one transaction (invariants 1
// and 5). ErrStale when the cursor is no longer the one it was read at: then nothing is stored.
func (l *Ledger) StoreNews(ctx context.Context, n News) error {
	if err := n.check(); err != nil {
		return err
	}
	return l.update(ctx, "store news", func(c *change) error {
		f, err := c.feedAt(n.Connection, n.Feed, n.From)
		if err != nil {
			return err
		}
		if err := c.hint(n.Hints); err != nil {
			return err
		}
		for _, g := range n.Gaps {
			if g.From.IsZero() {
				g.From = earlier(f.since(), n.Event, c.now)
			}
			if err := c.openGap(&g); err != nil {
				return err
			}
		}
		f.Cursor, f.Contact, f.Failure = n.To, c.now, Failure{}
		f.Hints += int64(len(n.Hints))
		if n.Event.After(f.Event) {
			f.Event = plain(n.Event)
		}
		return c.putFeed(&f)
	})
}

// earlier returns the earliest of the instants that are known.
func earlier(instants ...time.Time) (first time.Time) {
	for _, t := range instants {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

// ExpireFeed forgets a cursor that the vendor no longer takes, so that the feed is followed from now on, and records a
// gap of each of the streams from the last event on (invariant 8). ErrStale when it is no longer the feed's cursor.
func (l *Ledger) ExpireFeed(ctx context.Context, connection, feed string, cursor connectors.Cursor, streams []string, cause error) error {
	return l.update(ctx, "record gap of a feed", func(c *change) error {
		f, err := c.feedAt(connection, feed, cursor)
		if err != nil {
			return err
		}
		for _, stream := range streams {
			g := Gap{Connection: connection, Stream: stream, From: f.since(), Kind: FeedExpired, Reason: clip(cause.Error())}
			if err := c.openGap(&g); err != nil {
				return err
			}
		}
		f.Cursor = ""
		return c.putFeed(&f)
	})
}

// RecordFeedFailure notes that following a feed failed and when to try again; the next news clear it.
func (l *Ledger) RecordFeedFailure(ctx context.Context, connection, feed string, cause error, notBefore time.Time) error {
	return l.update(ctx, "record failure", func(c *change) error {
		f, err := readFeed(c.tx, l, connection, feed)
		if err != nil {
			return err
		}
		f.Failure.note(cause, c.now, notBefore)
		return c.putFeed(&f)
	})
}

// Feed returns the state of one feed, the zero state with its names when it was never followed.
func (l *Ledger) Feed(ctx context.Context, connection, feed string) (Feed, error) {
	var f Feed
	err := l.view(ctx, "read feed state", func(r kv.Reader) error {
		var err error
		f, err = readFeed(r, l, connection, feed)
		return err
	})
	return f, err
}

// feedAt returns the state of a feed whose cursor is the one given.
func (c *change) feedAt(connection, feed string, cursor connectors.Cursor) (Feed, error) {
	f, err := readFeed(c.tx, c.l, connection, feed)
	if err == nil && f.Cursor != cursor {
		err = fmt.Errorf("feed %s/%s: %w", connection, feed, ErrStale)
	}
	return f, err
}

func readFeed(r kv.Reader, l *Ledger, connection, feed string) (Feed, error) {
	f := Feed{Connection: connection, Feed: feed}
	if err := checkName("connection", connection); err != nil {
		return f, err
	}
	if err := checkName("feed", feed); err != nil {
		return f, err
	}
	row := r.Get(bFeed, l.at(connection, feed))
	if row == nil {
		return f, r.Err()
	}
	if err := json.Unmarshal(row, &f); err != nil {
		return f, damaged(bFeed, connection+" "+feed, err)
	}
	return f, nil
}

func (c *change) putFeed(f *Feed) error {
	row, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode feed %s/%s: %w", f.Connection, f.Feed, err)
	}
	return c.tx.Put(bFeed, c.l.at(f.Connection, f.Feed), row)
}
