package zendesk

import (
	"context"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

func (a *account) organizations(ctx context.Context, c cursor) (connectors.Page, error) {
	if c.Phase == tied {
		return a.tiedOrganizations(ctx, c)
	}
	return a.timed(ctx, organizationsStream, tied, c)
}

// tiedOrganizations lists all organizations and returns those of the second that the export cannot get past.
func (a *account) tiedOrganizations(ctx context.Context, c cursor) (connectors.Page, error) {
	const op = "list organizations"
	n, next, err := a.list(ctx, op, "/organizations", query(), c.After)
	if err != nil {
		return connectors.Page{}, err
	}
	rows, err := n.list(op, organizationsStream)
	if err != nil {
		return connectors.Page{}, err
	}
	rows = slices.DeleteFunc(rows, func(row gjson.Result) bool { return secondOf(organizationsStream, row) != c.Start })
	records, err := a.records(op, organizationsStream, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	to := cursor{Phase: timing, Start: c.Start + 1, Sweep: c.Sweep, Begun: c.Begun, Asked: c.Asked}
	if next != "" {
		to = cursor{Phase: tied, Start: c.Start, After: next, Sweep: c.Sweep, Begun: c.Begun, Asked: c.Asked}
	}
	return connectors.Page{Records: records, Next: to.String(), More: true}, nil
}
