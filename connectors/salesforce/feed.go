package salesforce

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/pubsub"
)

// What changes is told by change data capture, over the Pub/Sub API: which records, not what they hold, because an event
// has only the fields that changed, and none when the vendor could not make it. The records are fetched.
// https://developer.salesforce.com/docs/platform/change-data-capture/overview

// channelName is the last part of a channel's topic: ChangeEvents, AccountChangeEvent, Invoice__ChangeEvent, Sales__chn.
var channelName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)

// checkFeeds refuses settings of change data capture that cannot work.
func checkFeeds(v connectors.Values) error {
	if err := pubsub.CheckEndpoint(v.String("pubsub_endpoint")); err != nil {
		return fmt.Errorf("pubsub_endpoint: %w", err)
	}
	for _, name := range v.List("cdc_channels") {
		if !channelName.MatchString(name) {
			return fmt.Errorf("cdc_channels: %q is no channel such as ChangeEvents or Sales__chn", name)
		}
	}
	return nil
}

// openFeeds prepares following the channels, if that is asked for. It makes no request.
func (a *account) openFeeds(env connectors.Env) error {
	v := env.Settings
	if !v.Bool("cdc") {
		return nil
	}
	a.channels = v.List("cdc_channels")
	if env.Tokens == nil { // nothing is signed in: a configuration that is only looked at
		return nil
	}
	var err error
	a.bus, err = pubsub.New(pubsub.Options{Endpoint: v.String("pubsub_endpoint"), Tokens: env.Tokens})
	return err
}

// Feeds implements connectors.Feeder with one feed for each channel. Which objects a channel tells of is the
// organization's setting, so each may tell of all; contact roles, which name no opportunity, and the two pipelines are
// left to polling.
func (a *account) Feeds() []connectors.Feed {
	var list []connectors.Feed
	for _, name := range a.channels {
		list = append(list, connectors.Feed{Name: name, Streams: a.followed("")})
	}
	return list
}

// followed lists the streams of an sObject whose changes a channel tells, of all for "".
func (a *account) followed(sobject string) []string {
	var list []string
	for _, o := range a.objects {
		if sobject == "" || o.sobject == sobject {
			list = append(list, o.name)
		}
	}
	return list
}

// Follow implements connectors.Feeder.
func (a *account) Follow(ctx context.Context, feed string, after connectors.Cursor) (connectors.Follower, error) {
	if a.bus == nil {
		return nil, &connectors.Error{Kind: connectors.Denied, Op: "follow " + token(feed), Reason: "the connection is not signed in"}
	}
	s, err := a.bus.Subscribe(ctx, "/data/"+feed, after)
	if err != nil {
		return nil, err
	}
	return &follower{a: a, s: s}, nil
}

// follower makes news of change events.
type follower struct {
	a *account
	s *pubsub.Subscription
}

// Close implements connectors.Follower.
func (f *follower) Close() error { return f.s.Close() }

// Next implements connectors.Follower.
func (f *follower) Next(ctx context.Context) (connectors.News, error) {
	b, err := f.s.Next(ctx)
	if err != nil {
		return connectors.News{}, err
	}
	n := connectors.News{Next: b.Next, At: b.At}
	at := map[connectors.Ref]int{}
	for i := range b.Changes {
		f.a.news(&n, at, &b.Changes[i])
	}
	if b.Unread > 0 { // nobody knows what it was about
		n.Missed = f.a.followed("")
	}
	return n, nil
}

// news adds what one event tells, under the name of every stream that may have the record. A later event of a record takes
// the place of an earlier one; at says where that is.
func (a *account) news(n *connectors.News, at map[connectors.Ref]int, c *pubsub.Change) {
	if c.Whole() {
		n.Missed = append(n.Missed, a.followed(c.Entity)...)
		return
	}
	for _, name := range a.followed(c.Entity) {
		for _, id := range c.IDs {
			hint := connectors.Hint{Ref: a.ref(name, id), At: c.At}
			if c.Deleted() {
				hint.Deleted.Kind = connectors.Soft
			}
			if i, twice := at[hint.Ref]; twice {
				n.Hints[i] = hint
				continue
			}
			at[hint.Ref] = len(n.Hints)
			n.Hints = append(n.Hints, hint)
		}
	}
}

// checkFeeds asks whether the channels may be followed.
func (a *account) checkFeeds(ctx context.Context) []connectors.Finding {
	if a.bus == nil {
		return nil
	}
	var list []connectors.Finding
	for _, name := range a.channels {
		f := connectors.Finding{OK: true, What: "change data capture", Detail: "channel " + name + " can be followed"}
		if err := a.bus.Check(ctx, "/data/"+name); err != nil {
			f.OK = false
			f.Detail = "channel " + name + " cannot be followed: " + strings.TrimPrefix(err.Error(), "check /data/"+name+": ") +
				"; select objects under Setup, Change Data Capture, and give the user View All Data, or read access to the objects"
		}
		list = append(list, f)
	}
	return list
}
