package zendesk

import (
	"slices"

	"github.com/millrace/millrace/connectors"
)

// phase says what a cursor is in the middle of.
type phase string

// The phases. Each belongs to certain streams.
const (
	exporting  phase = "export"  // users, tickets: the cursor-based export
	timing     phase = "time"    // organizations, ticket_events: the time-based export
	tied       phase = "tied"    // organizations: listing those of one second that the export cannot get past
	auditing   phase = "audit"   // ticket_events: reading ticket by ticket those of one second that the export cannot get past
	commenting phase = "comment" // ticket_comments
	listing    phase = "list"    // everything else
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of
// each form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in a stream. All times are Zendesk's, in epoch seconds.
type cursor struct {
	V     int   `json:"v"`
	Phase phase `json:"phase"`
	// After is Zendesk's own cursor, kept exactly as it is: it holds more than a time, and a clock instead of it skips
	// what lies between (airbyte#28173). With `list` and `tied` it is the paging cursor of a list.
	After string `json:"after,omitempty"`
	// Start is where an export begins that has no cursor yet; with `time`, `tied` and `audit` how far is read, with
	// `list` the time from which ratings are listed.
	Start int64 `json:"start,omitempty"`
	// Next is, in a listing of ratings, where the one after it begins: Zendesk's clock at its first page.
	Next int64 `json:"next,omitempty"`
	// Have are the rows of the second Start that were returned already; the next page has them again.
	Have []string `json:"have,omitempty"`
	// Tickets are those of an export page whose comments, with `audit` whose audits, are still to be read, Page is the paging
	// cursor within the first of them, and Until, when the page was the last one for now, the time up to which the export was complete.
	Tickets []string `json:"tickets,omitempty"`
	Page    string   `json:"page,omitempty"`
	Until   int64    `json:"until,omitempty"`
	// Deleted says that the deleted half of a listing of agents is being read.
	Deleted bool `json:"deleted,omitempty"`
	// Sweep marks the cursors of sweeps, which read a stream from its beginning to its present end. Begun is Zendesk's clock
	// at a sweep's first page, or at the first of an `audit`: it ends when everything of before has been shown.
	Sweep bool  `json:"sweep,omitempty"`
	Begun int64 `json:"begun,omitempty"`
	// Asked is how often a sweep or an `audit` was at the export's end before it had shown everything: a page that is waited for has another
	// cursor than the one before it, also when the waiting was cut short.
	Asked int `json:"asked,omitempty"`
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the zero cursor.
func parseCursor(text connectors.Cursor) (cursor, error) {
	return connectors.ReadCursor("zendesk", text, cursor.sound)
}

// sound reports whether the cursor is one that String could have written.
func (c cursor) sound() bool {
	notID := func(id string) bool { return !isID(id) }
	if c.V != cursorVersion || c.Start < 0 || c.Next < 0 || c.Until < 0 || c.Begun < 0 || c.Asked < 0 || slices.ContainsFunc(c.Have, notID) || slices.ContainsFunc(c.Tickets, notID) {
		return false
	}
	if len(c.Tickets) == 0 && c.Page != "" {
		return false
	}
	switch c.Phase {
	case exporting, commenting:
		return (c.After != "") != (c.Start > 0)
	case timing:
		return c.Start > 0 && c.After == ""
	case tied, auditing:
		return c.Start > 0
	case listing:
		return c.After != "" || c.Deleted || c.Start > 0
	}
	return false
}
