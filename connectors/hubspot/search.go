package hubspot

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

const (
	// searchPage is the most objects a search returns at once.
	searchPage = 200
	// searchesPerRead makes a page of 1,000 objects, which is as many as one association request takes.
	searchesPerRead = 5
	// trailSteps is how many trailing passes fall into one index_lag: each costs at least a search.
	trailSteps = 12
)

// poll reads the next page of changes. Between two passes it begins a live one.
func (a *account) poll(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	p := pass{From: max(0, c.Live-a.overlap.Milliseconds())}
	if c.Pass != nil {
		p = *c.Pass
	}
	found, err := a.search(ctx, o, &p, c.Pass == nil)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.changed(ctx, o, found)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Records: records, More: true}
	if found.more {
		c.Pass = &p
	} else {
		c = a.passed(c, p, found.date)
		page.More, page.Complete = c.Pass != nil, a.completeTo(c)
	}
	page.Next = c.String()
	return page, nil
}

// passed returns the cursor after a pass came to its end: a trailing pass follows a live one when its turn has come.
func (a *account) passed(c cursor, p pass, now time.Time) cursor {
	c.Pass = nil
	if p.Trailing {
		c.Trail = max(c.Trail, p.To)
		return c
	}
	c.Live = max(c.Live, p.To)
	if p.From <= c.Trail {
		// What is older than index_lag was indexed when this pass began, and the pass has read it: after a rewind or a
		// scan that is nearly everything, which need not be read twice.
		c.Trail = max(c.Trail, p.To-a.lag.Milliseconds())
	}
	edge := now.Add(-a.lag).UnixMilli()
	switch {
	case a.lag == 0:
		c.Trail = c.Live
	case edge-c.Trail >= max(1, a.lag.Milliseconds()/trailSteps):
		c.Pass = &pass{Trailing: true, From: c.Trail, To: edge, ID: "0"}
	}
	return c
}

// completeTo returns up to when the stream has certainly been read. Without an index lag that is the end of the live
// pass, less the overlap within which changes may still be written.
func (a *account) completeTo(c cursor) time.Time {
	if a.lag == 0 {
		return time.UnixMilli(c.Live - a.overlap.Milliseconds()).UTC()
	}
	return time.UnixMilli(c.Trail).UTC()
}

// found is what the searches of one page brought.
type found struct {
	objects []gjson.Result
	date    time.Time
	more    bool
}

// search goes on with a pass by up to searchesPerRead searches and moves p behind what it returns. The first search of
// a live pass has no upper bound, because only its answer tells HubSpot's time, which then becomes the bound.
func (a *account) search(ctx context.Context, o object, p *pass, fresh bool) (found, error) {
	var all found
	_, remembered := a.names.get(o.name)
	names, err := a.propertiesOf(ctx, o, 0)
	for i := 0; i < searchesPerRead && err == nil; i++ {
		var one found
		if one, err = a.searchOnce(ctx, o, *p, names); err != nil {
			break
		}
		if i == 0 && fresh && remembered && len(one.objects) > 0 {
			// A property may have been added since the names were learnt; its values come with this very change.
			if one, names, err = a.refreshed(ctx, o, *p, names, one); err != nil {
				break
			}
		}
		if p.To == 0 {
			p.To = one.date.UnixMilli()
		}
		all.objects = append(all.objects, one.objects...)
		all.date, all.more = one.date, one.more
		if len(one.objects) > 0 {
			p.ID = one.objects[len(one.objects)-1].Get("id").String()
		}
		if !one.more {
			break
		}
	}
	return all, err
}

// refreshed learns the names of the properties again and repeats the search when they changed.
func (a *account) refreshed(ctx context.Context, o object, p pass, names []string, one found) (found, []string, error) {
	now, err := a.describe(ctx, o)
	if err != nil || slices.Equal(now, names) {
		return one, now, err
	}
	one, err = a.searchOnce(ctx, o, p, now)
	return one, now, err
}

type filter struct {
	Property string `json:"propertyName"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type sorting struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// searchRequest has every field that HubSpot's OpenAPI file requires.
type searchRequest struct {
	Groups     []filterGroup `json:"filterGroups"`
	Sorts      []sorting     `json:"sorts"`
	Properties []string      `json:"properties"`
	Limit      int           `json:"limit"`
	After      string        `json:"after"`
}

// window returns the search for what is left of a pass. A bound of 0 makes HubSpot answer 500.
func window(o object, p pass, names []string) searchRequest {
	filters := []filter{{o.modified, "GTE", strconv.FormatInt(max(1, p.From), 10)}}
	if p.To != 0 {
		filters = append(filters, filter{o.modified, "LTE", strconv.FormatInt(p.To, 10)})
	}
	if p.ID != "" {
		filters = append(filters, filter{"hs_object_id", "GT", p.ID})
	}
	return searchRequest{
		Groups: []filterGroup{{filters}}, Sorts: []sorting{{"hs_object_id", "ASCENDING"}},
		Properties: names, Limit: searchPage, After: "0",
	}
}

// searchOnce makes one search. Ids must ascend: the pass goes on behind the last one, so another order would lose rows.
func (a *account) searchOnce(ctx context.Context, o object, p pass, names []string) (found, error) {
	op := "search " + o.name
	n, err := a.post(ctx, op, a.version.objects(o.name)+"/search", nil, window(o, p, names))
	if err != nil {
		return found{}, err
	}
	objects, err := n.results(op)
	if err != nil {
		return found{}, err
	}
	last := uint64(0)
	if p.ID != "" {
		last, _ = strconv.ParseUint(p.ID, 10, 64)
	}
	for i, raw := range objects {
		id, err := strconv.ParseUint(raw.Get("id").String(), 10, 64)
		if err != nil || id == math.MaxUint64 || id <= last && (i > 0 || p.ID != "") {
			return found{}, broken(op, "answer is not in the order of the ids that was asked for")
		}
		last = id
	}
	more := len(objects) > 0 && (n.after() != "" || n.sum.Int() > int64(len(objects)))
	return found{objects: objects, date: n.date, more: more}, nil
}

// changed makes records of found objects. What search says was true when it indexed the object, up to index_lag ago;
// Seen says so, that a stale answer does not undo what another endpoint said in between.
func (a *account) changed(ctx context.Context, o object, f found) ([]connectors.Record, error) {
	links, err := a.linksOf(ctx, o, liveIDs(f.objects))
	if err != nil {
		return nil, err
	}
	records, err := a.records("search "+o.name, o.name, f.objects, f.date.Add(-a.lag))
	if err != nil {
		return nil, err
	}
	return withLinks(records, o, links), nil
}
