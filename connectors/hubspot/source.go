package hubspot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// How a stream is read:
//
//  1. A scan lists all objects, 100 a page, associations included.
//  2. A live pass searches what changed since, again and again: fast, but search shows changes late and out of order
//     (https://developers.hubspot.com/docs/api-reference/search/guide).
//  3. A trailing pass searches the same span once more when it is older than index_lag. Only then is it complete.
//
// The first live and trailing pass begin at the scan's start less index_lag.

// The suggested intervals. Owners and pipelines rarely change; a sweep costs a full listing.
const (
	snapshotEvery = 15 * time.Minute
	sweepEvery    = 24 * time.Hour
)

// Streams implements connectors.Source with the configured streams; it makes no request.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, name := range allStreams {
		if !slices.Contains(a.streams, name) {
			continue
		}
		s := connectors.Stream{Name: name, Object: name, Sweep: sweepEvery}
		if _, ok := findObject(name); !ok {
			s.Snapshot, s.Every, s.Sweep = true, snapshotEvery, 0
		}
		list = append(list, s)
	}
	return list, nil
}

// Read implements connectors.Source.
func (a *account) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	if stream == ownersStream && (c.Phase == "" || c.Phase == listing) {
		return a.readOwners(ctx, c)
	}
	if of, ok := strings.CutPrefix(stream, pipelinesPrefix); ok && c.Phase == "" && slices.Contains(allStreams, stream) {
		return a.readPipelines(ctx, of)
	}
	o, ok := streamObject(stream)
	switch {
	case ok && (c.Phase == "" || c.Phase == scanning):
		return a.scan(ctx, o, c)
	case ok && c.Phase == polling:
		return a.poll(ctx, o, c)
	}
	return connectors.Page{}, noSuch(stream, ok)
}

// Sweep implements connectors.Sweeper: all live objects, then all archived ones, both complete records. The streams
// that are snapshots have no sweep.
func (a *account) Sweep(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	o, ok := streamObject(stream)
	if !ok || c.Phase != "" && c.Phase != sweeping {
		return connectors.Page{}, noSuch(stream, ok)
	}
	got, err := a.list(ctx, o, c.After, c.Archived, c.Phase == "")
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Records: got.records, More: true}
	switch {
	case got.next != "":
		page.Next = cursor{Phase: sweeping, After: got.next, Archived: c.Archived}.String()
	case !c.Archived:
		page.Next = cursor{Phase: sweeping, Archived: true}.String()
	default:
		page.More = false
	}
	return page, nil
}

// streamObject returns the object that a stream reads; its name must match exactly.
func streamObject(stream string) (object, bool) {
	o, ok := findObject(stream)
	return o, ok && o.name == stream
}

// noSuch says why a call cannot be understood: no such stream, or a cursor of another one.
func noSuch(stream string, known bool) error {
	reason := "there is no such stream; there are " + strings.Join(allStreams, ", ")
	if known {
		reason = "the cursor belongs to another stream or to a sweep"
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read " + token(stream), Reason: reason}
}
