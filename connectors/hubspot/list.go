package hubspot

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// listLimit is the most objects the list endpoint returns at once.
const listLimit = 100

// maxNames is how many bytes of property names fit into an address with room to spare for everything else; common
// servers and proxies take 8 KiB. An account with more has its objects listed by id and then read as a batch.
const maxNames = 6000

// scan reads one page of the full scan; c is zero at its beginning.
func (a *account) scan(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	got, err := a.list(ctx, o, c.After, false, c.Phase == "")
	if err != nil {
		return connectors.Page{}, err
	}
	from := c.From
	if c.Phase == "" {
		from = got.date.Add(-a.lag).UnixMilli()
	}
	if got.next != "" {
		next := cursor{Phase: scanning, After: got.next, From: from}
		return connectors.Page{Records: got.records, Next: next.String(), More: true}, nil
	}
	next := cursor{Phase: polling, Live: from, Trail: from}
	return connectors.Page{Records: got.records, Next: next.String(), More: true, Complete: time.UnixMilli(from).UTC()}, nil
}

// listed is one page of a listing.
type listed struct {
	records []connectors.Record
	next    string
	date    time.Time
}

// list reads a page of live or archived objects with their associations. fresh asks for the properties' names again.
func (a *account) list(ctx context.Context, o object, after string, archived, fresh bool) (listed, error) {
	names, err := a.scanNames(ctx, o, fresh)
	if err != nil {
		return listed{}, err
	}
	op := "list " + o.name
	q := query("limit", strconv.Itoa(listLimit), "archived", strconv.FormatBool(archived))
	if after != "" {
		q.Set("after", after)
	}
	joined := strings.Join(names, ",")
	if len(joined) <= maxNames {
		q.Set("properties", joined)
	}
	if len(o.to) > 0 && !archived {
		q.Set("associations", strings.Join(o.to, ","))
	}
	n, err := a.get(ctx, op, a.version.objects(o.name), q)
	if err != nil {
		return listed{}, err
	}
	got := listed{next: n.after(), date: n.date}
	if got.next != "" && got.next == after {
		return listed{}, broken(op, "answer leads back to the same page")
	}
	objects, err := n.results(op)
	if err != nil {
		return listed{}, err
	}
	got.records, err = a.complete(ctx, o, n, objects, names, archived)
	return got, err
}

func (a *account) scanNames(ctx context.Context, o object, fresh bool) ([]string, error) {
	if fresh {
		return a.describe(ctx, o)
	}
	return a.propertiesOf(ctx, o, 0)
}

// complete makes records of a listed page: properties that did not fit into the address are read as a batch, and
// associations beyond the page that HubSpot embeds are read to their end.
func (a *account) complete(ctx context.Context, o object, n answer, list []gjson.Result, names []string, archived bool) ([]connectors.Record, error) {
	op := "list " + o.name
	links, err := a.embedded(ctx, o, list)
	if err != nil {
		return nil, err
	}
	if len(strings.Join(names, ",")) > maxNames && len(list) > 0 {
		if list, _, err = a.batch(ctx, o, idsOf(list), names, archived); err != nil {
			return nil, err
		}
	}
	out, err := a.records(op, o.name, list, n.date)
	if err != nil {
		return nil, err
	}
	return withLinks(out, o, links), nil
}

func idsOf(list []gjson.Result) []string {
	out := make([]string, len(list))
	for i, raw := range list {
		out[i] = raw.Get("id").String()
	}
	return out
}
