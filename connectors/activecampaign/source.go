package activecampaign

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// How the streams are read:
//
//  1. Contacts: all of them in the order of their ids, a hundred a request, each request behind the last id; then, for ever,
//     those that changed since the pass before began, in the same order.
//  2. Deals: a list in the order of their creation, paged by offset; then those that changed.
//  3. Everything else: a list, read anew each time.
//
// A sweep of contacts and deals is their list from the beginning: ActiveCampaign tells of no deletion, and not of every
// change of lists and tags.

// lag is how long a change may take until it is listed; ActiveCampaign does not say.
const lag = 2 * time.Minute

// Streams implements connectors.Source with the configured streams; it makes no request.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, s := range streams {
		if !slices.Contains(a.streams, s.name) {
			continue
		}
		one := connectors.Stream{Name: s.name, Object: s.name, Snapshot: s.snapshot, Every: s.every, Sweep: s.sweep}
		if s.name == contactsStream {
			one.Sweep = a.relist
			if slices.Contains(a.beside, listsBeside) {
				one.Along = []string{memberships}
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// Read implements connectors.Source.
func (a *account) Read(ctx context.Context, name string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	s, ok := findStream(name)
	if !ok || c.Sweep || s.snapshot && c.Phase != scanning {
		return connectors.Page{}, noSuch(name, ok)
	}
	return a.read(ctx, s, c)
}

// Sweep implements connectors.Sweeper: a stream from its beginning to its end.
func (a *account) Sweep(ctx context.Context, name string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	s, ok := findStream(name)
	if !ok || s.sweep == 0 || after != "" && !c.Sweep {
		return connectors.Page{}, noSuch(name, ok)
	}
	c.Sweep = true
	return a.read(ctx, s, c)
}

func (a *account) read(ctx context.Context, s stream, c cursor) (connectors.Page, error) {
	if s.name == contactsStream {
		return a.contacts(ctx, c)
	}
	return a.paged(ctx, s, c)
}

// ended returns the last page of a pass: a listing ends, and contacts and deals go on with what changed since the pass
// began.
func ended(s stream, c cursor, records []connectors.Record) connectors.Page {
	page := connectors.Page{Records: records}
	switch {
	case c.Sweep:
	case s.snapshot:
		page.Complete = time.Unix(c.Began, 0).UTC()
	default:
		page.Complete = time.Unix(c.Began, 0).UTC().Add(-lag)
		page.Next = cursor{Phase: changing, Since: c.Began, Zone: c.Zone}.String()
	}
	return page
}

// noSuch says why a call cannot be understood: no such stream, or a cursor of another one.
func noSuch(name string, known bool) error {
	reason := "there is no such stream; there are " + strings.Join(streamNames(), ", ")
	if known {
		reason = "the cursor belongs to another stream or to a sweep"
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read " + code(name), Reason: reason}
}
