package hubspot

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// readOwners lists the owners, then the deactivated ones. A deactivated owner is no deleted record: deals still name
// it. HubSpot says `archived`, and the mapping makes of it that the owner is not active.
func (a *account) readOwners(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list owners"
	q := query("limit", strconv.Itoa(listLimit), "archived", strconv.FormatBool(c.Archived))
	if c.After != "" {
		q.Set("after", c.After)
	}
	n, err := a.get(ctx, op, a.version.owners(), q)
	if err != nil {
		return connectors.Page{}, err
	}
	list, err := n.results(op)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{More: true}
	if page.Records, err = a.plain(op, ownersStream, list, n.date); err != nil {
		return connectors.Page{}, err
	}
	switch next := n.after(); {
	case next != "" && next == c.After:
		return connectors.Page{}, broken(op, "answer leads back to the same page")
	case next != "":
		page.Next = cursor{Phase: listing, After: next, Archived: c.Archived}.String()
	case !c.Archived:
		page.Next = cursor{Phase: listing, Archived: true}.String()
	default:
		page.More, page.Complete = false, n.date.UTC()
	}
	return page, nil
}

// readPipelines lists all pipelines of deals or of tickets; HubSpot does not page them.
func (a *account) readPipelines(ctx context.Context, of string) (connectors.Page, error) {
	op := "list pipelines of " + of
	n, err := a.get(ctx, op, a.version.pipelines(of), nil)
	if err != nil {
		return connectors.Page{}, err
	}
	list, err := n.results(op)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.plain(op, pipelinesPrefix+of, list, n.date)
	return connectors.Page{Records: records, Complete: n.date.UTC()}, err
}

// plain makes records of owners and pipelines, whose Deleted is never set. The version of a pipeline is its own
// updatedAt, which default pipelines keep at 1970; a change of a stage alone is told by Seen.
func (a *account) plain(op, name string, list []gjson.Result, seen time.Time) ([]connectors.Record, error) {
	out := make([]connectors.Record, 0, len(list))
	for _, raw := range list {
		r, err := a.record(op, name, raw, seen)
		if err != nil {
			return nil, err
		}
		r.Deleted = connectors.Deletion{}
		out = append(out, r)
	}
	return out, nil
}

// getOwners reads owners one by one, deactivated ones too; there is no batch for them.
func (a *account) getOwners(ctx context.Context, ids []string) ([]connectors.Record, error) {
	const op = "get owners"
	var out []connectors.Record
	for _, id := range ids {
		if !isID(id) {
			continue
		}
		n, err := a.get(ctx, op, a.version.owners()+"/"+id, query("archived", "false"))
		if connectors.KindOf(err) == connectors.NotFound {
			n, err = a.get(ctx, op, a.version.owners()+"/"+id, query("archived", "true"))
		}
		if connectors.KindOf(err) == connectors.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		one, err := a.plain(op, ownersStream, []gjson.Result{n.body}, n.date)
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

// getPipelines reads them all and returns those asked for.
func (a *account) getPipelines(ctx context.Context, of string, ids []string) ([]connectors.Record, error) {
	page, err := a.readPipelines(ctx, of)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(page.Records, func(r connectors.Record) bool { return !slices.Contains(ids, r.Ref.ID) }), nil
}
