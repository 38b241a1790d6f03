package activecampaign

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Count implements connectors.Counter by what a list says of its size.
func (a *account) Count(ctx context.Context, name string) (int64, error) {
	op := "count " + code(name)
	s, ok := findStream(name)
	if !ok {
		return 0, noSuch(name, false)
	}
	q := query("limit", "1")
	if s.name == contactsStream {
		q.Set("status", "-1")
	}
	n, err := a.get(ctx, op, s.name, q)
	if err != nil {
		return 0, err
	}
	if total := n.total(); total >= 0 {
		return total, nil
	}
	rows, err := n.list(op, s.name)
	if err == nil && len(rows) == 0 {
		return 0, nil
	}
	return 0, &connectors.Error{Kind: connectors.NotFound, Op: op, Reason: "ActiveCampaign does not count these"}
}

// CursorAt implements connectors.Rewinder: changes of contacts and deals are read from the instant. A listing, and an
// instant before ActiveCampaign was, begin anew.
func (a *account) CursorAt(name string, since time.Time) (connectors.Cursor, error) {
	s, ok := findStream(name)
	if !ok {
		return "", noSuch(name, false)
	}
	if s.snapshot || since.Unix() <= 0 {
		return "", nil
	}
	return cursor{Phase: changing, Since: since.Unix()}.String(), nil
}
