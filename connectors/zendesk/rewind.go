package zendesk

import (
	"context"
	"net/url"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// counts are the endpoints that count, and the filter to what a stream has.
var counts = map[string]struct {
	path   string
	filter url.Values
}{
	usersStream:         {"/users/count", nil},
	agentsStream:        {"/users/count", query("role[]", "agent", "role[]", "admin")},
	organizationsStream: {"/organizations/count", nil},
	ticketsStream:       {"/tickets/count", nil},
	ratingsStream:       {"/satisfaction_ratings/count", nil},
}

// Count implements connectors.Counter by Zendesk's own counts, which above 100,000 it renews once a day and does not
// count beyond before it has done so. Of the other streams there is no count; that is a NotFound error.
func (a *account) Count(ctx context.Context, name string) (int64, error) {
	op := "count " + code(name)
	at, ok := counts[name]
	if !ok {
		return 0, &connectors.Error{Kind: connectors.NotFound, Op: op, Reason: "Zendesk does not count these"}
	}
	n, err := a.get(ctx, op, at.path, at.filter)
	if err != nil {
		return 0, err
	}
	value := n.members["count"].Get("value")
	if value.Type != gjson.Number || value.Int() < 0 {
		return 0, broken(op, "answer has no count")
	}
	return value.Int(), nil
}

// CursorAt implements connectors.Rewinder: exports begin at the instant, but never within the minute that Zendesk
// withholds, which it refuses. A listing, and an instant before Zendesk was, begin anew.
func (a *account) CursorAt(name string, since time.Time) (connectors.Cursor, error) {
	s, ok := findStream(name)
	if !ok {
		return "", noSuch(name, false)
	}
	at := min(since.Unix(), a.now().Add(-3*withheld).Unix())
	if s.snapshot || at < beginning {
		return "", nil
	}
	return cursor{Phase: s.phases[0], Start: at}.String(), nil
}
