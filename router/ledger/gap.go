package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

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
	Kind       string    `json:"kind"`          // `cursor expired`, `receiver was down`, `sweep refused`
	Reason     string    `json:"reason"`        // the newest report's details; references only
	Opened     time.Time `json:"opened"`        // our clock
	Seen       int       `json:"seen"`          // how often it was reported
}

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
	row, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode gap %s: %w", g.ID, err)
	}
	return c.tx.Put(bGap, key, row)
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
