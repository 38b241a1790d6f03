package connectors

import (
	"context"
	"time"
)

// Stream is one kind of object of a connection that can be read.
type Stream struct {
	Name   string // unique within the connection, `contacts`
	Object string // the Object of its records' Refs; usually equal to Name
	// Snapshot marks a stream without incremental reading (owners, pipelines): every pass from the empty cursor to
	// More == false is a full listing, and what it does not list twice in a row is gone.
	Snapshot bool
	Every    time.Duration // suggested time between two polls once caught up; 0 = the router's default
	Sweep    time.Duration // suggested time between two sweeps of a Sweeper; 0 = the stream has none
	// Along are further objects whose records come with the pages of this stream, because the vendor says of them with the
	// same answers (a member of a list, and the membership). A full listing lists them too, and what it does not list is gone:
	// no other stream may list them (CheckStreams).
	Along []string
}

// Source reads a vendor. It keeps no state between calls: the cursor carries everything.
type Source interface {
	// Streams lists what can be read with the present sign-in. It may ask the vendor.
	Streams(ctx context.Context) ([]Stream, error)
	// Read returns the page after the cursor. It never loops over pages, never retries and never returns part of a
	// page: a body that breaks off is an error. A change made while a scan runs is returned by that scan or by a
	// later page, never by none. The same cursor may be read again at any time.
	Read(ctx context.Context, stream string, after Cursor) (Page, error)
}

// Getter fetches records by reference, for webhooks that only say what changed.
type Getter interface {
	// Get returns the records that exist, in any order, at most MaxGet at a time. One that is missing at the vendor
	// is simply not returned. A reference that the vendor has merged away is returned under its own Ref as Merged
	// together with the survivor.
	Get(ctx context.Context, refs []Ref) ([]Record, error)
	// MaxGet is the most references one Get takes.
	MaxGet() int
}

// Sweeper lists a stream completely, for what no change feed shows: deletions, changed associations, lost rows.
type Sweeper interface {
	// Sweep returns the page after the cursor of a full listing of live records followed by archived ones where the
	// vendor keeps them. A record that two complete sweeps in a row do not return is taken for deleted, so an
	// incomplete listing must be an error, never a short page with More == false.
	Sweep(ctx context.Context, stream string, after Cursor) (Page, error)
}

// Counter is a Source that can say how many records a stream has, for an estimate of the time a backfill takes.
type Counter interface {
	// Count returns the vendor's present number of live records; it may be approximate and costs one call.
	Count(ctx context.Context, stream string) (int64, error)
}

// Rewinder is a Source that can make a cursor for an instant, for `backfill --since` and for healing gaps.
type Rewinder interface {
	// CursorAt returns a cursor from which every change since the instant (the vendor's clock) is read again. It makes
	// no request.
	CursorAt(stream string, since time.Time) (Cursor, error)
}

// Finding is one line of `millrace check`.
type Finding struct {
	OK     bool
	What   string // `token`, `scopes`, `clock`, `quota`
	Detail string // what was found and, when not OK, what to do; no secret and no personal data
	// Warning says, with OK, that it works and somebody has to see to it all the same.
	Warning bool
}

// Checker verifies that a connection can work: sign-in, scopes, clock and quota, with as few calls as it can.
type Checker interface {
	// Check returns findings; its error means that the vendor could not be asked at all.
	Check(ctx context.Context) ([]Finding, error)
}
