package salesforce

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
)

// begin starts a stream. The answer to describe tells the vendor's time, up to which the scan reads; what is stamped
// later, also while the scan runs, is polled afterwards. An object without any stamp is only ever listed.
func (a *account) begin(ctx context.Context, o object) (connectors.Page, error) {
	l, err := a.describe(ctx, o)
	if err != nil {
		return connectors.Page{}, err
	}
	if l.stamp == "" {
		return a.list(ctx, o, cursor{})
	}
	c := cursor{Phase: scanning, Bound: l.date.UnixMilli(), Fields: marks(l.names())}
	way, err := a.way(ctx, o, l)
	if err != nil {
		return connectors.Page{}, err
	}
	if way.bulk {
		page, err := a.startJob(ctx, o, l, c)
		if err == nil || !a.mayFallBack(err) {
			return page, err
		}
	}
	return a.scan(ctx, o, c)
}

// scan reads a page of rows behind an id.
func (a *account) scan(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	l, err := a.known(ctx, o, 0)
	if err != nil {
		return connectors.Page{}, err
	}
	f, err := a.rows(ctx, "scan "+o.name, o, l, wanted{order: byID, where: func(l *layout) []string {
		return []string{after(c.ID), l.until(c.Bound)}
	}})
	if err != nil {
		return connectors.Page{}, err
	}
	if c.ID == "" {
		c.Newest = newest(f.records)
	}
	if !f.more {
		return a.handOver(c, f.records), nil
	}
	c.ID = f.id
	return connectors.Page{Records: f.records, Next: c.String(), More: true}, nil
}

// handOver ends a scan: polling goes on where it was bounded.
func (a *account) handOver(c cursor, records []connectors.Record) connectors.Page {
	live := c.Bound - a.lag.Milliseconds()
	next := cursor{Phase: polling, Live: live, Dead: c.Bound, Newest: c.Newest, Fields: c.Fields}
	return connectors.Page{Records: records, Next: next.String(), More: true, Complete: a.completeTo(live)}
}

// newest returns the newest stamp of records, 0 of none.
func newest(records []connectors.Record) (at int64) {
	for i := range records {
		at = max(at, records[i].Version.UnixMilli())
	}
	return at
}

// completeTo returns up to when a stream has certainly been read, when it was read up to live: what is stamped in the
// overlap may still become visible.
func (a *account) completeTo(live int64) time.Time {
	return time.UnixMilli(live - a.overlap.Milliseconds()).UTC()
}

// list reads a page of an object that says of no row when it changed. Every pass is a complete listing.
func (a *account) list(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	l, err := a.known(ctx, o, namesAge)
	if err != nil {
		return connectors.Page{}, err
	}
	f, err := a.listed(ctx, o, l, c.ID)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Records: f.records}
	if page.More = f.more; f.more {
		page.Next = cursor{Phase: listing, ID: f.id}.String()
	} else {
		page.Complete = f.date.UTC()
	}
	return page, nil
}

// listed reads a page of all rows behind an id.
func (a *account) listed(ctx context.Context, o object, l *layout, id string) (found, error) {
	return a.rows(ctx, "list "+o.name, o, l, wanted{order: byID, where: func(*layout) []string { return []string{after(id)} }})
}

// Sweep implements connectors.Sweeper: all rows by id, with all fields, deleted ones in the recycle bin as deleted. It
// finds what was deleted without a trace, and the values of formulas and roll-ups, which change without a stamp.
func (a *account) Sweep(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	o, ok := a.object(stream)
	if !ok || c.Phase != "" && c.Phase != sweeping {
		return connectors.Page{}, a.noSuch(stream, ok)
	}
	age := time.Duration(0)
	if c.Phase == "" {
		age = namesAge
	}
	l, err := a.known(ctx, o, age)
	if err != nil {
		return connectors.Page{}, err
	}
	f, err := a.listed(ctx, o, l, c.ID)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Records: f.records, More: f.more}
	if f.more {
		page.Next = cursor{Phase: sweeping, ID: f.id}.String()
	}
	return page, nil
}
