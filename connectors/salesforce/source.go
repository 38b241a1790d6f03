package salesforce

import (
	"context"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// How a stream is read:
//
//  1. A scan lists all rows stamped up to an instant that is read first, by a Bulk API query job or by seeking through
//     the ids; see bulk.go and scan.go.
//  2. A pass reads what was stamped in a closed window of time, in the order of stamp and id. The next window overlaps
//     it, because a row may become visible some time after its stamp; see poll.go.
//  3. Once an hour a pass is followed by what was deleted for good, which no query shows; see deleted.go.
//  4. A field that is new is read of the rows that have it; see fill.go.

// The suggested intervals. A pass takes two calls of the organization's day. A sweep lists all rows; when a mapping reads
// formulas or roll-ups, only it shows their changes.
const (
	pollEvery     = 5 * time.Minute
	snapshotEvery = time.Hour
	sweepEvery    = 24 * time.Hour
	formulaEvery  = 12 * time.Hour
)

// Streams implements connectors.Source with the configured streams. It describes those objects that it needs to know
// more of: custom ones, and those of which the mapping's fields are known. An object that cannot be described is listed
// all the same; reading it says why.
func (a *account) Streams(ctx context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, o := range a.objects {
		s := connectors.Stream{Name: o.name, Object: o.name, Every: pollEvery, Sweep: sweepEvery}
		l, err := a.toKnow(ctx, o)
		if ctx.Err() != nil {
			return nil, err
		}
		if connectors.KindOf(err) == connectors.Temporary {
			return nil, err
		}
		switch {
		case l == nil:
		case l.stamp == "":
			s.Snapshot, s.Every, s.Sweep = true, snapshotEvery, 0
		case len(a.unstamped(o, l)) > 0:
			s.Sweep = formulaEvery
		}
		list = append(list, s)
		if o.name == opportunity && a.reads(rolesStream) {
			list = append(list, connectors.Stream{Name: rolesStream, Object: opportunity, Every: pollEvery})
		}
	}
	for _, name := range []string{stagesStream, statusStream} {
		if a.reads(name) {
			list = append(list, connectors.Stream{Name: name, Object: name, Snapshot: true, Every: snapshotEvery})
		}
	}
	return list, nil
}

// toKnow describes an object when Streams has to know more of it.
func (a *account) toKnow(ctx context.Context, o object) (*layout, error) {
	if a.mapped == nil && len(a.volatile) == 0 && !a.isCustom(o.name) {
		return nil, nil
	}
	return a.known(ctx, o, 0)
}

// Read implements connectors.Source.
func (a *account) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	if (stream == stagesStream || stream == statusStream) && a.reads(stream) && c.Phase == "" {
		return a.readPipeline(ctx, stream)
	}
	if stream == rolesStream && a.reads(stream) && (c.Phase == "" || c.Phase == polling) {
		return a.readRoles(ctx, c)
	}
	o, ok := a.object(stream)
	switch {
	case !ok:
	case c.Phase == "":
		return a.begin(ctx, o)
	case c.Phase == scanning:
		return a.scan(ctx, o, c)
	case c.Phase == bulking:
		return a.bulk(ctx, o, c)
	case c.Phase == polling && c.Gone != nil:
		return a.deleted(ctx, o, c)
	case c.Phase == polling:
		return a.poll(ctx, o, c)
	case c.Phase == filling:
		return a.fill(ctx, o, c)
	case c.Phase == listing:
		return a.list(ctx, o, c)
	}
	return connectors.Page{}, a.noSuch(stream, ok)
}

// noSuch says why a call cannot be understood: no such stream, or a cursor of another one.
func (a *account) noSuch(stream string, known bool) error {
	reason := "there is no such stream among those configured: " + strings.Join(a.streamNames(), ", ")
	if known || a.reads(stream) {
		reason = "the cursor belongs to another stream or to a sweep"
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read " + token(stream), Reason: reason}
}
