package salesforce

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
)

// namesAge is how old a layout may be for a fetch, a listing or a sweep.
const namesAge = 5 * time.Minute

// poll reads the next page of a window of changes. Between two passes it asks describe first: that says whether fields
// are new, and what time it is at the vendor, where the window ends.
func (a *account) poll(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	l, err := a.layoutFor(ctx, o, c.Window == nil)
	if err != nil {
		return connectors.Page{}, err
	}
	if l.stamp == "" {
		return connectors.Page{}, &connectors.Error{Kind: connectors.Denied, Op: "poll " + o.name,
			Reason: "no field says any more when a row was changed; let the user read SystemModstamp, or reset the stream"}
	}
	if c.Window == nil {
		if fresh := unmarked(c.Fields, l.names()); c.Fields != "" && len(fresh) > 0 {
			c.Fields, c.New = marks(l.names()), fresh
			c.Phase = filling
			return a.fill(ctx, o, c)
		}
		c.Fields = marks(l.names())
		c = c.turnedBack(l.date)
		c.Window = a.opened(c.Live, l.date)
	}
	w := *c.Window
	f, err := a.rows(ctx, "poll "+o.name, o, l, wanted{order: byStamp, where: func(l *layout) []string { return l.within(w) }})
	if err != nil {
		return connectors.Page{}, err
	}
	c.Newest = max(c.Newest, f.at)
	page := connectors.Page{Records: f.records, More: true}
	if f.more {
		w.At, w.ID = f.at, f.id
		c.Window = &w
	} else {
		c.Live, c.Window = max(c.Live, w.To), nil
		c.Gone = a.toBury(o, c, f.layout, f.date)
		page.More, page.Complete = c.Gone != nil, a.completeTo(c.Live)
	}
	page.Next = c.String()
	return page, nil
}

// layoutFor describes an object anew at the beginning of a pass, and takes what is remembered within one.
func (a *account) layoutFor(ctx context.Context, o object, fresh bool) (*layout, error) {
	if fresh {
		return a.describe(ctx, o)
	}
	return a.known(ctx, o, 0)
}

// turnedBack returns the cursor for a clock that once said a later time than now, as a proxy's or one of many servers'
// may. What it said cannot be believed: rows stamped before that time were not there yet when it was read up to. So reading
// goes back to the newest row. When it is the present answer that is wrong, that row is still to come, and nothing is done.
func (c cursor) turnedBack(now time.Time) cursor {
	if ms := now.UnixMilli(); ms < c.Live && c.Newest < ms {
		c.Live = c.Newest
		c.Dead = min(c.Dead, max(c.Newest, now.Add(time.Hour-buryKept).UnixMilli()))
	}
	return c
}

// opened returns the window of a new pass: from the overlap before the end of the last one to the vendor's time less
// the lag within which rows are only becoming visible.
func (a *account) opened(live int64, now time.Time) *window {
	return &window{From: max(0, live-a.overlap.Milliseconds()), To: max(0, now.Add(-a.lag).UnixMilli())}
}
