package hubspot

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Count implements connectors.Counter by the total of a search for everything, and for snapshots by the first page of
// the listing.
func (a *account) Count(ctx context.Context, stream string) (int64, error) {
	o, ok := streamObject(stream)
	if !ok {
		page, err := a.Read(ctx, stream, "")
		return int64(len(page.Records)), err
	}
	op := "count " + o.name
	all := searchRequest{Groups: []filterGroup{}, Sorts: []sorting{}, Properties: []string{"hs_object_id"}, Limit: 1, After: "0"}
	n, err := a.post(ctx, op, a.version.objects(o.name)+"/search", nil, all)
	if err != nil {
		return 0, err
	}
	if !n.sum.Exists() || n.sum.Int() < 0 {
		return 0, broken(op, "answer has no total")
	}
	return n.sum.Int(), nil
}

// CursorAt implements connectors.Rewinder: polling goes on from the instant, live and trailing. A snapshot, and an
// instant before HubSpot was, begin anew.
func (a *account) CursorAt(stream string, since time.Time) (connectors.Cursor, error) {
	if !slices.Contains(allStreams, stream) {
		return "", noSuch(stream, false)
	}
	ms := since.UnixMilli()
	if _, polls := streamObject(stream); !polls || ms <= 0 {
		return "", nil
	}
	return cursor{Phase: polling, Live: ms, Trail: ms}.String(), nil
}
