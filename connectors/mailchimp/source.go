package mailchimp

import (
	"context"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// How the streams are read:
//
//  1. Members: audience by audience in the order of their last change, first those of the bare list, then the archived
//     ones, which it leaves out. A pass has an end, two seconds before Mailchimp's clock at its first page, and the next
//     one begins a minute before that.
//  2. E-mail activity: campaign by campaign, of those that something happened to since the last pass.
//  3. Audiences, segments, interests and campaigns: lists, read anew each time.
//
// A sweep of members is a pass from the beginning without an end.

// Streams implements connectors.Source with the configured streams; it makes no request.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	var list []connectors.Stream
	for _, s := range streams {
		if slices.Contains(a.streams, s.name) {
			list = append(list, connectors.Stream{Name: s.name, Object: s.name, Snapshot: s.snapshot, Every: s.every, Sweep: s.sweep, Along: s.along})
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
	switch name {
	case listsStream:
		return a.lists(ctx, c)
	case segmentsStream:
		return a.segments(ctx, c)
	case interestsStream:
		return a.interests(ctx, c)
	case campaignsStream:
		return a.campaigns(ctx, c)
	case activityStream:
		return a.emailActivity(ctx, c)
	}
	return a.members(ctx, c)
}

// Sweep implements connectors.Sweeper: all members, in whatever status.
func (a *account) Sweep(ctx context.Context, name string, after connectors.Cursor) (connectors.Page, error) {
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	s, ok := findStream(name)
	if !ok || s.sweep == 0 || c.Phase != "" && !c.Sweep {
		return connectors.Page{}, noSuch(name, ok)
	}
	c.Sweep = true
	return a.members(ctx, c)
}

// noSuch says why a call cannot be understood: no such stream, or a cursor of another one.
func noSuch(name string, known bool) error {
	reason := "there is no such stream; there are " + strings.Join(streamNames(), ", ")
	if known {
		reason = "the cursor belongs to another stream or to a sweep"
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read " + code(name), Reason: reason}
}
