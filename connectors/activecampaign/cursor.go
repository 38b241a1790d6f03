package activecampaign

import (
	"time"

	"github.com/millrace/millrace/connectors"
)

// phase says what a cursor is in the middle of.
type phase string

// The phases of a stream.
const (
	scanning phase = "scan"    // everything, from the beginning
	changing phase = "changes" // contacts and deals: what changed since a time
)

// cursorVersion is raised when the meaning of a field changes; every version ever written must stay readable. One of each
// form is kept in testdata/cursors.
const cursorVersion = 1

// cursor is a place in a stream. All times are ActiveCampaign's, in epoch seconds.
type cursor struct {
	V     int   `json:"v"`
	Phase phase `json:"phase"`
	// Since is, with `changes`, the time from which changes are read: when the pass before this one began.
	Since int64 `json:"since,omitempty"`
	// Began is when this pass began; 0 before its first page.
	Began int64 `json:"began,omitempty"`
	// After is the id of the last contact that this pass has returned.
	After int64 `json:"after,omitempty"`
	// Offset is how many rows of a paged list are behind, Anchor the id of the last of them, and Total how many there were.
	Offset int    `json:"offset,omitempty"`
	Anchor string `json:"anchor,omitempty"`
	Total  int64  `json:"total,omitempty"`
	// Zone is the account's offset from UTC as its stamps say it, in seconds; nil before the first stamp.
	Zone *int `json:"zone,omitempty"`
	// Sweep marks the cursors of sweeps.
	Sweep bool `json:"sweep,omitempty"`
}

// String returns the cursor in its stored form.
func (c cursor) String() connectors.Cursor {
	c.V = cursorVersion
	return connectors.WriteCursor(c)
}

// parseCursor reads a stored cursor; the empty one is the beginning.
func parseCursor(text connectors.Cursor) (cursor, error) {
	if text == "" {
		return cursor{Phase: scanning}, nil
	}
	return connectors.ReadCursor("activecampaign", text, cursor.sound)
}

// sound reports whether the cursor is one that String could have written.
func (c cursor) sound() bool {
	if c.V != cursorVersion || c.Since < 0 || c.Began < 0 || c.After < 0 || c.Offset < 0 || c.Total < -1 || c.Anchor != "" && !isID(c.Anchor) {
		return false
	}
	if c.Zone != nil && (*c.Zone < -15*3600 || *c.Zone > 15*3600) {
		return false
	}
	switch c.Phase {
	case scanning:
		return c.Since == 0 && c.Began > 0
	case changing:
		return c.Since > 0 && !c.Sweep
	}
	return false
}

// begun notes the vendor's clock at the first page of a pass.
func (c cursor) begun(date time.Time) cursor {
	if c.Began == 0 {
		c.Began = date.Unix()
	}
	return c
}
