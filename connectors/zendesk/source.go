package zendesk

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// How the streams are read:
//
//  1. Users and tickets: the cursor-based export from the first second on, a thousand a page, deleted and archived ones
//     included. At the end of the stream Zendesk still gives a cursor, and the next poll goes on with it, for ever.
//  2. Organizations and ticket events: the time-based export, which begins each page with the second that the page before
//     ended with.
//  3. Comments: the tickets' export once more, and for each ticket that changed its comments.
//  4. Ratings: a list from a time on. Agents, memberships and statuses: lists, read anew each time.
//
// A sweep of users, tickets and organizations is their export from the beginning: lists leave out archived tickets, and
// cost ten times the requests.

// withheld is how long Zendesk keeps back a change from its exports
// (https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api).
const withheld = time.Minute

// beginning is the start time of a first export: the first second that a start_time can name.
const beginning = 1

// Streams implements connectors.Source with the configured streams; it makes no request.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, s := range streams {
		if slices.Contains(a.streams, s.name) {
			list = append(list, connectors.Stream{Name: s.name, Object: s.name, Snapshot: s.snapshot, Every: s.every, Sweep: s.sweep})
		}
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
	if !ok || c.Sweep || c.Phase != "" && !slices.Contains(s.phases, c.Phase) {
		return connectors.Page{}, noSuch(name, ok)
	}
	return a.read(ctx, s, c)
}

// Sweep implements connectors.Sweeper: a stream from its beginning to where it ends now.
func (a *account) Sweep(ctx context.Context, name string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	s, ok := findStream(name)
	if !ok || s.sweep == 0 || c.Phase != "" && (!c.Sweep || !slices.Contains(s.phases, c.Phase)) {
		return connectors.Page{}, noSuch(name, ok)
	}
	c.Sweep = true
	page, err := a.read(ctx, s, c)
	if err == nil && !page.More {
		page.Next, page.Complete = "", time.Time{}
	}
	return page, err
}

// ended returns the page at which an export ends for now. A sweep goes on until the export shows everything of before
// the sweep: an object that changed in the last minute is withheld altogether, not shown as it was, and what two sweeps
// do not list is taken for deleted.
func ended(page connectors.Page, next cursor, date time.Time) connectors.Page {
	page.Complete = shown(date)
	if next.Sweep && page.Complete.Unix() <= next.Begun {
		page.More, page.Wait = true, unix(next.Begun+1).Sub(page.Complete)
		next.Asked++
	}
	page.Next = next.String()
	return page
}

// begun remembers in a sweep's cursor when it began.
func (c cursor) begun(date time.Time) cursor {
	if c.Sweep && c.Begun == 0 {
		c.Begun = date.Unix()
	}
	return c
}

func (a *account) read(ctx context.Context, s stream, c cursor) (connectors.Page, error) {
	switch s.name {
	case usersStream, ticketsStream:
		return a.export(ctx, exports[s.name], c)
	case organizationsStream:
		return a.organizations(ctx, c)
	case eventsStream:
		return a.events(ctx, c)
	case commentsStream:
		return a.comments(ctx, c)
	case ratingsStream:
		return a.ratings(ctx, c)
	case agentsStream:
		return a.agents(ctx, c)
	case membershipsStream:
		return a.memberships(ctx, c)
	}
	return a.pipelines(ctx)
}

// noSuch says why a call cannot be understood: no such stream, or a cursor of another one.
func noSuch(name string, known bool) error {
	reason := "there is no such stream; there are " + strings.Join(streamNames(), ", ")
	if known {
		reason = "the cursor belongs to another stream or to a sweep"
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read " + code(name), Reason: reason}
}
