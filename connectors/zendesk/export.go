package zendesk

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// exported is what can be read by the cursor-based export.
type exported struct {
	object  string
	include string // what is loaded beside it, for no further request
}

var exports = map[string]exported{
	usersStream:   {usersStream, "identities"},
	ticketsStream: {ticketsStream, "metric_sets,groups"},
}

// exportPage is the most records an export returns at once.
const exportPage = 1000

// export reads the page behind the cursor. Each row stands for itself: none is judged by another one of its page.
func (a *account) export(ctx context.Context, e exported, c cursor) (connectors.Page, error) {
	op := "export " + e.object
	n, rows, err := a.exportRows(ctx, op, e, c, exportPage)
	if err != nil {
		return connectors.Page{}, err
	}
	records, err := a.records(op, e.object, n, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	next, end, err := c.begun(n.date).behind(op, n, len(rows))
	if err != nil {
		return connectors.Page{}, err
	}
	if end {
		return ended(connectors.Page{Records: records}, next, n.date), nil
	}
	return connectors.Page{Records: records, Next: next.String(), More: true}, nil
}

// exportRows asks for the rows behind the cursor.
func (a *account) exportRows(ctx context.Context, op string, e exported, c cursor, most int) (answer, []gjson.Result, error) {
	q := query("per_page", strconv.Itoa(most))
	if e.include != "" {
		q.Set("include", e.include)
	}
	c.place(q)
	n, err := a.get(ctx, op, "/incremental/"+e.object+"/cursor", q)
	if err != nil {
		return answer{}, nil, cursorGone(c, err)
	}
	rows, err := n.list(op, e.object)
	return n, rows, err
}

// place asks for what is behind the cursor: by Zendesk's own cursor as soon as there is one.
func (c cursor) place(q url.Values) {
	if c.After != "" {
		q.Set("cursor", c.After)
		return
	}
	q.Set("start_time", strconv.FormatInt(max(c.Start, beginning), 10))
}

// behind returns the cursor after an answer, and whether the stream ends there for now. An answer without rows may have no
// cursor; the old one stays good.
func (c cursor) behind(op string, n answer, rows int) (cursor, bool, error) {
	said := n.members["end_of_stream"]
	if !said.IsBool() {
		return cursor{}, false, broken(op, "answer does not say whether the stream ends")
	}
	end, after := said.Bool(), n.members["after_cursor"].String()
	switch {
	case after == "" && (rows > 0 || !end):
		return cursor{}, false, broken(op, "answer has no cursor to go on with")
	case !end && after == c.After:
		return cursor{}, false, broken(op, "answer leads back to the same page")
	}
	next := cursor{Phase: exporting, After: after, Sweep: c.Sweep, Begun: c.Begun, Asked: c.Asked}
	if after == "" {
		next.After = c.After
		if next.After == "" {
			next.Start = max(c.Start, beginning)
		}
	}
	return next, end, nil
}

// shown is the time before which an export shows everything: the vendor's clock less what it withholds. The Date header
// is cut to the second, so it promises nothing too early.
func shown(date time.Time) time.Time { return date.UTC().Add(-withheld) }

// cursorGone makes an error of a refused cursor one that sets the stream back. Zendesk says that the cursors of its
// exports do not expire; should it refuse one all the same, reading from the beginning is the only way on.
func cursorGone(c cursor, err error) error {
	var e *connectors.Error
	if c.After == "" || !errors.As(err, &e) || e.Kind != connectors.Rejected || !strings.Contains(e.Reason, "InvalidCursor") {
		return err
	}
	with := *e
	with.Kind, with.Expired = connectors.Gone, true
	return &with
}
