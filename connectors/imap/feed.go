package imap

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// New mail is heard of by IDLE (RFC 2177), which says that a folder has more messages than before, not which. So the feed
// only says that the stream is ready, and polling reads it, from its own cursor: nothing can be told twice or be left out.

// here is the only place on a feed: the present.
const here connectors.Cursor = "now"

// Feeds implements connectors.Feeder with one feed for each folder that is watched.
func (a *account) Feeds() []connectors.Feed {
	var list []connectors.Feed
	for _, name := range a.watch {
		list = append(list, connectors.Feed{Name: feedName(name), Streams: []string{messages}})
	}
	return list
}

// feedName is the folder's name without slashes.
func feedName(folder string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", "\x00", "%00").Replace(folder)
}

// Follow implements connectors.Feeder.
func (a *account) Follow(ctx context.Context, feed string, after connectors.Cursor) (connectors.Follower, error) {
	at := slices.IndexFunc(a.watch, func(folder string) bool { return feedName(folder) == feed })
	if at < 0 || after != "" && after != here {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "follow", Reason: "there is no such folder in watch, or the place is not one of this connector's"}
	}
	if a.unsigned {
		return nil, &connectors.Error{Kind: connectors.Denied, Op: "follow", Reason: "the connection is not signed in"}
	}
	s, err := wire.Dial(ctx, a.server)
	if err != nil {
		return nil, err
	}
	if _, err := s.Open(ctx, a.watch[at]); err != nil {
		s.Close()
		return nil, err
	}
	return &follower{a: a, s: s}, nil
}

// follower listens on a connection of its own.
type follower struct {
	a     *account
	s     *wire.Session
	begun bool
}

// Close implements connectors.Follower.
func (f *follower) Close() error {
	f.s.Close()
	return nil
}

// Next implements connectors.Follower. What came while nobody listened is ready at once.
func (f *follower) Next(ctx context.Context) (connectors.News, error) {
	if !f.begun {
		f.begun = true
		return connectors.News{Next: here, Ready: []string{messages}}, nil
	}
	if !f.s.Can("IDLE") && !f.s.Can("IMAP4rev2") {
		return f.quiet(ctx)
	}
	news, err := f.s.Wait(ctx, f.a.idle)
	if err != nil {
		return connectors.News{}, err
	}
	n := connectors.News{Next: here}
	if news {
		n.Ready = []string{messages}
	}
	return n, nil
}

// quiet is the feed of a server that tells nothing: polling brings the mail. It makes sure that the server is there.
func (f *follower) quiet(ctx context.Context) (connectors.News, error) {
	select {
	case <-ctx.Done():
		return connectors.News{}, ctx.Err()
	case <-time.After(f.a.idle):
	}
	return connectors.News{Next: here}, f.s.Ping(ctx)
}
