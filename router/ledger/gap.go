package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Gap is a span of time a stream is known not to be complete for (invariant 8), or a deletion of suspicious size that
// was refused (invariant 6).
type Gap struct {
	ID         string    `json:"id"` // given by OpenGap
	Connection string    `json:"connection"`
	Stream     string    `json:"stream"`
	From       time.Time `json:"from,omitzero"` // vendor's clock; zero = the beginning
	To         time.Time `json:"to,omitzero"`   // zero = not ended yet
	Kind       string    `json:"kind"`          // `cursor expired`, FeedExpired, FeedMissed, HookMissed, BecameKnown, SweepRefused
	Reason     string    `json:"reason"`        // the newest report's details; references only
	Opened     time.Time `json:"opened"`        // our clock
	Seen       int       `json:"seen"`          // how often it was reported
	// Reread says that the stream was set back since the last report, to read the span again (Reread).
	Reread bool `json:"reread,omitempty"`
}

// FromFeed reports whether a feed made the gap, webhooks among them.
func (g *Gap) FromFeed() bool {
	return g.Kind == FeedExpired || g.Kind == FeedMissed || g.Kind == HookMissed
}

// Polled reports whether polling has to be set back for the gap: a feed made it, or somebody became known.
func (g *Gap) Polled() bool { return g.FromFeed() || g.Kind == BecameKnown }

// OpenGap records a gap and returns its id. The same kind on the same stream is one gap whose span grows.
func (l *Ledger) OpenGap(ctx context.Context, g Gap) (string, error) {
	err := l.update(ctx, "record gap", func(c *change) error { return c.openGap(&g) })
	return g.ID, err
}

func (c *change) openGap(g *Gap) error {
	if err := checkName("connection", g.Connection); err != nil {
		return err
	}
	if err := checkName("stream", g.Stream); err != nil {
		return err
	}
	g.ID = g.id()
	g.Opened, g.Seen, g.From, g.To = c.now, 1, plain(g.From), plain(g.To)
	key := c.l.at(g.Connection, g.Stream, g.ID)
	if row := c.tx.Get(bGap, key); row != nil {
		var old Gap
		if err := json.Unmarshal(row, &old); err != nil {
			return damaged(bGap, g.ID, err)
		}
		g.Opened, g.Seen = old.Opened, old.Seen+1
		if old.From.Before(g.From) {
			g.From = old.From
		}
		if old.To.After(g.To) {
			g.To = old.To
		}
	} else {
		c.add(countGaps, 1)
	}
	return c.putGap(g)
}

func (c *change) putGap(g *Gap) error {
	row, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode gap %s: %w", g.ID, err)
	}
	return c.tx.Put(bGap, c.l.at(g.Connection, g.Stream, g.ID), row)
}

func (g *Gap) id() string {
	return fmt.Sprintf("%s/%s/%08x", g.Connection, g.Stream, uint32(xxhash.Sum64String(g.Kind)))
}

// HealGap removes a gap (named by connection, stream and kind) after the span was read again; one that is not there is no error.
func (l *Ledger) HealGap(ctx context.Context, g Gap) error {
	return l.update(ctx, "heal gap", func(c *change) error { return c.healGap(g.Connection, g.Stream, g.id()) })
}

func (c *change) healGap(connection, stream, id string) error {
	key := c.l.at(connection, stream, id)
	if c.tx.Get(bGap, key) == nil {
		return nil
	}
	c.add(countGaps, -1)
	return c.tx.Delete(bGap, key)
}

// Reread sets the stream of a gap back, or with sweep its listing, and notes on the gap that the span is being read
// again, in one transaction: a crash leaves neither or both. ErrStale when the stream's cursor is no longer from, or the
// gap was healed or reported again.
func (l *Ledger) Reread(ctx context.Context, g Gap, sweep bool, from, to connectors.Cursor) error {
	return l.update(ctx, "read "+g.Connection+"/"+g.Stream+" again", func(c *change) error {
		old, err := c.sameGap(&g)
		if err != nil {
			return err
		}
		if err := c.rewind(g.Connection, g.Stream, sweep, from, to); err != nil {
			return err
		}
		old.Reread = true
		return c.putGap(old)
	})
}

// HealReread removes a gap whose span was read again. ErrStale when it was reported again meanwhile, or when its stream
// is on the way: then another pass has to end first.
func (l *Ledger) HealReread(ctx context.Context, g Gap) error {
	return l.update(ctx, "heal gap", func(c *change) error {
		old, err := c.sameGap(&g)
		if err != nil {
			return err
		}
		s, err := readStream(c.tx, l, g.Connection, g.Stream)
		if err == nil && (!old.Reread || s.More || !s.CaughtUp) {
			err = fmt.Errorf("gap %s: %w", g.ID, ErrStale)
		}
		if err != nil {
			return err
		}
		return c.healGap(g.Connection, g.Stream, g.ID)
	})
}

// sameGap returns the stored gap if it is still the report that g is.
func (c *change) sameGap(g *Gap) (*Gap, error) {
	row := c.tx.Get(bGap, c.l.at(g.Connection, g.Stream, g.ID))
	if row == nil {
		return nil, fmt.Errorf("gap %s: %w", g.ID, ErrStale)
	}
	old := new(Gap)
	if err := json.Unmarshal(row, old); err != nil {
		return nil, damaged(bGap, g.ID, err)
	}
	if old.Seen != g.Seen {
		return nil, fmt.Errorf("gap %s: %w", g.ID, ErrStale)
	}
	return old, nil
}

// Gaps returns all open gaps, ordered by connection and stream.
func (l *Ledger) Gaps(ctx context.Context) ([]Gap, error) {
	var list []Gap
	err := l.view(ctx, "read gaps", func(r kv.Reader) error {
		for key, row := range r.Scan(bGap, l.under(), nil) {
			var g Gap
			if err := json.Unmarshal(row, &g); err != nil {
				return damaged(bGap, fmt.Sprintf("%q", key), err)
			}
			list = append(list, g)
		}
		return nil
	})
	return list, err
}
