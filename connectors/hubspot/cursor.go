package hubspot

import (
	"strings"

	"github.com/millrace/millrace/connectors"
)

// phase says what a cursor is in the middle of.
type phase string

// The phases. A cursor of an object's stream scans and then polls for ever; sweeps and snapshots begin anew each time.
const (
	scanning phase = "scan"
	polling  phase = "poll"
	sweeping phase = "sweep"
	listing  phase = "list" // owners
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of
// each form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in a stream. All times are HubSpot's, in epoch milliseconds.
type cursor struct {
	V     int    `json:"v"`
	Phase phase  `json:"phase"`
	After string `json:"after,omitempty"` // scan, sweep, list: HubSpot's paging cursor, an object id
	// Archived says that the archived half of a sweep or listing is being read.
	Archived bool `json:"archived,omitempty"`
	// From is, in a scan, where polling takes over: HubSpot's clock at the scan's first page less index_lag. It rides
	// along from page one, because at the end nobody could tell any more what changed since the beginning.
	From int64 `json:"from,omitempty"`
	// Live is how far changes have been read as soon as search showed them, Trail how far they have been read again
	// after search had certainly indexed them.
	Live  int64 `json:"live,omitempty"`
	Trail int64 `json:"trail,omitempty"`
	Pass  *pass `json:"pass,omitempty"` // nil between two passes
}

// pass is a reading of all objects last modified in [From, To], in the order of their ids. An object that is modified
// again meanwhile leaves the window for a later one, so neither paging nor any number of objects that share a
// millisecond can hide another, and search's limit of 10,000 results is never met.
type pass struct {
	Trailing bool   `json:"trailing,omitempty"`
	From     int64  `json:"from"`
	To       int64  `json:"to"`
	ID       string `json:"id"` // the last id read
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the zero cursor.
func parseCursor(text connectors.Cursor) (cursor, error) {
	return connectors.ReadCursor("hubspot", text, cursor.sound)
}

// sound reports whether the cursor is one that String could have written.
func (c cursor) sound() bool {
	if c.V != cursorVersion || c.From < 0 || c.Live < 0 || c.Trail < 0 {
		return false
	}
	switch c.Phase {
	case scanning:
		return c.After != "" && c.Pass == nil
	case polling:
		return c.Live > 0 && (c.Pass == nil || isID(c.Pass.ID) && c.Pass.From >= 0 && c.Pass.To > 0)
	case sweeping, listing:
		return (c.After != "" || c.Archived) && c.Pass == nil
	}
	return false
}

// isID reports whether s is an object id as HubSpot writes it: digits.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
